import Cadre
import FoundationEssentials
import Glibc
import Reactor
import Testing

@Suite("Privileges of workers", .needsControlGroups)
struct PrivilegeTests {
    private let once = "restart.policy = 'never'"

    @Test("a worker has no capability, even as root, and gets none", .needsRoot) func none() throws {
        try withSupervisor(service("web", "credentials", more: once)) { supervisor in
            try supervisor.expect("web/0 is done")
            let lines = try supervisor.output(of: "web/0")
            for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(lines.contains("\(name):\t0000000000000000"))
            }
            #expect(lines.contains("NoNewPrivs:\t1") && lines.contains("SecureBits:\t0b"))
        }
    }

    @Test(
        "a worker has the capabilities that are listed, groups, umask and priorities, and inspect shows it", .needsRoot)
    func some() throws {
        let more = """
            user = 'nobody'
            supplementary_groups = ['daemon', 4242]
            capabilities = ['CAP_NET_BIND_SERVICE', 'CAP_KILL']
            no_new_privileges = false
            umask = '0027'
            nice = 7
            oom_score_adj = 111
            cpu_affinity = [0]
            io_scheduling_class = 'idle'
            rlimits = { nofile = '55:66', core = 0 }
            """
        try withSupervisor(service("web", script: "\"$worker\" credentials; exec \"$worker\" sleep", more: more)) {
            supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("web/0 ", "| CapBnd:\t0000000000000420")
            try supervisor.expect("web/0 ", "| CapAmb:\t0000000000000420")
            try supervisor.expect("web/0 ", "| NoNewPrivs:\t0")
            let inspection = try JSONDecoder().decode(
                Inspection.self, from: Data(try supervisor.cadre("inspect", "web/0", "--json").output.utf8))
            let leader = try #require(inspection.leader)
            #expect(leader.pid == pid && leader.user == 65534 && leader.groups == [1, 4242, 65534])
            #expect(leader.capabilities == ["CAP_KILL", "CAP_NET_BIND_SERVICE"])
            #expect(leader.capabilityBounds == leader.capabilities && leader.noNewPrivileges == false)
            #expect(leader.fileCreationMask == "0027" && leader.niceness == 7 && leader.outOfMemoryScore == 111)
            #expect(leader.processors == "0" && leader.schedulingPolicy == "other" && leader.ioScheduling == "idle")
            #expect(leader.resourceLimits.first { $0.name == "Max open files" }?.soft == "55")
            let text = try supervisor.cadre("inspect", "web/0").output
            #expect(text.contains("CAP_KILL CAP_NET_BIND_SERVICE") && text.contains("no_new_privs"))
        }
    }

    @Test("what a worker can't be given is an error that says why, and its siblings run", .needsRoot) func refused()
        throws
    {
        let never = "restart = { budget = 0 }\n"
        try withSupervisor(
            service("far", "sleep", more: "cpu_affinity = '0,8000'\n\(never)")
                + service("mighty", "sleep", more: "capabilities = ['CAP_SYS_MODULE']\n\(never)")
                + service("web", "sleep"),
            wrapper: ["setpriv", "--bounding-set=-sys_module", "--inh-caps=-sys_module"]
        ) { supervisor in
            try supervisor.expect("far/0", "cpu_affinity: processor 8000 isn't there")
            try supervisor.expect("mighty/0", "capabilities: the supervisor lacks CAP_SYS_MODULE itself")
            try supervisor.ready("web/0")
        }
    }

    @Test("a probe has no more privileges than the worker", .needsRoot) func probe() throws {
        let more = """
            health = { by = 'command', command = ['/bin/sh', '-c', 'grep CapPrm /proc/self/status; exit 1'], interval = '1ms', failures = 1 }
            """
        try withSupervisor(service("web", "sleep", more: more)) { supervisor in
            try supervisor.expect("web/0 is unhealthy: /bin/sh exited with code 1: CapPrm: 0000000000000000")
        }
    }

    @Test("accounts and directories are looked for by check, and when a change is applied", .needsRoot)
    func check() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let scene = supervisor.scene
            mkdir(scene.path("private"), 0o700)
            let text = """
                [service.web]
                command = ['sleep', '1000']
                user = 'no-such-user'
                supplementary_groups = ['daemon', 'no-such-group']
                [service.other]
                command = ['sleep', '1000']
                user = 'nobody'
                directory = '\(scene.path("private"))'
                [control]
                group = 'no-such-group'
                [control.allow]
                no-such-user = ['web']
                '@no-such-group' = ['web']
                """
            let file = try scene.write("cadre.toml", text)
            let (code, output) = try run([Machine.cadre, "check", file])
            #expect(code == 2)
            #expect(output.contains("\(file):3: service.web.user: there is no user \"no-such-user\""))
            #expect(output.contains("\(file):4: service.web.supplementary_groups: there is no group \"no-such-group\""))
            #expect(
                output.contains(
                    "\(file):8: service.other.directory: \(scene.path("private")) can't be entered by nobody: its mode is 700"
                ))
            #expect(output.contains("\(file):10: control.group: there is no group \"no-such-group\""))
            #expect(output.contains("\(file):12: control.allow.no-such-user: there is no user \"no-such-user\""))
            #expect(
                output.contains("\(file):13: control.allow.\"@no-such-group\": there is no group \"no-such-group\""))
            #expect(try run([Machine.cadre, "check", "--files-only", file]).code == 0)
            let apply = try supervisor.cadre("apply")
            #expect(apply.code == 2 && apply.output.contains("there is no user \"no-such-user\""))
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }
}
