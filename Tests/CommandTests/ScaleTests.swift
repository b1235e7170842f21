import Cadre
import Glibc
import Testing

@Suite(.needsControlGroups) struct ScaleTests {
    /// How many workers: many, and very many where that is asked for, as it takes long.
    private static let counts = getenv("CADRE_TEST_SCALE") == nil ? [100] : [100, 1000]

    @Test("many workers start, are restarted all at once and stop, and no descriptor is leaked", arguments: counts)
    func startKillAndStop(count: Int) throws {
        let more = "ready.by = 'notify'\nlog.to = 'none'"
        try withSupervisor(service("web", "notify", "READY=1", workers: count, more: more)) { supervisor in
            let first = try (0..<count).map { try supervisor.ready("web/\($0)") }
            #expect(try supervisor.status().summary == "1 service, \(count) of \(count) workers ready")
            let before = try supervisor.settledDescriptorCounts()
            for pid in first { kill(pid, SIGKILL) }
            let second = try (0..<count).map { try supervisor.ready("web/\($0)") }
            #expect(Set(first).isDisjoint(with: second))
            let workers = try #require(try supervisor.status().services.first).workers
            #expect(workers.allSatisfy { $0.state == "ready" && $0.restarts == 1 && $0.incarnation == 2 })
            supervisor.expectDescriptorCounts(before)
            #expect(try supervisor.cadre("stop", "web").code == 0)
            #expect(try supervisor.status().summary == "1 service, 0 of \(count) workers ready")
        }
    }

    @Test("a service that is scaled to nothing can be scaled up again, and a supervisor of nothing stops")
    func nothing() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            #expect(try supervisor.cadre("scale", "web=0").code == 0)
            #expect(try supervisor.cadre("scale", "web=+1").code == 0)
            #expect(try supervisor.worker("web/0").state == "ready")
            #expect(try supervisor.cadre("scale", "web=0").code == 0)
        }
    }
}
