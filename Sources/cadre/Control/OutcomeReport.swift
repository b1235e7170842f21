import ArgumentParser
import Cadre
import Specification

/// What became of a command, for people.
struct OutcomeReport {
    /// How a command is told of.
    struct Wording: Sendable {
        /// What is done to a worker while it goes on: `restarting`.
        let ongoing: @Sendable (WorkerOutcome) -> String
        /// What was done to a worker: `restarted`.
        let past: @Sendable (WorkerOutcome) -> String
        /// What is to be said where there was nothing to do.
        let nothing: String
    }

    /// How many lines there may be of one kind.
    private static let most = 10

    /// What went as it should.
    private(set) var lines: [String] = []
    /// What did not, with what to do about it.
    private(set) var problems: [String] = []
    /// The services whose roll-out failed.
    private(set) var failedRollouts: [String] = []
    /// The code to exit with: the gravest one.
    private(set) var code = ExitCode.success

    /// - Parameter time: how long it was waited.
    init(_ outcomes: [WorkerOutcome], _ wording: Wording, within time: Duration?) {
        func those(_ outcome: WorkerOutcome.Outcome) -> [WorkerOutcome] { outcomes.filter { $0.outcome == outcome } }
        if outcomes.isEmpty { lines.append(wording.nothing) }
        lines += Self.grouped(those(.reached), by: wording.past).map { "\($0.text) \($0.names)" }
        lines += Self.grouped(those(.accepted), by: wording.ongoing).map { "\($0.text) \($0.names)" }
        lines += Self.grouped(those(.done), by: Self.state).map { "\($0.text), and to stay so: \($0.names)" }
        addNotReplaced(those(.notReplaced))
        addSuperseded(those(.superseded))
        addTimedOut(those(.timedOut), within: time)
        addFailed(those(.failed))
    }

    private mutating func addNotReplaced(_ outcomes: [WorkerOutcome]) {
        if outcomes.isEmpty { return }
        code = Failure.workersFailed
        problems.append("the roll-out failed; still as before: \(NamePhrase.of(outcomes.map(\.worker)))")
        for outcome in outcomes {
            let service = String(outcome.worker.prefix { $0 != "/" })
            if !failedRollouts.contains(service) { failedRollouts.append(service) }
        }
    }

    private mutating func addSuperseded(_ outcomes: [WorkerOutcome]) {
        if outcomes.isEmpty { return }
        code = Failure.refused
        for (state, names) in Self.grouped(outcomes, by: Self.state) {
            problems.append("another command came meanwhile; now \(state): \(names)")
        }
    }

    private mutating func addTimedOut(_ outcomes: [WorkerOutcome], within time: Duration?) {
        if outcomes.isEmpty { return }
        code = Failure.timedOut
        let time = time.map { " in \(DurationFormat.format($0))" } ?? ""
        for (state, names) in Self.grouped(outcomes, by: Self.state) {
            problems.append("not done\(time), still \(state): \(names)")
        }
        problems.append("the supervisor goes on with it; cadre status shows how far it is")
    }

    private mutating func addFailed(_ outcomes: [WorkerOutcome]) {
        if outcomes.isEmpty { return }
        code = Failure.workersFailed
        for outcome in outcomes.prefix(Self.most) {
            if let waitingFor = outcome.waitingFor {
                problems.append("\(outcome.worker) is not started: it waits for \(waitingFor)")
                continue
            }
            let exit = outcome.lastExit.map { ": its last end was \(StatusTable.lastExit($0))" } ?? ""
            problems.append(
                "\(outcome.worker) has failed\(exit); cadre logs \(outcome.worker) tells more, "
                    + "and cadre start \(outcome.worker) revives it")
        }
        let hidden = outcomes.count - Self.most
        if hidden > 0 { problems.append("\(hidden) more have failed; cadre status shows them") }
    }

    private static func state(_ outcome: WorkerOutcome) -> String { outcome.state ?? "gone" }

    /// The workers of the same text.
    private static func grouped(
        _ outcomes: [WorkerOutcome], by text: (WorkerOutcome) -> String
    ) -> [(text: String, names: String)] {
        NamePhrase.grouped(outcomes.map { (text($0), $0.worker) })
    }
}

extension OutcomeReport.Wording {
    /// One that is the same for all workers.
    init(_ ongoing: String, _ past: String) {
        self.init(ongoing: { _ in ongoing }, past: { _ in past }, nothing: "nothing to do")
    }
}
