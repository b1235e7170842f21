import Cadre
import Glibc
import Testing

/// Notification sockets whose incarnations are gone.
@Suite(.needsControlGroups) struct StaleSocketTests {
    @Test("what a supervisor that died left of a gone incarnation is removed by the next one")
    func removed() throws {
        try withSupervisor(service("web", "notify", "READY=1", more: "ready.by = 'notify'")) { supervisor in
            let pid = try supervisor.ready("web/0")
            let own = "\(supervisor.runtimeDirectory)/notify/web.0@1"
            let stale = try supervisor.scene.write("run/notify/web.0@77", "")
            let forgotten = try supervisor.scene.write("run/notify/api.0@1", "")
            kill(try supervisor.supervisor(), SIGKILL)
            try supervisor.expect("going on with 1 running worker")
            // It answers when it is through with that.
            while try supervisor.cadre("status").code != 0 {}
            #expect(access(stale, F_OK) == -1 && access(forgotten, F_OK) == -1 && access(own, F_OK) == 0)
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }
}
