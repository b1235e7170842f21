import CLinux
import ControlGroups
import Processes
import Reactor
import SystemPackage

/// Runs a command, and kills it with all that it started when there is a result.
final class CommandAttempt: ProbeAttempt {
    /// How much of what it prints is kept to be quoted.
    private static let mostOutput = 1024
    /// How much is read at once.
    private static let chunkSize = 16 << 10
    /// How much fits into a pipe (pipe(7)).
    private static let pipeSize = 64 << 10

    /// A process that was started.
    private final class Process {
        let pidfd: Descriptor
        let output: Descriptor
        var watches: [Watch] = []

        init(pidfd: consuming Descriptor, output: consuming Descriptor) {
            self.pidfd = pidfd
            self.output = output
        }
    }

    let run: ProbeRun
    private let command: CommandProbe
    private var process: Process?
    private var isStarting = false
    private var output: [UInt8] = []

    init(_ run: ProbeRun, _ command: CommandProbe) {
        self.run = run
        self.command = command
    }

    private var name: String { command.arguments.first ?? "" }

    var lateness: String { isStarting ? "\(name) could not be started" : "\(name) did not end" }

    // MARK: Starting

    /// On a thread of its own: execve(2) waits for a file system that hangs, and for a worker's cgroup that is frozen.
    func begin() {
        isStarting = true
        let (prober, number, command) = (run.prober, run.number, command)
        do {
            try startThread(name: "cadre-probe") {
                let started = Result { try command.start() }
                prober.resume(number) { ($0 as? CommandAttempt)?.started(started) }
            }
        } catch {
            isStarting = false
            run.finish(.failed("\(error)"))
        }
    }

    private func started(_ result: Result<StartedCommand, any Error>) {
        isStarting = false
        switch result {
        case .failure(let error):
            if run.isOpen { run.finish(.failed("\(error)")) } else { run.isOver() }
        case .success(let started):
            let process = Process(
                pidfd: Descriptor(owning: started.pidfd), output: Descriptor(owning: started.output))
            self.process = process
            do {
                process.watches = [
                    try run.reactor.watch(process.output) { [unowned self] _ in drain() },
                    try run.reactor.watch(process.pidfd) { [unowned self] _ in hasEnded() },
                ]
                if !run.isOpen { command.kill() }
            } catch {
                // Without a way to hear of its end, that is waited for.
                command.kill()
                var polled = pollfd(fd: process.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
                poll(&polled, 1, 1000)
                if run.isOpen { run.finish(.failed("\(error)")) }
                hasEnded()
            }
        }
    }

    // MARK: Running

    /// Reads some of what it printed.
    ///
    /// - Returns: whether there may be more.
    @discardableResult
    private func drain() -> Bool {
        guard let process else { return false }
        var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
        let count = read(process.output.rawValue, &chunk, chunk.count)
        if count > 0 {
            output = Array((output + chunk[..<count]).suffix(Self.mostOutput))
            return true
        }
        if count == 0 || (cadre_errno() != EAGAIN && cadre_errno() != EINTR) {
            // Closed; the end of the process says the rest.
            run.reactor.cancel(process.watches[0])
        }
        return false
    }

    private func hasEnded() {
        guard let process else { return }
        // What it left behind dies with it, and may have printed on until then.
        command.kill()
        for _ in 0...Self.pipeSize / Self.chunkSize { if !drain() { break } }
        var exit: ProcessExit?
        do { exit = try Pidfd.reap(process.pidfd) } catch { exit = .unknown }
        guard let exit else { return }
        for watch in process.watches { run.reactor.cancel(watch) }
        self.process = nil
        if run.isOpen {
            run.finish(exit == .exited(code: 0) ? .passed : .failed("\(name) \(exit)\(quotation)"))
        } else {
            run.isOver()
        }
    }

    func end() {
        if process != nil { return command.kill() }
        if !isStarting { run.isOver() }
    }

    /// The last line that it printed.
    private var quotation: String {
        let text = String(decoding: output, as: UTF8.self)
        guard let line = text.split(whereSeparator: \.isNewline).last(where: { !$0.allSatisfy(\.isWhitespace) }) else {
            return ""
        }
        let shown = String(String.UnicodeScalarView(line.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : $0 }))
        return ": \(shown)"
    }
}

/// Descriptors on their way from one thread to another.
private struct StartedCommand: Sendable {
    let pidfd: Int32
    let output: Int32
}

extension CommandProbe {
    /// Starts it in its own cgroup. It may block.
    fileprivate func start() throws -> StartedCommand {
        let group = try probeGroup()
        // A program in a frozen cgroup never gets to its first instruction.
        if try group.events().frozen { throw CommandProbeError.frozen }
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        _ = cadre_fcntl(reading.rawValue, F_SETFL, O_NONBLOCK)
        let null = try Descriptor.open("/dev/null", flags: O_RDWR)
        let child = try spawn(
            SpawnRequest(
                arguments: arguments, environment: environment, workingDirectory: directory,
                descriptors: [null.rawValue, writing.rawValue, writing.rawValue],
                controlGroup: group.directory.rawValue, surroundings: surroundings))
        return StartedCommand(pidfd: child.takePidfd().release(), output: reading.release())
    }

    /// A fresh cgroup in the place of an earlier probe's. That one has been killed, and a process that clone3(2) puts into
    /// such a cgroup is killed as well (seen on Linux 6.18).
    private func probeGroup() throws -> ControlGroup {
        let worker = try ControlGroup.open(controlGroup)
        do {
            return try worker.makeChild(Self.groupName)
        } catch {
            guard error.errno == .fileExists else { throw error }
            try worker.openChild(Self.groupName).waitUntilEmpty()
            try worker.removeTree(childNamed: Self.groupName)
            return try worker.makeChild(Self.groupName)
        }
    }

    /// Kills it and all that it started; what is gone is gone.
    fileprivate func kill() {
        try? ControlGroup.open("\(controlGroup)/\(Self.groupName)").kill()
    }
}

extension ControlGroup {
    /// Waits for the end of what an earlier probe left behind, which has been killed.
    fileprivate borrowing func waitUntilEmpty() throws {
        let events = try open("cgroup.events")
        let deadline = Reactor.now + .seconds(1)
        while try isPopulated() {
            if Reactor.now >= deadline { throw CommandProbeError.populated }
            // Once read, it has POLLPRI at the next change (the kernel's cgroup-v2.rst).
            _ = try events.readText()
            guard try isPopulated() else { return }
            var polled = pollfd(fd: events.rawValue, events: Int16(POLLPRI), revents: 0)
            poll(&polled, 1, 100)
            lseek(events.rawValue, 0, SEEK_SET)
        }
    }
}

private enum CommandProbeError: Error, CustomStringConvertible {
    case frozen
    case populated

    var description: String {
        switch self {
        case .frozen: "the worker is frozen"
        case .populated: "processes of an earlier probe do not die, even though they were killed"
        }
    }
}
