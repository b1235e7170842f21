import Processes
import Supervision
import Testing

@testable import Specification

/// No key may be forgotten: a change that a plan doesn't see would never reach the workers.
@Suite struct PlanKeysTests {
    @Test("a change of any one key of a service is in the plan, with its effect", arguments: PlanKeyExample.ofServices)
    func service(example: PlanKeyExample) throws {
        let (before, after) = (try web(example.before), try web(example.after))
        #expect(Plan(from: before, to: before, cpus: 2).isEmpty && Plan(from: after, to: after, cpus: 2).isEmpty)
        let plan = Plan(from: before, to: after, cpus: 2)
        #expect(plan.changes.isEmpty && plan.services.map(\.action) == [.change])
        #expect(described(plan.services.first?.changes ?? []) == example.change)
        #expect(plan.services.first?.replacesWorkers == example.change.contains("(replace)"))
    }

    @Test("a change of any one key outside of services is in the plan", arguments: PlanKeyExample.ofRoot)
    func root(example: PlanKeyExample) throws {
        let before = try Specification.parse([("a", example.before)])
        let after = try Specification.parse([("a", example.after)])
        #expect(Plan(from: before, to: before, cpus: 2).isEmpty && Plan(from: after, to: after, cpus: 2).isEmpty)
        #expect(described(Plan(from: before, to: after, cpus: 2).changes) == example.change)
    }

    @Test("there is an example for every key that the decoder knows")
    func completeness() {
        func keys<Key: SpecificationKey>(_: Key.Type, _ table: String) -> [String] {
            Key.allCases.map { "\(table).\($0.rawValue)" }
        }
        let serviceTables = [
            "ready": keys(ReadyKey.self, "ready"), "health": keys(HealthKey.self, "health"),
            "limits": keys(LimitsKey.self, "limits"), "rlimits": keys(ProcessLimit.self, "rlimits"),
            "restart": keys(RestartKey.self, "restart"), "rollout": keys(RolloutKey.self, "rollout"),
            "stop": keys(StopKey.self, "stop"),
            "socket": keys(SocketKey.self, "socket"), "port": keys(PortKey.self, "port"),
            "sandbox": keys(SandboxKey.self, "sandbox").filter { $0 != "sandbox.landlock" }
                + keys(LandlockKey.self, "sandbox.landlock"),
            "log": keys(LogKey.self, "log"),
        ]
        let ofServices = ServiceKey.allCases.flatMap { serviceTables[$0.rawValue] ?? [$0.rawValue] }
        #expect(PlanKeyExample.ofServices.map(\.key).sorted() == ofServices.sorted())

        let rootTables = [
            "service": [], "metrics": keys(MetricsKey.self, "metrics"),
            "control": keys(ControlKey.self, "control").filter { $0 != "control.tls" }
                + keys(TLSKey.self, "control.tls"),
        ]
        let ofRoot = RootKey.allCases.flatMap { rootTables[$0.rawValue] ?? [$0.rawValue] }
        #expect(PlanKeyExample.ofRoot.map(\.key).sorted() == ofRoot.sorted())
    }

    @Test("values are written as the file may have them", arguments: PlanKeyExample.ofServices)
    func spelling(example: PlanKeyExample) throws {
        for lines in [example.before, example.after] {
            var expected = try web(lines)
            // What needs a socket goes with it.
            expected.services[0].sockets = []
            expected.services[0].isOnDemand = false
            expected.services[0].idleTimeout = ServiceSpecification.defaultIdleTimeout
            let settings = expected.services[0].settings
            let document = settings.map { "service.web.\($0.key) = \($0.value.text)\n" }.sorted().joined()
            #expect(try parse(document) == expected)
        }
    }

    private func web(_ lines: String) throws -> Specification {
        let command = lines.hasPrefix("command") ? "" : "command = [\"app\"]\n"
        return try parse("[service.web]\n\(command)\(lines)\n")
    }

    /// Without the services that others may be started after.
    private func parse(_ text: String) throws -> Specification {
        let others = "[service.db]\ncommand = [\"a\"]\n[service.job]\ncommand = [\"a\"]\ntype = \"oneshot\"\n"
        var specification = try Specification.parse([("a", text + others)])
        specification.services.removeAll { $0.name != "web" }
        return specification
    }

    private func described(_ changes: [KeyChange]) -> String {
        changes.map { "\($0.key): \($0.old ?? "-") → \($0.new ?? "-") (\($0.effect))" }.joined(separator: "\n")
    }
}
