import Testing

@testable import Supervision

@Suite("Counting health probes") struct HealthCountTests {
    /// What each answer changes: `+` passed, `-` failed, in; `.` nothing, `u` unhealthy, `h` healthy, out.
    private func changes(_ answers: String, failures: Int, successes: Int) -> String {
        let policy = HealthPolicy(failures: failures, successes: successes)
        var count = HealthCount()
        return String(
            answers.map { answer in
                switch count.note(passed: answer == "+", policy: policy) {
                case .unhealthy: "u"
                case .healthy: "h"
                case nil: "."
                }
            })
    }

    @Test("only so many failures in a row make it unhealthy, and so many successes healthy again")
    func rows() {
        #expect(changes("+--+--", failures: 3, successes: 1) == "......")
        #expect(changes("---", failures: 3, successes: 1) == "..u")
        #expect(changes("-----+", failures: 3, successes: 1) == "..u..h")
        #expect(changes("-+-+", failures: 1, successes: 1) == "uhuh")
        #expect(changes("-+-++--", failures: 1, successes: 2) == "u...hu.")
    }

    @Test("it tells whether the last one failed") func last() {
        var count = HealthCount()
        let policy = HealthPolicy(failures: 1, successes: 2)
        _ = count.note(passed: false, policy: policy)
        #expect(!count.isHealthy && count.failures == 1)
        _ = count.note(passed: true, policy: policy)
        #expect(!count.isHealthy && count.failures == 0)
    }
}
