import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Reactor
import Specification
import Systemd

/// A change that a subcommand asks for, from the request to the words about what became of it.
struct Change<Answer: Encodable & Sendable>: Sendable {
    /// What is to be said when the answer doesn't come.
    struct Lateness: Sendable {
        /// How long it may take, by our own clock; nil for as long as it takes.
        let limit: Duration?
        let sentence: String

        /// The supervisor is told how long to wait, and may take a little longer for the answer.
        static func beyond(_ timeout: Duration?) -> Lateness {
            Lateness(
                limit: timeout.map { $0 + .seconds(5) },
                sentence: "the supervisor doesn't answer; it isn't known whether it has taken the command")
        }
    }

    /// How it is told of.
    let wording: @Sendable (Answer) -> OutcomeReport.Wording
    /// What can be told of it while it goes on.
    let progress: Waiting.Progress
    /// How long it may take; nil for as long as it takes.
    let timeout: Duration?
    let lateness: Lateness
    let isJSON: Bool
    /// Asks for it.
    let request: @Sendable (ControlClient) async throws -> Answer
    /// What became of each worker.
    let outcomes: @Sendable (Answer) -> [WorkerOutcome]

    /// Asks and waits, says what became of it, and throws the exit code unless that is success.
    func perform(with waiting: Waiting, then tell: (Answer) -> Void = { _ in }) async throws {
        switch try await waiting.answer(within: lateness.limit, showing: progress, request) {
        case .answered(let answer):
            if isJSON { try printJSON(answer) } else { tell(answer) }
            try await report(answer, waiting)
        case .timedOut:
            printError("cadre: \(lateness.sentence)")
            throw Failure.timedOut
        case .interrupted:
            printError("cadre: interrupted; the supervisor goes on with what it was told")
            tellStanding(await waiting.standing(of: progress.names))
            throw Failure.interrupted
        }
    }

    private func report(_ answer: Answer, _ waiting: Waiting) async throws {
        let report = OutcomeReport(outcomes(answer), wording(answer), within: timeout)
        if !isJSON {
            for line in report.lines { print(SafeText.clean(line)) }
            fflush(nil)
            for problem in report.problems { printError("cadre: \(SafeText.clean(problem))") }
            for service in report.failedRollouts {
                for line in await waiting.reasons(ofRollout: service) { printError("cadre: \(SafeText.clean(line))") }
            }
        }
        if report.code != .success { throw report.code }
    }

    private func tellStanding(_ snapshot: Snapshot?) {
        guard let snapshot else {
            return printError("cadre: \(Lateness.beyond(nil).sentence)")
        }
        for line in StandingReport.lines(of: snapshot) { printError("cadre: \(line)") }
    }
}

/// In what states workers are, for one who doesn't wait any longer.
enum StandingReport {
    /// A line for each state: `starting: web/0 web/1`.
    static func lines(of snapshot: Snapshot) -> [String] {
        let workers = snapshot.services.flatMap { service in
            service.workers.map { (text: $0.state, name: "\(service.name)/\($0.number)") }
        }
        return NamePhrase.grouped(workers).map { "\($0.text): \($0.names)" }
    }
}

extension WaitOptions {
    /// Runs the body of a subcommand that waits; a Ctrl-C is the wait's to hear.
    func run(_ socket: SocketOption, _ body: @escaping @Sendable (Waiting) async throws -> Void) -> Never {
        ClientLoop.run(blocking: Waiting.signals) { reactor in
            try await body(try Waiting(for: ControlClient(path: socket.path), on: reactor))
        }
    }
}

extension WorkerCommand {
    /// Gives workers this command, as the options have it, and ends the process.
    ///
    /// - Parameters:
    ///   - ongoing: what it does to workers: `restarting`.
    ///   - past: what it has done to them: `restarted`.
    func perform(
        on names: [String], _ ongoing: String, _ past: String, _ options: WaitOptions, _ socket: SocketOption
    ) -> Never {
        let (milestone, timeout) = (options.noWait ? nil : milestone, options.timeout?.duration)
        let change = Change(
            wording: { _ in OutcomeReport.Wording(ongoing, past) },
            progress: Waiting.Progress(title: "\(ongoing) \(names.joined(separator: " "))", names: names) {
                before, _ in Goal(of: self, before: before)
            },
            timeout: timeout, lateness: .beyond(timeout), isJSON: options.json,
            request: { client in try await client.command(self, names, until: milestone, within: timeout) },
            outcomes: \.outcomes)
        options.run(socket) { waiting in try await change.perform(with: waiting) }
    }
}
