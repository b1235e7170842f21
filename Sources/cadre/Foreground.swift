import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Logging
import Processes
import Reactor
import Specification
import Systemd

/// A supervisor that is this process, until it has stopped.
enum Foreground {
    /// Runs the services and exits with the documented code.
    static func run(_ specification: Specification, _ options: Options, socketGroup: String?) -> Never {
        // Before there is any other thread, as signals go to any that doesn't block them.
        SignalSource.block([SIGTERM, SIGINT, SIGHUP])
        // A client or a terminal that is gone is an error of write(2), not the end.
        signal(SIGPIPE, SIG_IGN)
        let log = SupervisorLog(prefersJournal: options.logs == .journal)
        do {
            // The standard executor would bring the threads of libdispatch, one of which wakes each second.
            let reactor = try Reactor(name: "cadre-main")
            Task(executorPreference: reactor) {
                let code = await supervise(specification, options, socketGroup: socketGroup, logger: log.logger)
                log.flush()
                exit(code.rawValue)
            }
        } catch {
            exit(Failure.report(error).rawValue)
        }
        while true { pause() }
    }

    private static func supervise(
        _ specification: Specification, _ options: Options, socketGroup: String?, logger: Logger
    ) async -> ExitCode {
        do {
            let supervisor = try Supervisor(specification, options: options, logger: logger)
            let socket = RuntimeDirectory.socket(in: options.runtimeDirectory)
            let group = try socketGroup.map { try Credentials(user: "\(geteuid())", group: $0).group }
            let server: ControlServer
            do {
                server = try ControlServer(path: socket, group: group, for: supervisor)
                try await server.start()
            } catch {
                await supervisor.close()
                throw error
            }
            try await supervisor.run()
            await server.stop()
            // Unless somebody else still has something there.
            rmdir(options.runtimeDirectory)
            // The end of a unit that was stopped is no failure, whatever became of its workers.
            let hasFailedWorkers = await supervisor.hasFailedWorkers
            return options.endsWhenIdle && hasFailedWorkers ? Failure.workersFailed : .success
        } catch {
            // Also where a terminal shows it: the log may be the journal.
            return Failure.report(error)
        }
    }
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
