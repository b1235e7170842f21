import FoundationEssentials
import Reactor
import Specification
import Supervision
import Testing

@testable import Cadre

@Suite("What an earlier version wrote") struct ForgivingTests {
    private struct Old: Codable {
        var name = "web"
        var parts = [Part(size: 7)]
        var byName = ["a": Part(size: 8)]

        struct Part: Codable {
            var size: Int
        }
    }

    private struct New: Codable, Equatable {
        var name: String
        var parts: [Part]
        var byName: [String: Part]
        var isNew: Bool
        var count: UInt16
        var ratio: Double
        var text: String
        var time: Duration?
        var names: Set<String>
        var inner: Inner

        struct Part: Codable, Equatable {
            var size: Int
            var color: String?
            var weights: [Double]
        }

        struct Inner: Codable, Equatable {
            var numbers: [Int: String]
            var isOn: Bool
        }
    }

    @Test("what it didn't know is nothing, at any depth") func lacking() throws {
        let new = try Forgiving<New>.decode(try JSONEncoder().encode(Old()))
        #expect(
            new
                == New(
                    name: "web", parts: [New.Part(size: 7, weights: [])],
                    byName: ["a": New.Part(size: 8, weights: [])], isNew: false, count: 0, ratio: 0, text: "",
                    names: [],
                    inner: New.Inner(numbers: [:], isOn: false)))
    }

    @Test("what cannot be nothing is missed by name") func missing() {
        struct Choice: Codable {
            var kind: Kind
            enum Kind: String, Codable { case one, other }
        }
        #expect(throws: DecodingError.self) { try Forgiving<Choice>.decode(Data("{}".utf8)) }
    }

    /// A journal as version 1 of it was first released with: of web, of which one was killed, one stopped, one frozen and one
    /// replaced; of a job that failed; and of a service on demand.
    @Test("a journal of the first release is understood") func journal() throws {
        let path = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!))/fixtures/state-1"
        let text = try Descriptor.open(path).readBytes()
        // A later one has room in reserve behind that.
        for zeros in [0, 4096] {
            let records = try #require(try StateJournal.parse(text + [UInt8](repeating: 0, count: zeros), path))
            let state = try #require(try SavedState.decode(records, isIncomplete: false))
            #expect(state.damagedLines == 0 && state.root == "/sys/fs/cgroup/cadre.slice")
            #expect(state.specification.services.map(\.name).sorted() == ["idle", "job", "web"])
            let web = try #require(state.services["web"])
            #expect(web.workers.keys.sorted() == [0, 1, 2, 3])
            #expect(web.workers.values.allSatisfy { $0.machine.policy.restart.delay == .milliseconds(1) })
            #expect((0...3).map { web.workers[$0]?.machine.state } == [.ready, .stopped, .frozen, .ready])
            #expect((0...3).map { web.workers[$0]?.machine.restarts } == [1, 0, 0, 1])
            #expect(web.workers[0]?.incarnations.map(\.number) == [2] && web.workers[1]?.incarnations.isEmpty == true)
            #expect(web.workers[0]?.record?.history.map(\.exit?.signal) == ["SIGKILL"])
            #expect(state.services["job"]?.workers[0]?.machine.state == .failed)
            #expect(state.services["job"]?.workers[0]?.record?.history.count == 3)
            try expectSame(state)
            #expect(state.services["idle"]?.workers[0]?.machine.state == .asleep)
        }
    }

    /// What is written of it now is understood as the same.
    private func expectSame(_ state: SavedState) throws {
        func expectSame<Value: Codable>(_ value: Value, at location: SourceLocation = #_sourceLocation) throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            var json: [UInt8] = []
            try RecordEncoder.encode(value, to: &json)
            let again = try Forgiving<Value>.decode(json)
            #expect(try encoder.encode(again) == encoder.encode(value), sourceLocation: location)
        }
        try expectSame(state.specification)
        try expectSame(state.totals)
        try expectSame(state.specifications)
        for service in state.services.values {
            try expectSame(service.fleet)
            try expectSame(service.specification)
            try expectSame(service.revisions)
            try expectSame(service.counters)
            try expectSame(service.workers)
        }
    }

    @Test("each worker gets its policy back from the record that it shares, and its service's if that is damaged")
    func policies() throws {
        let path = "/tmp/cadre-test-\(UInt64.random(in: 0 ... .max)).state"
        let journal = StateJournal(path: path, header: StateJournal.Header(id: 1, root: "/sys/fs/cgroup/x"))
        defer { journal.removeFile() }
        var (older, newer) = (WorkerPolicy(), WorkerPolicy())
        (older.restart.budget, newer.restart.budget) = (3, 5)
        var fleet = Fleet(seed: 0)
        _ = fleet.configure("web", policy: newer, revision: "a", count: 2, replacesWorkers: false, at: .zero)
        try journal.rewrite {
            journal.set("specification", Specification(services: []))
            journal.set("fleet:web", fleet.archive(of: "web"))
            journal.set("policy:0", older)
            for (number, key) in [0, 7].enumerated() {
                var machine = fleet.workers(of: "web")![number]
                machine.policy = nil
                journal.set("worker:web/\(number)", SavedState.Worker(machine: machine, policy: key, incarnations: []))
            }
        }
        let records = try #require(try StateJournal.read(path))
        let web = try #require(try SavedState.decode(records, isIncomplete: false)?.services["web"])
        var successor = Fleet(seed: 0)
        _ = successor.restore("web", web.fleet, workers: web.workers.mapValues(\.machine), at: .zero)
        #expect(successor.workers(of: "web")?.map { $0.policy } == [older, newer])
    }

    @Test("what is whole is what it was") func whole() throws {
        var service = ServiceSpecification(name: "web", command: ["server", "--port", "{port}"])
        service.workers = .count(3)
        service.policy.restart.budget = 7
        service.policy.maxAge = .milliseconds(90_500)
        service.environment = ["A": "b"]
        service.sandbox = SandboxSpecification()
        service.sandbox?.landlock = LandlockSpecification()
        let specification = Specification(services: [service])
        let json = try JSONEncoder().encode(specification)
        #expect(try Forgiving<Specification>.decode(json) == specification)
    }
}
