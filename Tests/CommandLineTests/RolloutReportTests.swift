import Supervision
import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("A roll-out in words") struct RolloutReportTests {
    private var rollout: RolloutSnapshot {
        RolloutSnapshot(
            service: "web", number: 2, strategy: .rolling, state: .running, isPaused: false, target: "b", former: "a",
            done: [0], underWay: [1], waiting: [2, 3], workersByDigest: ["b": 1, "a": 3])
    }

    @Test("one that goes on tells where each worker is") func running() {
        #expect(
            RolloutReport.lines(of: rollout) == [
                "web: 1 of 4 workers on the way to b", "    through: web/0", "    under way: web/1",
                "    waiting: web/2 web/3", "    running: 3 of a, 1 of b",
            ])
        var paused = rollout
        paused.isPaused = true
        #expect(RolloutReport.lines(of: paused)[0] == "web: paused at 1 of 4 workers on the way to b")
        paused.state = .rollingBack
        #expect(RolloutReport.lines(of: paused)[0] == "web: paused at 1 of 4 workers on the way back to a")
    }

    @Test("one that failed tells why, with the last lines") func failed() {
        var failed = rollout
        (failed.state, failed.done, failed.underWay, failed.waiting) = (.stopped, [], [], [])
        failed.workersByDigest = ["a": 4]
        failed.failure = RolloutSnapshot.Failure(
            worker: 1, incarnation: 4, failures: 3, message: "it failed", lastLines: ["no", "good"])
        #expect(
            RolloutReport.lines(of: failed) == [
                "web: stopped on the way to b", "    it failed", "    the last lines of incarnation 4:", "        no",
                "        good",
            ])
    }
}
