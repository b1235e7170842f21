import ArgumentParser
import Cadre
import Testing

@testable import CadreCommand

@Suite("what became of a command, in words") struct OutcomeReportTests {
    private let wording = OutcomeReport.Wording("restarting", "restarted")

    private func report(_ outcomes: WorkerOutcome..., within time: Duration? = nil) -> OutcomeReport {
        OutcomeReport(outcomes, wording, within: time)
    }

    private func outcome(
        _ worker: String, _ outcome: WorkerOutcome.Outcome, _ state: String? = "ready"
    ) -> WorkerOutcome {
        WorkerOutcome(worker: worker, outcome: outcome, state: state)
    }

    @Test("what was reached is a line, and the code 0") func reached() {
        let report = report(outcome("web/0", .reached), outcome("web/1", .reached))
        #expect(report.lines == ["restarted web/0 web/1"])
        #expect(report.problems.isEmpty && report.code == .success)
    }

    @Test("what nobody waited for goes on") func accepted() {
        #expect(report(outcome("web/0", .accepted)).lines == ["restarting web/0"])
    }

    @Test("where there was nothing to do it says so") func nothing() {
        #expect(report().lines == ["nothing to do"])
    }

    @Test("what is stopped or done is told, and no failure") func done() {
        let report = report(outcome("web/0", .done, "done"), outcome("web/1", .done, "stopped"))
        #expect(report.lines == ["done, and to stay so: web/0", "stopped, and to stay so: web/1"])
        #expect(report.code == .success)
    }

    @Test("a failure comes with the last end and the remedy") func failed() {
        var failed = outcome("web/1", .failed, "failed")
        failed.lastExit = makeExit()
        let report = report(outcome("web/0", .reached), failed)
        #expect(report.lines == ["restarted web/0"])
        #expect(
            report.problems == [
                "web/1 has failed: its last end was exit 3; cadre logs web/1 tells more, and cadre start web/1 revives it"
            ])
        #expect(report.code == ExitCode(5))
    }

    @Test("workers whose roll-out failed are told, and whose reason is to be asked for") func notReplaced() {
        let report = report(
            outcome("api/0", .reached), outcome("web/0", .notReplaced), outcome("web/1", .notReplaced))
        #expect(report.problems == ["the roll-out failed; still as before: web/0 web/1"])
        #expect(report.failedRollouts == ["web"] && report.code == ExitCode(5))
    }

    @Test("very many failures are counted") func manyFailures() {
        let report = OutcomeReport((0..<1000).map { outcome("web/\($0)", .failed, "failed") }, wording, within: nil)
        #expect(report.problems.count == 11)
        #expect(report.problems.last == "990 more have failed; cadre status shows them")
    }

    @Test("what was not done in time is told with its state") func timedOut() {
        let report = report(
            outcome("web/0", .timedOut, "starting"), outcome("web/1", .timedOut, "stopping"),
            outcome("web/2", .timedOut, "starting"), within: .seconds(30))
        #expect(
            report.problems == [
                "not done in 30s, still starting: web/0 web/2", "not done in 30s, still stopping: web/1",
                "the supervisor goes on with it; cadre status shows how far it is",
            ])
        #expect(report.code == ExitCode(6))
    }

    @Test("what another command overtook is told with its state") func superseded() {
        let report = report(outcome("web/0", .superseded, "stopping"), outcome("web/1", .superseded, nil))
        #expect(
            report.problems == [
                "another command came meanwhile; now stopping: web/0",
                "another command came meanwhile; now gone: web/1",
            ])
        #expect(report.code == ExitCode(4))
    }

    @Test("of several codes the gravest counts") func gravest() {
        let (superseded, late) = (outcome("web/0", .superseded), outcome("web/1", .timedOut))
        #expect(report(superseded, late).code == ExitCode(6))
        #expect(report(outcome("web/2", .failed, "failed"), late, superseded).code == ExitCode(5))
    }

    @Test("very many workers are counted by service") func manyWorkers() {
        let workers = (0..<100).map { "api/\($0)" } + ["web/0"]
        #expect(NamePhrase.of(workers) == "100 workers of api, 1 worker of web")
        #expect(NamePhrase.of(["web/0", "web/1"]) == "web/0 web/1")
    }

    @Test("one who waits no longer is told the states") func standing() {
        var snapshot = makeSnapshot([("api", 1), ("web", 2)])
        snapshot.services[1].workers[0].state = "starting"
        #expect(StandingReport.lines(of: snapshot) == ["ready: api/0 web/1", "starting: web/0"])
    }
}
