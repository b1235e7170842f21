import ControlGroups
import Processes
import Reactor
import Supervision
import Testing

@testable import Specification

/// `examples/reference.toml` is the documentation of every key.
@Suite struct ReferenceTests {
    @Test("what the reference sets are the defaults")
    func defaults() throws {
        let defaults = Specification(services: [ServiceSpecification(name: "web", command: ["python3", "server.py"])])
        #expect(try Specification.parse([("reference.toml", reference())]) == defaults)
    }

    @Test("the reference's examples are all valid together, but for the log, whose file excludes \"auto\"")
    func examples() throws {
        // The keys of all ways to probe are there, one of which is chosen.
        let problems = complaints(try uncommented()).filter { !$0.contains(" is used only with by = ") }
            .filter { !$0.contains("ready.interval: an interval is for by = ") }
        #expect(
            problems.count == 1 && problems.first?.contains("service.web.log.file: a file is used only") == true)
        let misplaced = Set(
            complaints(try uncommented()).compactMap { $0.split(separator: ":")[1] }.compactMap { Int($0) })
        let lines = try uncommented().split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { misplaced.contains($0.offset + 1) && !$0.element.hasPrefix("file = ") ? "" : $0.element }
        let text = lines.joined(separator: "\n").replacing("\nto = \"auto\"\n", with: "\n")
        let service = try #require(try Specification.parse([("reference.toml", text)]).services.last)
        #expect(service.after == ["cache": .ready] && service.requires == ["migrate": .completed])
        #expect(
            service.healthProbe == HealthProbe(target: .http(url: "http://127.0.0.1:900{worker}/health", body: "fine")))
        #expect(service.policy.health == HealthPolicy())
        #expect(service.log.destination == .file("/var/log/{service}-{worker}.log"))
        var control = SocketSpecification(name: "control", address: .unix(path: "/run/web.sock"))
        control.file = .init(mode: 0o660, user: "www-data", group: "www-data")
        #expect(
            service.sockets == [
                .init(name: "http", address: .internet(host: nil, port: 8080), backlog: 4096), control,
                .init(name: "public", source: .systemd("web")),
            ])
        #expect(service.isOnDemand && service.idleTimeout == .seconds(300) && service.port == 8000)
        #expect(service.introspect == "http://127.0.0.1:900{worker}/debug")
        #expect(service.limits.cpuMaxPercent == 150 && service.policy.watchdog == .seconds(30))
    }

    @Test("every key that the decoder knows is in the reference")
    func completeness() throws {
        guard case .table(let root) = try DocumentNode(file: "reference.toml", text: try uncommented()).value,
            case .table(let services)? = root["service"]?.value, case .table(let web)? = services["web"]?.value
        else {
            Issue.record("there is no service.web in the reference")
            return
        }
        func keys(_ name: String, of table: [String: DocumentNode]) -> Set<String> {
            switch table[name]?.value {
            case .table(let members): Set(members.keys)
            case .array(let elements):
                elements.reduce(into: []) { keys, element in
                    if case .table(let members) = element.value { keys.formUnion(members.keys) }
                }
            default: []
            }
        }
        func known<Key: SpecificationKey>(_: Key.Type) -> Set<String> { Set(Key.allCases.map(\.rawValue)) }
        #expect(Set(root.keys) == known(RootKey.self))
        #expect(Set(web.keys) == known(ServiceKey.self))
        #expect(keys("ready", of: web) == known(ReadyKey.self))
        #expect(keys("health", of: web) == known(HealthKey.self))
        #expect(keys("limits", of: web) == known(LimitsKey.self))
        #expect(keys("rlimits", of: web) == known(ProcessLimit.self))
        #expect(keys("restart", of: web) == known(RestartKey.self))
        #expect(keys("rollout", of: web) == known(RolloutKey.self))
        #expect(keys("stop", of: web) == known(StopKey.self))
        #expect(keys("socket", of: web) == known(SocketKey.self))
        #expect(keys("port", of: web) == known(PortKey.self))
        #expect(keys("sandbox", of: web) == known(SandboxKey.self))
        if case .table(let sandbox)? = web["sandbox"]?.value {
            #expect(keys("landlock", of: sandbox) == known(LandlockKey.self))
        }
        #expect(keys("log", of: web) == known(LogKey.self))
        #expect(keys("control", of: root) == known(ControlKey.self))
        #expect(keys("metrics", of: root) == known(MetricsKey.self))
        if case .table(let control)? = root["control"]?.value {
            #expect(keys("tls", of: control) == known(TLSKey.self))
        }
    }

    private func reference() throws -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = "\(root)/examples/reference.toml"
        return try Descriptor.open(path).readText(path)
    }

    /// The reference with its examples in force.
    private func uncommented() throws -> String {
        try reference().split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") && line != "#" && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")
    }
}
