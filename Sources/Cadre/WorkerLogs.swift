import CLinux
import Logging
import Probes
import Reactor
import Specification
import Supervision
import Systemd

/// Where the standard output and error of workers go.
final class WorkerLogs {
    /// What a worker gets as its descriptors 1 and 2.
    struct Streams: ~Copyable {
        let output: Descriptor
        let error: Descriptor
        /// `JOURNAL_STREAM` (systemd.exec(5)): by it a program knows that its standard error goes to the journal.
        var journalStream: String?
        /// Where the last lines can be found.
        let source: LogSource
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

    /// Goes on with the pipes of workers that a supervisor before had started.
    func adopt() throws(SystemCallError) {
        for log in kept.takeLogs() {
            try openRelay().adopt(
                Descriptor(owning: log.descriptor), of: log.worker, output: log.output, log.name, LogTail())
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
            case .terminal: try terminal(worker, watch)
            }
        case .journal: try journal(worker, groupPath, watch)
        case .terminal: try terminal(worker, watch)
        case .file(let template):
            try file(specification.expand(template, worker: worker.number), nil, watch)
        case .none: try file("/dev/null", LogSource.none, nil)
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
            return try terminal(worker, watch)
        }
    }

    private func terminal(_ worker: WorkerID, _ watch: LineWatch?) throws(SystemCallError) -> Streams {
        let tail = LogTail()
        return Streams(
            output: try pipe(of: worker, output: 1, tail, watch), error: try pipe(of: worker, output: 2, tail, watch),
            source: .relay(try openRelay(), tail))
    }

    /// Makes a pipe whose lines come out on `output` (1 or 2) behind the worker's name.
    ///
    /// - Parameter tail: keeps the last lines.
    /// - Returns: the end for the worker.
    private func pipe(
        of worker: WorkerID, output: Int32, _ tail: LogTail, _ watch: LineWatch?
    ) throws(SystemCallError) -> Descriptor {
        let relay = try openRelay()
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        // Non-blocking on this side only: each end of a pipe is an open file of its own.
        _ = cadre_fcntl(reading.rawValue, F_SETFL, O_NONBLOCK)
        let name = try kept.keep(reading, of: "\(worker)", output: output)
        relay.adopt(reading, of: "\(worker)", output: output, name, tail, watch)
        return writing
    }

    private func file(_ path: String, _ source: LogSource?, _ watch: LineWatch?) throws(SystemCallError) -> Streams {
        let output = try Descriptor.open(path, flags: O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, mode: 0o640)
        let error = try output.duplicate()
        // Before the worker writes to it: what is in it is of others.
        if let watch { try prober.get().follow(path, watch) }
        return Streams(output: output, error: error, source: source ?? .file(path))
    }
}
