import CLinux
import Glibc
import Processes
import Reactor
import Testing

/// A program that was started, and the lines it prints, on standard output and standard error in one stream.
final class RunningProgram {
    let pid: Int32
    private let pidfd: Descriptor
    private let reading: Descriptor
    private var partial: [UInt8] = []
    private var hasEnded = false
    private var exit: ProcessExit?
    /// All lines that were read so far.
    private(set) var lines: [String] = []
    /// The numbers of those lines that no expectation was met by.
    private var unclaimed: [Int] = []

    /// - Parameter endsWithThread: Whether it is killed when the thread that starts it ends, as it does when somebody kills
    ///   the tests: for what would go on for ever.
    init(
        _ arguments: [String], environment: [String: String] = [:], in directory: String? = nil,
        endsWithThread: Bool = false
    ) throws {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        let null = try Descriptor.open("/dev/null")
        var variables = environment.merging(Machine.sanitizerOptions) { $1 }
        variables["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let child = try spawn(
            SpawnRequest(
                arguments: (endsWithThread ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : []) + arguments,
                environment: variables.map { "\($0.key)=\($0.value)" },
                workingDirectory: directory, descriptors: [null.rawValue, writing.rawValue, writing.rawValue]))
        pid = child.pid
        pidfd = child.takePidfd()
    }

    deinit {
        guard exit == nil else { return }
        try? Pidfd.signal(pidfd, SIGKILL)
        _ = try? waitForExit()
    }

    /// Whether its output has come to an end.
    var isOver: Bool { hasEnded }

    /// Whether it has neither ended nor been waited for.
    var isRunning: Bool { exit == nil }

    func signal(_ signal: Int32) throws {
        try Pidfd.signal(pidfd, signal)
    }

    /// Waits for its end.
    @discardableResult
    func waitForExit() throws -> ProcessExit {
        if let exit { return exit }
        guard try isReadable(pidfd.rawValue, until: .now + Machine.patience) else {
            throw Unmet(expectation: "the end of process \(pid)", lines: lines)
        }
        let status = try Pidfd.reap(pidfd) ?? .unknown
        exit = status
        return status
    }

    /// Waits for its end and for all that it printed; the exit code, or 128 and the signal's number.
    ///
    /// - Parameters:
    ///   - silence: For how long it may print nothing.
    ///   - other: A program whose output is read meanwhile, as it would be held up if nobody did.
    func finish(
        silence: Duration = Machine.patience, reading other: RunningProgram? = nil
    ) throws -> (code: Int32, output: String) {
        var deadline = ContinuousClock.now + silence
        while !hasEnded, .now < deadline {
            let descriptors = [reading.rawValue] + (other.map { $0.hasEnded ? [] : [$0.reading.rawValue] } ?? [])
            var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let milliseconds = Int32(clamping: Int64((deadline - .now) / .milliseconds(1)) + 1)
            try systemCall("poll") { poll(&polled, nfds_t(polled.count), milliseconds) }
            if polled[0].revents != 0 {
                _ = try readMore(until: .now)
                deadline = .now + silence
            }
            if polled.count > 1, polled[1].revents != 0 { _ = try other?.readMore(until: .now) }
        }
        guard hasEnded else { throw Unmet(expectation: "the end of the output", lines: lines) }
        let code: Int32 =
            switch try waitForExit() {
            case .exited(let code): code
            case .signaled(let signal, _): 128 + signal
            case .unknown: -1
            }
        return (code, lines.joined(separator: "\n"))
    }

    /// Waits for a line that has all these parts; each line meets one expectation only.
    @discardableResult
    func expect(_ parts: [String], at location: SourceLocation = #_sourceLocation) throws -> String {
        let deadline = ContinuousClock.now + Machine.patience
        while true {
            if let line = claim(parts) { return line }
            guard try readMore(until: deadline) else {
                Issue.record(Unmet(expectation: parts.joined(separator: " … "), lines: lines), sourceLocation: location)
                throw Unmet(expectation: parts.joined(separator: " … "), lines: [])
            }
        }
    }

    /// Whether a line with all these parts was printed by now, and no expectation was met by it.
    func hasPrinted(_ parts: [String]) throws -> Bool {
        while try isReadable(reading.rawValue, until: .now), try readMore(until: .now) {}
        return claim(parts) != nil
    }

    private func claim(_ parts: [String]) -> String? {
        guard let index = unclaimed.firstIndex(where: { number in parts.allSatisfy(lines[number].contains) }) else {
            return nil
        }
        return lines[unclaimed.remove(at: index)]
    }

    /// Reads what there is; false if there is no more, or if the deadline came first.
    private func readMore(until deadline: ContinuousClock.Instant) throws -> Bool {
        guard !hasEnded, try isReadable(reading.rawValue, until: deadline) else { return false }
        let count = try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            let count = try reading.read(into: buffer)
            partial += buffer[..<count]
            return count
        }
        hasEnded = count == 0
        while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
            unclaimed.append(lines.count)
            lines.append(String(decoding: partial[..<end], as: UTF8.self))
            partial.removeFirst(end + 1)
        }
        return !hasEnded
    }
}

/// Something that did not happen in time, and what happened instead.
struct Unmet: Error, CustomStringConvertible {
    let expectation: String
    let lines: [String]

    var description: String {
        "did not come: \(expectation)" + lines.suffix(60).map { "\n    \($0)" }.joined()
    }
}

/// Runs a program to its end.
@discardableResult
func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (code: Int32, output: String) {
    try RunningProgram(arguments, environment: environment).finish()
}

/// Runs a script that has to succeed.
func shell(_ script: String, _ arguments: String...) throws {
    let (code, output) = try run(["/bin/sh", "-c", script, "sh"] + arguments)
    try #require(code == 0, "\(script): \(output)")
}
