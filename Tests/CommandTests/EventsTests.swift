import Cadre
import FoundationEssentials
import Glibc
import Processes
import Testing

/// `cadre events`.
@Suite(.needsControlGroups) struct EventsTests {
    private struct Line: Decodable {
        let event: Event?
        let snapshot: Snapshot?
    }

    private func decode(_ line: String) throws -> Line { try JSONDecoder().decode(Line.self, from: Data(line.utf8)) }

    @Test("it begins with how everything is, and has a line for each event of what is named")
    func follow() throws {
        try withSupervisor(service("api", "sleep") + service("web", "sleep", workers: 2)) { supervisor in
            for worker in ["api/0", "web/0", "web/1"] { try supervisor.ready(worker) }
            let events = try supervisor.begin(["events", "web/1", "a*"])
            #expect(try events.expect([]) == "2 services, 3 of 3 workers ready")
            #expect(try supervisor.cadre("stop", "web/0", "web/1", "api").code == 0)
            try events.expect([" stopped: web/1 is stopped"])
            try events.expect([" stopped: api/0 is stopped"])
            #expect(try !events.hasPrinted(["web/0"]))
            try events.signal(SIGINT)
            #expect(try events.finish().code == 128 + SIGINT)
        }
    }

    @Test("with --json each line is an object, a snapshot first, and no event is missing between")
    func json() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let events = try supervisor.begin(["events", "--json"])
            let snapshot = try #require(try decode(try events.expect([])).snapshot)
            #expect(snapshot.services.map(\.name) == ["web"])
            #expect(try supervisor.cadre("restart", "web").code == 0)
            var number = snapshot.lastEvent.number
            var kinds: [String] = []
            repeat {
                let event = try #require(try decode(try events.expect(["{\"event\""])).event)
                number += 1
                #expect(event.id.number == number)
                kinds.append(event.kind)
            } while !kinds.contains("stopping")
            #expect(Set(kinds).isSuperset(of: ["replacing", "started", "ready", "replaced"]))
        }
    }

    @Test("when the supervisor is gone it says so and waits, and goes on with the next one's state")
    func reconnection() throws {
        try withScene { scene in
            let toml = service("web", "sleep")
            let first = try SupervisorProcess(toml, in: scene)
            try first.ready("web/0")
            let events = try first.begin(["events", "web"])
            try events.expect(["1 service, 1 of 1 worker ready"])
            try first.stop()
            try events.expect(["cadre: the supervisor at \(first.socket) is gone; waiting for it to come back"])
            let second = try SupervisorProcess(toml, in: scene)
            try second.ready("web/0")
            try events.expect(["cadre: some events were missed; going on from how it is now"])
            #expect(try second.cadre("stop", "web").code == 0)
            try events.expect([" stopped: web/0 is stopped"])
            try second.stop()
        }
    }

    @Test("a name that nothing has is refused, and without a supervisor the code is 3")
    func refused() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let (code, output) = try supervisor.cadre("events", "wbe")
            #expect(code == 4 && output.contains("the services are web"))
        }
        #expect(try run([Machine.cadre, "events", "--socket", "/no/such/socket"]).code == 3)
    }

    @Test("it ends when nobody reads it any more")
    func closedPipe() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let script = #""$0" events --socket "$1" | head -n 1; echo "${PIPESTATUS[0]}""#
            let pipeline = try RunningProgram(["/bin/bash", "-c", script, Machine.cadre, supervisor.socket])
            try pipeline.expect(["1 of 1 worker ready"])
            while pipeline.isRunning, try !pipeline.hasPrinted(["141"]) {
                #expect(try supervisor.cadre("restart", "web").code == 0)
            }
            #expect(try pipeline.finish().code == 0)
        }
    }
}
