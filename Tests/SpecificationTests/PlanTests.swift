import FoundationEssentials
import Specification
import Testing

@Suite struct PlanTests {
    private func plan(_ old: String, _ new: String, cpus: Int = 2) throws -> Plan {
        Plan(
            from: try Specification.parse([("old", old)]), to: try Specification.parse([("new", new)]), cpus: cpus)
    }

    private let old = """
        service.gone.command = ["a"]
        service.same.command = ["a"]
        [service.web]
        command = ["a"]
        environment = { KEY = "secret-1", OLD = "secret-2" }
        limits.memory_max = "512M"
        """
    private let new = """
        control.group = "ops"
        service.api = { command = ["b"], workers = 4 }
        service.same.command = ["a"]
        [service.web]
        command = ["a", "-v"]
        workers = "cpus"
        environment = { KEY = "secret-3", NEW = "secret-4" }
        limits.memory_max = "1G"
        """

    @Test("each service is added, removed, changed or untouched, with its workers before and after")
    func actions() throws {
        let plan = try plan(old, new, cpus: 8)
        #expect(!plan.isEmpty)
        #expect(plan.services.map(\.name) == ["api", "gone", "same", "web"])
        #expect(plan.services.map(\.action) == [.add, .remove, .untouched, .change])
        #expect(plan.services.map(\.workersBefore) == [0, 1, 1, 1])
        #expect(plan.services.map(\.workersAfter) == [4, 0, 1, 8])
        #expect(plan.services.map(\.replacesWorkers) == [false, false, false, true])
        #expect(plan.services[3].changes.first { $0.key == "environment.NEW" }?.kind == .added)
        #expect(plan.services[3].changes.first { $0.key == "environment.OLD" }?.kind == .removed)
        #expect(plan.services[3].changes.first { $0.key == "environment.KEY" }?.kind == .changed)
        #expect(plan.summary == "added api; removed gone; changed web; set control.group; 1 unchanged")
    }

    @Test("people see what changes, how, and what doesn't, but no value of the environment")
    func lines() throws {
        #expect(
            try plan(old, new).lines(isColoured: false).joined(separator: "\n") == """
                + control.group: "ops" (live)
                + api: 4 workers
                - gone: 1 worker
                ~ web: 1 → 2 workers
                    ~ command: ["a"] → ["a", "-v"] (by replacement)
                    ~ environment.KEY (by replacement)
                    + environment.NEW (by replacement)
                    - environment.OLD (by replacement)
                    ~ limits.memory_max: "512M" → "1G" (live)
                    ~ workers: 1 → "cpus" (live)
                1 service untouched
                """)
    }

    @Test("in colour, what comes is green, what goes is red and what changes is yellow")
    func colours() throws {
        #expect(
            try plan("service.b.command = [\"b\"]", "service.a.command = [\"a\"]\nhealthy_percentage = 1")
                .lines(isColoured: true) == [
                    "\u{1B}[33m~ healthy_percentage: 50 → 1 (live)\u{1B}[0m", "\u{1B}[32m+ a: 1 worker\u{1B}[0m",
                    "\u{1B}[31m- b: 1 worker\u{1B}[0m", "0 services untouched",
                ])
    }

    @Test("without a difference there is nothing to do")
    func empty() throws {
        let plan = try plan(new, new)
        #expect(plan.isEmpty)
        #expect(plan.summary == "3 unchanged")
        #expect(plan.lines(isColoured: true) == ["no change; 3 services untouched"])
        #expect(try !self.plan("", "control.group = \"a\"").isEmpty)
    }

    @Test("the order of sockets is that of their descriptors, so a change of it is one")
    func socketOrder() throws {
        let (a, b) = ("{ name = \"a\", listen = \":1\" }", "{ name = \"b\", listen = \":2\" }")
        func web(_ sockets: String...) -> String {
            "service.web = { command = [\"a\"], socket = [\(sockets.joined(separator: ", "))] }"
        }
        let plan = try plan(web(a, b), web(b, a))
        #expect(plan.services.first?.changes.map(\.key) == ["socket"])
        #expect(plan.services.first?.replacesWorkers == true)
    }

    @Test("as JSON it comes back as it was, and holds no value of the environment")
    func json() throws {
        let plan = try plan(old, new)
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(Plan.self, from: data) == plan)
        let text = String(decoding: data, as: UTF8.self)
        #expect(!text.contains("secret"))
        #expect(text.contains("\"workersBefore\":1") && text.contains("\"effect\":\"replace\""))
    }
}
