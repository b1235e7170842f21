import Specification
import Supervision
import Testing

struct DigestTests {
    private let web = ServiceSpecification(name: "web", command: ["server"])

    @Test("the digest is that of what a worker has to be replaced for")
    func digest() {
        var live = web
        live.workers = .count(7)
        live.policy.stopTimeout = .seconds(1)
        #expect(live.digest == web.digest)
        var changed = web
        changed.command = ["server", "--verbose"]
        #expect(changed.digest != web.digest)
        changed = web
        changed.environment["A"] = "1"
        let one = changed.digest
        changed.environment["A"] = "2"
        #expect(one != web.digest && changed.digest != one)
        #expect(web.digest.count == 12 && web.digest.allSatisfy(\.isHexDigit))
    }
}
