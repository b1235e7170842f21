import CLinux
import Keeper
import Probes
import Reactor
import Synchronization
import Systemd

/// Brings what workers print to the supervisor's own standard output and error, line by line, each with the worker's
/// name before it. It is for terminals and for hosts without journald; with journald nothing goes through here.
///
/// It lives on a thread of its own: a terminal that doesn't take its lines holds up the relay and then, through their
/// full pipes, the workers that print; never the core.
actor LogRelay {
    /// Where one stream of a worker stands.
    private final class Stream {
        let prefix: String
        let output: Int32
        let descriptor: Descriptor
        /// The name under which the keeper has the pipe, too.
        let keptName: String?
        /// What looks for a line among its.
        let lineWatch: LineWatch?
        /// Keeps its last ones.
        let tail: LogTail
        var watch: Watch?
        /// The beginning of a line whose end hasn't come yet.
        var partial: [UInt8] = []

        init(
            prefix: String, output: Int32, descriptor: consuming Descriptor, keptName: String?, tail: LogTail,
            _ lineWatch: LineWatch?
        ) {
            self.prefix = prefix
            self.tail = tail
            self.output = output
            self.descriptor = descriptor
            self.keptName = keptName
            self.lineWatch = lineWatch
        }
    }

    /// A line that is longer is broken, as journald's `LineMax=` does it.
    private static let longestLine = 48 * 1024

    private let reactor: Reactor
    private let keeper: KeeperLink?
    private var streams: [Int32: Stream] = [:]
    /// How many streams there have been, and how many of them have ended.
    private let opened = Atomic(0)
    private var ended = 0
    private var finishing: CheckedContinuation<Void, Never>?
    private let isColoured: [Int32: Bool] = [1: isatty(1) == 1, 2: isatty(2) == 1]
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(_ keeper: KeeperLink?) throws(SystemCallError) {
        self.keeper = keeper
        reactor = try Reactor(name: "cadre-logs")
    }

    /// Brings the lines that come out of a pipe to `output` (1 or 2) behind the worker's name.
    ///
    /// - Parameters:
    ///   - name: what the keeper is to close when the pipe has ended.
    ///   - tail: keeps the last lines.
    ///   - lineWatch: what looks for a line among its.
    nonisolated func adopt(
        _ pipe: consuming Descriptor, of worker: String, output: Int32, _ name: String?, _ tail: LogTail,
        _ lineWatch: LineWatch? = nil
    ) {
        opened.add(1, ordering: .relaxed)
        let reading = pipe.release()
        Task(executorPreference: reactor) {
            await self.add(
                Descriptor(owning: reading), worker: worker, output: output, name, tail, lineWatch)
        }
    }

    /// Returns when every stream has ended and all of it is out.
    func finish() async {
        await withCheckedContinuation { continuation in
            finishing = continuation
            // Asked here, as an await on the way may let events have their turn.
            resumeIfEnded()
        }
    }

    /// Returns when all is read that was printed so far to the streams that a tail is of.
    func catchUp(_ tail: LogTail) {
        for (number, stream) in streams where stream.tail === tail {
            // What is more than a few buffers isn't the end of it; a worker may print without one.
            for _ in 0..<16 where streams[number] != nil && hasMore(number) { drain(number) }
        }
    }

    private func hasMore(_ number: Int32) -> Bool {
        var descriptor = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    private func add(
        _ descriptor: consuming Descriptor, worker: String, output: Int32, _ name: String?, _ tail: LogTail,
        _ lineWatch: LineWatch?
    ) {
        let stream = Stream(
            prefix: prefix(worker, on: output), output: output, descriptor: descriptor, keptName: name, tail: tail,
            lineWatch)
        let number = stream.descriptor.rawValue
        do {
            stream.watch = try reactor.watch(stream.descriptor) { [unowned self] _ in drain(number) }
            streams[number] = stream
        } catch {
            // Without it the worker gets SIGPIPE at its next line; better than a line nobody reads and a full pipe.
            write(Array("\(stream.prefix)its output is lost: \(error)\n".utf8), to: output)
            end(stream)
        }
    }

    private func prefix(_ name: String, on output: Int32) -> String {
        let padded = name + String(repeating: " ", count: max(0, 8 - name.count))
        guard isColoured[output] == true else { return "\(padded) | " }
        // Six colours that read well on dark and light, by a sum that doesn't change from run to run.
        let colour = 31 + name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 6 }
        return "\u{1B}[\(colour)m\(padded) |\u{1B}[0m "
    }

    private func drain(_ number: Int32) {
        guard let stream = streams[number] else { return }
        // One bufferful a turn, so that one that prints without end leaves room for the others.
        let count = read(number, &buffer, buffer.count)
        if count > 0 {
            stream.partial += buffer[..<count]
            writeLines(of: stream)
        } else if count == 0 || (cadre_errno() != EAGAIN && cadre_errno() != EINTR) {
            if !stream.partial.isEmpty {
                stream.partial.append(UInt8(ascii: "\n"))
                writeLines(of: stream)
            }
            if let watch = stream.watch { reactor.cancel(watch) }
            end(stream)
        }
    }

    private func end(_ stream: Stream) {
        streams[stream.descriptor.rawValue] = nil
        if let name = stream.keptName { keeper?.remove(name) }
        ended += 1
        resumeIfEnded()
    }

    private func resumeIfEnded() {
        guard ended == opened.load(ordering: .relaxed) else { return }
        finishing?.resume()
        finishing = nil
    }

    private func writeLines(of stream: Stream) {
        var lines: [UInt8] = []
        var rest = stream.partial[...]
        while true {
            let line: ArraySlice<UInt8>
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line = rest[..<end]
                rest = rest[(end + 1)...]
            } else if rest.count >= Self.longestLine {
                line = rest.prefix(Self.longestLine)
                rest = rest.dropFirst(Self.longestLine)
            } else {
                break
            }
            let text = withoutLevel(line)
            lines += stream.prefix.utf8
            // A worker may print anything. A file gets it as it is.
            lines += isColoured[stream.output] == true ? SafeText.cleanLine(text)[...] : text
            stream.tail.add(text)
            stream.lineWatch?.look(at: line)
            lines.append(UInt8(ascii: "\n"))
        }
        stream.partial = Array(rest)
        write(lines, to: stream.output)
    }

    /// The line without the `<N>` that sets its level in the journal (sd-daemon(3)).
    private func withoutLevel(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = line.startIndex
        guard line.count >= 3, line[start] == UInt8(ascii: "<"), line[start + 2] == UInt8(ascii: ">"),
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(line[start + 1])
        else { return line }
        return line.dropFirst(3)
    }

    /// Writes all of it; what a closed terminal doesn't take is lost, as there is nowhere else to put it.
    private func write(_ bytes: [UInt8], to output: Int32) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = CLinux.write(output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if cadre_errno() == EAGAIN {
                    // Somebody made the terminal non-blocking.
                    var descriptor = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                    poll(&descriptor, 1, -1)
                } else if cadre_errno() != EINTR {
                    return
                }
            }
        }
    }
}
