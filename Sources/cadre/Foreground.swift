import ArgumentParser
import CLinux
import Cadre
import ControlAPI
import ControlGroups
import Glibc
import Keeper
import Logging
import Reactor
import Specification
import Synchronization
import Systemd

/// A supervisor in the foreground, until it has stopped: this process keeps it, or is the one that is kept.
enum Foreground {
    /// What becomes of another supervisor that is there.
    enum Other: Hashable {
        /// It is left alone, and this one fails if it has the same root.
        case kept
        /// Its end is waited for, in this delegated root.
        case awaited(root: String)
        /// It hands over and ends.
        case takenOver
    }

    /// Runs the services and exits with the documented code.
    ///
    /// - Parameters:
    ///   - keeping: how the supervisor is kept.
    ///   - load: what is to run, unless there was a supervisor before that died.
    static func run(
        _ options: Options, keeping: SupervisorOptions, other: Other = .kept,
        _ load: @escaping @Sendable () throws -> Specification
    ) throws -> Never {
        if let link = KeeperLink() {
            var options = options
            options.keeper = link
            // It was executed by the number of a descriptor, which is no name for ps(1) to show.
            try? Descriptor.open("/proc/self/comm", flags: O_WRONLY).write("cadre")
            supervise(options, load)
        }
        // What is wrong with it is told before anything is started.
        _ = try Failure.reporting(load)
        exit(
            try Failure.reporting {
                let takeover = other == .takenOver ? try Takeover.begin(options.runtimeDirectory) : nil
                let keeper = try Keeper(
                    Keeper.Options(
                        arguments: CommandLine.arguments, environment: keptEnvironment(),
                        watchdog: keeping.coreWatchdog.duration, startTimeout: keeping.coreStartTimeout.duration))
                try takeover?.finish(keeper)
                guard case .awaited(let root) = other else { return keeper.run() }
                return standBy(keeper, at: root)
            })
    }

    /// Runs a supervisor when there is no other.
    private static func standBy(_ keeper: Keeper, at root: String) -> Int32 {
        while true {
            let others = DelegatedRoot.supervisors(at: root)
            if let first = others.first {
                printError("cadre: standing by for the supervisor in \(root) (process \(first))")
                guard keeper.standBy(for: others) else { return 0 }
                printError("cadre: the supervisor in \(root) is gone")
            }
            let code = keeper.run()
            // Another one that stood by may have been quicker.
            if !keeper.hasFoundAnother { return code }
        }
    }

    /// The environment but for what systemd has to say to the keeper alone.
    static func keptEnvironment() -> [String] {
        let own: Set<Substring> = [
            "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
        ]
        var lines: [String] = []
        var entry = cadre_environment()
        while let line = entry?.pointee {
            let text = String(cString: line)
            if !own.contains(text.prefix { $0 != "=" }) { lines.append(text) }
            entry = entry?.advanced(by: 1)
        }
        return lines
    }

    private static func supervise(
        _ options: Options, _ load: @escaping @Sendable () throws -> Specification
    ) -> Never {
        // Before there is any other thread, as signals go to any that doesn't block them.
        SignalSource.block([SIGTERM, SIGINT, SIGHUP])
        // A client or a terminal that is gone is an error of write(2), not the end.
        signal(SIGPIPE, SIG_IGN)
        let log = SupervisorLog(prefersJournal: options.logs == .journal)
        do {
            // The standard executor would bring the threads of libdispatch, one of which wakes each second.
            let reactor = try Reactor(name: "cadre-main")
            Task(executorPreference: reactor) {
                let code = await supervise(load, options, logger: log.logger)
                log.flush()
                exit(code.rawValue)
            }
        } catch {
            exit(Failure.report(error).rawValue)
        }
        while true { pause() }
    }

    private static func supervise(
        _ load: @Sendable () throws -> Specification, _ options: Options, logger: Logger
    ) async -> ExitCode {
        do {
            let configuration: @Sendable (Specification) -> ControlServer.Configuration = { specification in
                ControlServer.Configuration(
                    path: RuntimeDirectory.socket(in: options.runtimeDirectory), control: specification.control,
                    metrics: specification.metrics)
            }
            // The supervisor is there before the server, and makes it ready for another specification.
            let current = Current()
            var options = options
            options.prepare = { new in
                guard let server = current.server.withLock({ $0 }) else { return { _ in } }
                let prepared = try server.prepare(configuration(new))
                return { isInForce in if isInForce { server.commit(prepared) } }
            }
            let supervisor = try Supervisor(load(), options: options, logger: logger)
            let server: ControlServer
            do {
                server = try ControlServer(
                    configuration(await supervisor.specification), for: supervisor, version: cadreVersion,
                    logger: logger)
                current.server.withLock { $0 = server }
            } catch {
                await supervisor.close()
                throw error
            }
            // Nobody is told of a half of it.
            try await supervisor.begin()
            try await server.start()
            try await supervisor.run()
            await server.stop()
            // Unless somebody else still has something there.
            rmdir(options.runtimeDirectory)
            if let failure = await supervisor.essentialFailure {
                return failure.exitCode.map { ExitCode($0) } ?? Failure.workersFailed
            }
            // The end of a unit that was stopped is no failure, whatever became of its workers.
            let hasFailedWorkers = await supervisor.hasFailedWorkers
            return options.endsWhenIdle && hasFailedWorkers ? Failure.workersFailed : .success
        } catch {
            if case ControlGroupError.locked = error { options.keeper?.foundAnother() }
            // Also where a terminal shows it: the log may be the journal.
            return Failure.report(error)
        }
    }
}

/// The server, once there is one.
private final class Current: Sendable {
    let server = Mutex<ControlServer?>(nil)
}

/// The supervisor's own log: the journal, or standard error where there is none.
struct SupervisorLog {
    let logger: Logger
    private let writer: JournalWriter?

    init(prefersJournal: Bool) {
        let writer = prefersJournal && JournalWriter.isAvailable ? try? JournalWriter() : nil
        self.writer = writer
        logger = Logger(label: "cadre") { _ in
            if let writer { JournalLogHandler(writer: writer) } else { TerminalLogHandler() }
        }
    }

    /// Waits a moment for what is not yet written.
    func flush() {
        writer?.flush(within: .seconds(2))
    }
}
