import Cadre
import ControlAPI
import Glibc
import Reactor
import Testing

/// Following what happens.
@Suite(.needsControlGroups) struct ControlEventsTests {
    @Test("the state comes first, then all that happens, and the stream ends with the supervisor")
    func follow() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let (client, pid) = (supervisor.client, supervisor.pid)
            try follow(client) { events in
                guard case .snapshot(let snapshot)? = try await events.next() else {
                    Issue.record("no snapshot")
                    return
                }
                #expect(snapshot.services.map(\.name) == ["web"] && snapshot.services[0].ready == 1)
                _ = try await client.command(.signal(SIGCONT, to: .leader), ["web"])
                guard case .event(let event)? = try await events.next() else {
                    Issue.record("no event")
                    return
                }
                #expect(event.kind == "signalled" && event.service == "web" && event.worker == 0)
                #expect(event.id.number == snapshot.lastEvent.number + 1 && event.id.run == snapshot.lastEvent.run)
                kill(pid, SIGTERM)
                var last: Event?
                while case .event(let event)? = try await events.next() { last = event }
                #expect(last?.kind == "stopped")
            }
        }
    }

    @Test("one who comes back gets what was missed, and one who comes from another run gets the state")
    func resume() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let client = supervisor.client
            let seen = try supervisor.status().lastEvent
            for signal in [SIGCONT, SIGURG] {
                _ = try supervisor.ask { try await $0.command(.signal(signal, to: .leader), ["web"]) }
            }
            try follow(client, after: seen) { events in
                for (number, signal) in [(1, "SIGCONT"), (2, "SIGURG")] {
                    guard case .event(let event)? = try await events.next() else {
                        Issue.record("no event")
                        return
                    }
                    #expect(event.id.number == seen.number + UInt64(number) && event.message.contains(signal))
                }
            }
            try follow(client, after: EventID("1-1")) { events in
                guard case .snapshot? = try await events.next() else {
                    Issue.record("no snapshot")
                    return
                }
            }
        }
    }

    private func follow(
        _ client: ControlClient, after id: EventID? = nil,
        _ body: @escaping @Sendable (inout ControlEvents.AsyncIterator) async throws -> Void
    ) throws {
        try waitFor {
            try await client.withEvents(after: id) { events in
                var events = events.makeAsyncIterator()
                try await body(&events)
            }
        }
    }
}
