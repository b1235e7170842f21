import Testing

@testable import Specification

@Suite struct SecurityTests {
    @Test("a service without any setting is as exposed as can be") func open() throws {
        let assessment = SecurityAssessment(
            of: try service(withLines: "capabilities = \"all\"\nno_new_privileges = false"))
        #expect(assessment.exposure == 10 && assessment.level == "DANGEROUS")
        #expect(assessment.checks.allSatisfy { $0.open == 1 && $0.advice != nil })
        #expect(assessment.advice.count == 3)
    }

    @Test("a service with all walls isn't exposed") func closed() throws {
        let assessment = SecurityAssessment(
            of: try service(
                withLines: """
                    user = "nobody"
                    limits = { memory_max = "1G", tasks_max = 10 }
                    [service.web.sandbox]
                    private_tmp = true
                    protect_system = "strict"
                    protect_home = true
                    private_devices = true
                    private_network = true
                    protect_control_groups = true
                    landlock = { execute = ["/usr"] }
                    system_call_filter = ["@system-service"]
                    """))
        #expect(assessment.checks.filter { $0.open > 0 }.map(\.key) == [])
        #expect(assessment.exposure == 0 && assessment.level == "PERFECT" && assessment.advice.isEmpty)
    }

    @Test("each setting lowers the exposure by what it counts, and what counts most is advised first") func each()
        throws
    {
        let open = SecurityAssessment(of: try service(withLines: ""))
        let user = SecurityAssessment(of: try service(withLines: "user = \"nobody\""))
        let weight = try #require(open.checks.first { $0.key == "user" })
        #expect(abs(open.exposure - user.exposure - weight.exposure) < 0.1)
        #expect(weight.exposure > 0 && !user.advice.contains { $0.key == "user" })
        let root = SecurityAssessment(of: try service(withLines: "user = \"root\""))
        #expect(root.exposure == open.exposure)
        let worth = open.advice.map(\.exposure)
        #expect(worth == worth.sorted(by: >) && worth.first == open.checks.map(\.exposure).max())
    }

    @Test(
        "what closes a part counts in part",
        arguments: [
            ("sandbox.protect_system = true", "sandbox.protect_system", 0.5),
            ("sandbox.protect_system = \"full\"", "sandbox.protect_system", 0.1),
            ("sandbox.protect_home = \"read-only\"", "sandbox.protect_home", 0.5),
            ("sandbox.landlock.tcp_bind = []", "sandbox.private_network", 0.75),
            ("sandbox.landlock = { tcp_bind = [], tcp_connect = [] }", "sandbox.private_network", 0.5),
            ("capabilities = [\"CAP_NET_BIND_SERVICE\"]", "capabilities", 0.1),
            ("capabilities = [\"CAP_SYS_ADMIN\", \"CAP_SETUID\"]", "capabilities", 1),
            ("limits.memory_max = \"infinity\"", "limits.memory_max", 1),
        ])
    func parts(line: String, key: String, open: Double) throws {
        let assessment = SecurityAssessment(of: try service(withLines: line))
        #expect(assessment.checks.first { $0.key == key }?.open == open)
    }

    @Test("a filter counts as far as it keeps dangerous calls away") func filters() throws {
        func open(_ filter: String) throws -> Double? {
            let assessment = SecurityAssessment(of: try service(withLines: "sandbox.system_call_filter = \(filter)"))
            return assessment.checks.first { $0.key == "sandbox.system_call_filter" }?.open
        }
        #expect(try open("[\"@system-service\"]") == 0)
        let one = try #require(try open("[\"~@mount\"]"))
        let two = try #require(try open("[\"~@mount\", \"~@debug\"]"))
        #expect(0 < two && two < one && one < 1)
    }
}
