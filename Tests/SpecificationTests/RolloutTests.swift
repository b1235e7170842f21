import Supervision
import Testing

@testable import Specification

@Suite("The table rollout") struct RolloutTableTests {
    private func rollout(_ lines: String) throws -> RolloutPolicy {
        try service("[service.web]\ncommand = [\"a\"]\n[service.web.rollout]\n\(lines)").policy.rollout
    }

    @Test("how many at a time is the surge, unless that is said") func parallel() throws {
        #expect(try rollout("parallel = 4").maxSurge == .count(4))
        #expect(try rollout("parallel = 2\nmax_surge = \"50%\"").maxSurge == .percent(50))
        #expect(try rollout("parallel = 2\nmax_surge = 0\nmax_unavailable = 2").maxUnavailable == .count(2))
    }

    @Test(
        "what contradicts itself or is of no use is an error at its line",
        arguments: [
            ("max_surge = 0", "no worker could ever be replaced"),
            ("max_surge = \"0%\"\nmax_unavailable = 0", "no worker could ever be replaced"),
            ("max_surge = 1\nmax_unavailable = 1\nparallel = 3", "parallel: max_surge and max_unavailable allow 2"),
            ("strategy = \"blue-green\"\nparallel = 2", "leave out parallel"),
            ("strategy = \"blue-green\"\nmax_surge = 1", "leave out max_surge"),
            ("strategy = \"canary\"", "\"rolling\" or \"blue-green\""),
            ("max_surge = \"101%\"", "no part of the workers"),
            ("max_surge = \"2\"", "no part of the workers"),
            ("max_unavailable = -1", "out of range"),
            ("max_surge = 0.5", "write 1, or \"25%\""),
            ("failures = 0", "out of range"),
            ("min_ready = \"infinity\"", "not possible here"),
            ("on_failure = \"rollout\"", "\"stop\" or \"rollback\""),
        ])
    func errors(_ lines: String, _ complaint: String) {
        let complaints = complaints("[service.web]\ncommand = [\"a\"]\n[service.web.rollout]\n\(lines)\n")
        #expect(complaints.count == 1 && complaints.first?.contains(complaint) == true, "\(complaints)")
    }

    @Test("a jitter without an age is an error") func jitter() {
        let complaints = complaints("[service.web]\ncommand = [\"a\"]\nmax_age_jitter = 0.5\n")
        #expect(complaints.first?.contains("max_age_jitter varies max_age, which is not set") == true)
    }
}
