import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Reactor
import Specification
import Testing

/// Who may change some services only, what workers may do, and what the log tells of who asked.
@Suite(.needsControlGroups, .needsRoot) struct ControlRightsTests {
    /// Runs a subcommand as nobody, with a group.
    private func asNobody(
        _ supervisor: SupervisorProcess, group: String = "65534", _ arguments: String...
    ) throws -> (code: Int32, output: String) {
        try run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--groups=\(group)", Machine.cadre] + arguments + [
                "--socket", supervisor.socket,
            ])
    }

    private let services =
        service("api", "sleep", more: "requires = { db = 'ready' }") + service("db", "sleep")
        + service("web", "sleep", workers: 2)

    @Test("a user changes the services he has, and looks at all; what concerns others too is refused as a whole")
    func rights() throws {
        let allow = "[control.allow]\n65534 = ['web', 'd?']\n'@2' = ['api']\n"
        try withSupervisor(allow + services) { supervisor in
            for worker in ["api/0", "db/0", "web/1"] { try supervisor.ready(worker) }
            let before = try supervisor.status()
            #expect(try asNobody(supervisor, "status").code == 0)
            for (arguments, others) in [
                (["stop", "api"], "api"), (["restart", "*"], "api"),
                // It stops what requires it.
                (["stop", "db"], "api"), (["kill", "web/0", "api/0"], "api"), (["scale", "w*=3", "api=2"], "api"),
                (["signal", "HUP", "api"], "api"),
            ] {
                let refused = try run(
                    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Machine.cadre] + arguments + [
                        "--socket", supervisor.socket,
                    ])
                #expect(refused.code == 4, "\(arguments)")
                #expect(
                    refused.output.contains(
                        "this concerns \(others), and you may change only web, d?; nothing is done; root may"),
                    "\(refused.output)")
            }
            #expect(try asNobody(supervisor, "limit", "api", "--tasks-max", "9").output.contains("this concerns api"))
            #expect(try asNobody(supervisor, "rollout", "undo", "api").output.contains("this concerns api"))
            #expect(try asNobody(supervisor, "upgrade").output.contains("this is to replace the supervisor"))
            #expect(
                try supervisor.status().services.map { $0.workers.map(\.pid) }
                    == before.services.map { $0.workers.map(\.pid) })
            #expect(try asNobody(supervisor, "restart", "web/0").code == 0)
            #expect(try asNobody(supervisor, "scale", "web=1").code == 0)
            // The rights of a group come to those of the user.
            #expect(try asNobody(supervisor, group: "2", "stop", "db").code == 0)
            #expect(try supervisor.worker("api/0").state == "stopped")
        }
    }

    @Test("an apply is refused as a whole if it changes another service, or anything but services")
    func apply() throws {
        let allow = "[control.allow]\n65534 = ['web']\n"
        try withSupervisor(allow + services) { supervisor in
            try supervisor.ready("web/1")
            let changed = services.replacing("workers = 2", with: "workers = 3")
            try supervisor.scene.write("cadre.toml", allow + changed + service("new", "sleep"))
            #expect(try asNobody(supervisor, "apply").output.contains("this concerns new, and you may change only web"))
            try supervisor.scene.write("cadre.toml", "[control]\ngroup = '1'\n" + allow + changed)
            #expect(try asNobody(supervisor, "apply").output.contains("this sets control.group, and you may change"))
            try supervisor.scene.write("cadre.toml", allow + changed)
            #expect(try asNobody(supervisor, "apply").code == 0)
            #expect(try supervisor.worker("web/2").state == "ready")
        }
    }

    @Test(
        "one with an empty right looks and changes nothing; a reload takes rights away at once, from who is connected")
    func reload() throws {
        let allow = "[control.allow]\n65534 = []\n"
        try withSupervisor(allow + services) { supervisor in
            try supervisor.ready("web/1")
            let refused = try asNobody(supervisor, "stop", "web")
            #expect(refused.code == 4 && refused.output.contains("you may look, and change nothing"))
            let events = try RunningProgram(
                [
                    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Machine.cadre, "events", "--socket",
                    supervisor.socket,
                ])
            try events.expect(["workers ready"])
            try supervisor.reload(allow.replacing("[]", with: "['gone']") + services)
            try supervisor.expect("control.allow.65534[0]: there is no service \"gone\"")
            try supervisor.reload(services)
            try supervisor.expect("reloaded: set control.allow.65534")
            try events.expect(["you may not use \(supervisor.socket)"])
            try events.signal(SIGINT)
            #expect(try events.finish().code == 128 + SIGINT)
        }
    }

    @Test("a worker may not use the control socket, not even as root, unless its service is allowed to")
    func workers() throws {
        let script = { (scene: Scene, arguments: String) in
            "'\(Machine.cadre)' \(arguments) --socket '\(scene.path("run/control.sock"))' 2>&1; "
                + "echo \"exit $?\"; exec \"$worker\" sleep"
        }
        let toml = { (scene: Scene) in
            "[control.allow]\n'service:helper' = ['web']\n" + service("web", "sleep")
                + service("spy", script: script(scene, "stop web"), more: "after = { web = 'ready' }")
                + service("helper", script: script(scene, "restart web"), more: "after = { web = 'ready' }")
                + service("lazy", script: script(scene, "status >/dev/null; true"))
        }
        try withSupervisor(toml) { supervisor in
            try supervisor.expect(
                "spy/0    | cadre: ", "you are a process of a worker of spy", "\"service:spy\" in [control.allow]")
            try supervisor.expect("spy/0    | exit 4")
            try supervisor.expect("spy/0@1, as user 0 (process ", "was refused: /v1/stop")
            try supervisor.expect("helper/0@1, as user 0 (process ", "commanded: restart web")
            try supervisor.expect("helper/0 | exit 0")
        }
    }

    @Test("the log tells who had what done, and who was refused, but not a thousand times")
    func audit() throws {
        try withSupervisor("[control]\nread_only_group = '2'\n" + services) { supervisor in
            try supervisor.ready("web/1")
            let stop = try supervisor.begin(["stop", "web/0"])
            try supervisor.expect("user 0 (process \(stop.pid)) commanded: stop web/0")
            #expect(try stop.finish().code == 0)
            try supervisor.cadre("signal", "HUP", "web/1", "--to", "all")
            try supervisor.expect(") commanded: signal SIGHUP to all web/1")
            try supervisor.cadre("scale", "web=+1")
            try supervisor.expect(") commanded: scale web=+1")
            #expect(try supervisor.cadre("stop", "nothing").code != 0)
            try supervisor.expect(") was refused: stop nothing: ")
            for _ in 0..<30 { #expect(try asNobody(supervisor, group: "2", "stop", "web").code == 4) }
            let refusals = {
                supervisor.lines.filter { $0.contains("user 65534") && $0.contains("refused: /v1/stop: you") }
            }
            try supervisor.cadre("kill", "web/1")
            try supervisor.expect(") commanded: kill web/1")
            #expect(refusals().count == 20)
        }
    }
}
