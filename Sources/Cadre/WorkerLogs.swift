import CLinux
import ControlGroups
import Logging
import Probes
import Reactor
import Specification
import Supervision
import Systemd

/// Where the standard output and error of workers go.
final class WorkerLogs {
    /// What a worker gets as its descriptors 1 and 2; nil where what it prints goes nowhere.
    struct Streams: ~Copyable {
        let output: Descriptor?
        let error: Descriptor?
        /// `JOURNAL_STREAM` (systemd.exec(5)): by it a program knows that its standard error goes to the journal.
        var journalStream: String?
        /// Where the file ended that is followed for a line.
        var offset: Int?
        /// Where the last lines can be found.
        let source: LogSource

        var goSomewhere: Bool { output != nil || error != nil }
    }

    private let standard: Options.Logs
    private let events: EventLog
    private let kept: KeptDescriptors
    private let prober: LazyProber
    private let journalFollower = JournalFollower()
    private var relay: LogRelay?
    /// The services whose workers were told of as going elsewhere, so that each is told once.
    private var fallbacks: Set<String> = []

    init(standard: Options.Logs, events: EventLog, _ kept: KeptDescriptors, prober: LazyProber) {
        self.standard = standard
        self.events = events
        self.kept = kept
        self.prober = prober
    }

    /// Goes on with those pipes that nobody else goes on with: their workers are gone.
    func adopt() throws(SystemCallError) { try adopt(kept.takeLogs(), LogTail(), nil) }

    private func adopt(_ logs: [KeptDescriptors.Log], _ tail: LogTail, _ watch: LineWatch?) throws(SystemCallError) {
        for log in logs {
            try openRelay().adopt(
                Descriptor(owning: log.descriptor), of: log.worker, output: log.output, log.name, tail, watch)
        }
    }

    /// Goes on with what an incarnation prints that a supervisor before had started.
    ///
    /// - Parameter since: when that was, in seconds since 1970.
    func resume(_ live: LiveIncarnation, since: Double) throws {
        let specification = live.specification
        let pipes = kept.takeLogs(of: live.groupPath)
        if !pipes.isEmpty {
            // What the supervisor before has read of it is not known here.
            let tail = LogTail()
            try adopt(pipes, tail, live.lineWatch)
            live.log = .relay(try openRelay(), tail)
            return
        }
        switch specification.log.destination {
        case .auto, .journal:
            // The journal's clock may be a little behind.
            if let watch = live.lineWatch {
                try journalFollower.follow("\(live.worker)", groupPath: live.groupPath, since: since - 1, watch)
            }
            live.log = .journal(
                identifier: "\(live.worker)", since: UInt64(max(0, since - 1) * 1e6), pid: live.firstPid)
        case .file(let template):
            let path = specification.expand(template, worker: live.worker.number)
            if let watch = live.lineWatch {
                try prober.get().follow(path, from: try live.group.outputOffset(), watch)
            }
            live.log = .file(path)
        case .terminal, .none: break
        }
    }

    private func openRelay() throws(SystemCallError) -> LogRelay {
        if let relay { return relay }
        let new = try LogRelay(kept.link)
        relay = new
        return new
    }

    /// Opens the streams of one incarnation.
    ///
    /// - Parameters:
    ///   - groupPath: Its cgroup, relative to the delegated root.
    ///   - watch: What is to look at its lines.
    func open(
        for worker: WorkerID, _ specification: ServiceSpecification, groupPath: String, _ watch: LineWatch?
    ) throws -> Streams {
        switch specification.log.destination {
        case .auto:
            switch standard {
            case .journal: try journalOrTerminal(worker, groupPath, watch)
            case .terminal: try terminal(worker, groupPath, watch)
            }
        case .journal: try journal(worker, groupPath, watch)
        case .terminal: try terminal(worker, groupPath, watch)
        case .file(let template):
            try file(specification.expand(template, worker: worker.number), watch)
        case .none: Streams(output: nil, error: nil, source: .none)
        }
    }

    /// Returns when all that went through this process is out.
    nonisolated(nonsending) func finish() async {
        await relay?.finish()
    }

    private func journal(
        _ worker: WorkerID, _ groupPath: String, _ watch: LineWatch?
    ) throws(SystemCallError) -> Streams {
        let output = try JournalStream.open(identifier: "\(worker)", priority: .info)
        let error = try JournalStream.open(identifier: "\(worker)", priority: .warning)
        if let watch {
            // The journal's clock may be a little behind.
            try journalFollower.follow("\(worker)", groupPath: groupPath, since: wallClock() - 1, watch)
        }
        var status = stat()
        let journalStream = fstat(error.rawValue, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : nil
        return Streams(
            output: output, error: error, journalStream: journalStream,
            source: .journal(identifier: "\(worker)", since: UInt64(wallClock() * 1e6)))
    }

    private func journalOrTerminal(_ worker: WorkerID, _ groupPath: String, _ watch: LineWatch?) throws -> Streams {
        do {
            return try journal(worker, groupPath, watch)
        } catch {
            if fallbacks.insert(worker.service).inserted {
                events.log(
                    .warning, .logFallback,
                    "the output of \(worker.service) goes through the supervisor as journald doesn't take it: \(error)",
                    service: worker.service)
            }
            return try terminal(worker, groupPath, watch)
        }
    }

    private func terminal(
        _ worker: WorkerID, _ groupPath: String, _ watch: LineWatch?
    ) throws(SystemCallError) -> Streams {
        let tail = LogTail()
        return Streams(
            output: try pipe(of: worker, groupPath, output: 1, tail, watch),
            error: try pipe(of: worker, groupPath, output: 2, tail, watch),
            source: .relay(try openRelay(), tail))
    }

    /// Makes a pipe whose lines come out on `output` (1 or 2) behind the worker's name.
    ///
    /// - Parameter tail: keeps the last lines.
    /// - Returns: the end for the worker.
    private func pipe(
        of worker: WorkerID, _ groupPath: String, output: Int32, _ tail: LogTail, _ watch: LineWatch?
    ) throws(SystemCallError) -> Descriptor {
        let relay = try openRelay()
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        // Non-blocking on this side only: each end of a pipe is an open file of its own.
        _ = cadre_fcntl(reading.rawValue, F_SETFL, O_NONBLOCK)
        let name = try kept.keep(reading, of: groupPath, output: output)
        relay.adopt(reading, of: "\(worker)", output: output, name, tail, watch)
        return writing
    }

    private func file(_ path: String, _ watch: LineWatch?) throws(SystemCallError) -> Streams {
        let output = try Descriptor.open(path, flags: O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, mode: 0o640)
        let error = try output.duplicate()
        // Before the worker writes to it: what is in it is of others.
        var offset: Int?
        if let watch {
            var status = stat()
            try systemCall("fstat", path) { fstat(output.rawValue, &status) }
            offset = status.st_size
            try prober.get().follow(path, from: status.st_size, watch)
        }
        return Streams(output: output, error: error, offset: offset, source: .file(path))
    }
}

extension ControlGroup {
    private static let offsetAttribute = "output-offset"

    /// Where the file ended that an incarnation's lines go to, before it was started.
    func outputOffset() throws(SystemCallError) -> Int {
        try attribute(Self.offsetAttribute).flatMap { Int($0) } ?? 0
    }

    /// Notes that, for a supervisor that follows and looks for a line.
    func setOutputOffset(_ offset: Int) throws(SystemCallError) {
        try setAttribute(Self.offsetAttribute, "\(offset)")
    }
}
