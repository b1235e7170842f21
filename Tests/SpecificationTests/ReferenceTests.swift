import ControlGroups
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
        let complaints = complaints(try uncommented())
        #expect(
            complaints.count == 1 && complaints.first?.contains("service.web.log.file: a file is used only") == true)
        let text = try uncommented().replacing("\nto = \"auto\"\n", with: "\n")
        let service = try #require(try Specification.parse([("reference.toml", text)]).services.last)
        #expect(service.after == ["cache": .ready] && service.requires == ["migrate": .completed])
        #expect(service.log.destination == .file("/var/log/{service}-{worker}.log"))
        #expect(service.sockets == [.init(name: "http", address: .internet(host: nil, port: 8080), backlog: 4096)])
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
                if case .table(let members)? = elements.first?.value { Set(members.keys) } else { [] }
            default: []
            }
        }
        func known<Key: SpecificationKey>(_: Key.Type) -> Set<String> { Set(Key.allCases.map(\.rawValue)) }
        #expect(Set(root.keys) == known(RootKey.self))
        #expect(Set(web.keys) == known(ServiceKey.self))
        #expect(keys("ready", of: web) == known(ReadyKey.self))
        #expect(keys("limits", of: web) == known(LimitsKey.self))
        #expect(keys("restart", of: web) == known(RestartKey.self))
        #expect(keys("rollout", of: web) == known(RolloutKey.self))
        #expect(keys("stop", of: web) == known(StopKey.self))
        #expect(keys("socket", of: web) == known(SocketKey.self))
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
