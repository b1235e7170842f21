import Supervision
import Testing

@Suite struct RateLimitTests {
    @Test("so many pass in each interval, and the first one after that tells how many were left out")
    func limit() {
        var limit = RateLimit(2, per: .seconds(10))
        #expect([100, 101, 102, 109].map { limit.pass(at: .seconds($0)) } == [0, 0, nil, nil])
        #expect([110, 111, 112].map { limit.pass(at: .seconds($0)) } == [2, 0, nil])
        #expect(limit.pass(at: .seconds(500)) == 1)
    }
}
