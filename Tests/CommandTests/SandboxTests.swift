import CLinux
import Cadre
import Glibc
import Processes
import Reactor
import Testing

/// Each wall, with a worker that tries to get over it.
@Suite("a sandbox", .needsControlGroups, .enabled(if: geteuid() == 0, "needs root"))
struct SandboxTests {
    /// What a worker with these walls prints for a script, each line of which begins with what was tried.
    private func outcome(of script: String, _ walls: String, more: String = "") throws -> [String] {
        var lines: [String] = []
        try withSupervisor(
            { scene in
                service(
                    "web",
                    script: script.replacing("SCENE", with: scene.directory)
                        + "\necho finished; exec \"$worker\" sleep",
                    more: "\(more)\n[service.web.sandbox]\n\(walls.replacing("SCENE", with: scene.directory))")
            }
        ) { supervisor in
            try supervisor.expect("web/0", "finished")
            lines = try supervisor.output(of: "web/0").filter { $0 != "finished" }
        }
        return lines
    }

    /// A line of a script that says whether something can be done.
    private static func attempt(_ name: String, _ command: String) -> String {
        "if ( \(command) ) >/dev/null 2>&1; then echo '\(name): yes'; else echo '\(name): no'; fi"
    }

    private func attempts(_ attempts: KeyValuePairs<String, String>) -> String {
        attempts.map { Self.attempt($0.key, $0.value) }.joined(separator: "\n")
    }

    @Test("private_tmp: the worker's temporary files are its own, and its notifications arrive") func temporary() throws
    {
        let script = attempts([
            "sees": "[ -e SCENE/cadre.toml ]", "empty": "[ -z \"$(ls -A /var/tmp)\" ]",
            "writes": ": > /tmp/file && : > /var/tmp/file",
        ])
        try withSupervisor({ scene in
            service(
                "web", script: "\(script.replacing("SCENE", with: scene.directory))\nexec \"$worker\" notify READY=1",
                more: "ready.by = 'notify'\nsandbox.private_tmp = true")
        }) { supervisor in
            // The socket for notifications lies in a directory that is not to be seen any more.
            try supervisor.ready("web/0")
            #expect(try supervisor.output(of: "web/0") == ["sees: no", "empty: yes", "writes: yes"])
        }
        #expect(access("/tmp/file", F_OK) == -1)
    }

    @Test(
        "protect_system: the system can't be written to",
        arguments: [
            ("true", ["usr: no", "etc: yes", "srv: yes", "proc: yes"]),
            ("'full'", ["usr: no", "etc: no", "srv: yes", "proc: yes"]),
            ("'strict'", ["usr: no", "etc: no", "srv: no", "proc: yes"]),
        ])
    func system(value: String, expected: [String]) throws {
        let script = attempts([
            "usr": "[ -w /usr ]", "etc": "[ -w /etc ]", "srv": "[ -w /srv ]",
            "proc": "echo 0 > /proc/self/oom_score_adj",
        ])
        #expect(try outcome(of: script, "protect_system = \(value)") == expected)
    }

    @Test("read_write_paths: what is within what can't be written to can be, and the other way round") func paths()
        throws
    {
        let script = attempts([
            "outer": ": > SCENE/file", "inner": ": > SCENE/inner/file", "innermost": ": > SCENE/inner/closed/file",
            "hidden": "[ -e SCENE/hidden/secret ]", "hidden file": "cat SCENE/alone",
            "reads": "[ -e SCENE/inner/closed ]",
        ])
        var lines: [String] = []
        try withSupervisor({ scene in
            try shell(
                #"mkdir -p "$1/inner/closed" "$1/hidden" && : > "$1/hidden/secret" && echo secret > "$1/alone""#,
                scene.directory)
            return service(
                "web",
                script: script.replacing("SCENE", with: scene.directory) + "\necho finished; exec \"$worker\" sleep",
                more: """
                    [service.web.sandbox]
                    read_only_paths = ['\(scene.directory)', '\(scene.directory)/inner/closed', '-/nowhere']
                    read_write_paths = ['\(scene.directory)/inner']
                    inaccessible_paths = ['\(scene.directory)/hidden', '\(scene.directory)/alone']
                    """)
        }) { supervisor in
            try supervisor.expect("web/0", "finished")
            lines = try supervisor.output(of: "web/0").filter { $0 != "finished" }
        }
        #expect(
            lines == ["outer: no", "inner: yes", "innermost: no", "hidden: no", "hidden file: no", "reads: yes"])
    }

    @Test("protect_home: people's directories can't be seen, or written to, or are empty")
    func home() throws {
        let script = attempts([
            "sees": "[ -n \"$(ls -A /root)\" ]", "writes": ": > /root/.cadre-test && rm /root/.cadre-test",
        ])
        #expect(try outcome(of: script, "protect_home = true") == ["sees: no", "writes: no"])
        #expect(try outcome(of: script, "protect_home = 'tmpfs'") == ["sees: no", "writes: no"])
        #expect(try outcome(of: script, "protect_home = 'read-only'").last == "writes: no")
    }

    @Test("private_devices: there are harmless devices only") func devices() throws {
        let script = attempts([
            "null": "echo x > /dev/null", "zero": "[ \"$(head -c 4 /dev/zero | od -An -tx1)\" = ' 00 00 00 00' ]",
            "random": "head -c 1 /dev/urandom", "shm": ": > /dev/shm/$$ && rm /dev/shm/$$", "fd": "[ -e /dev/fd/0 ]",
            "kmsg": "[ -e /dev/kmsg ]", "new": ": > /dev/file",
        ])
        #expect(
            try outcome(of: script, "private_devices = true")
                == ["null: yes", "zero: yes", "random: yes", "shm: yes", "fd: yes", "kmsg: no", "new: no"])
    }

    @Test("private_network: nothing is there but itself, and what it was passed") func network() throws {
        try withSupervisor({ scene in
            service(
                "web", "serve",
                more: """
                    ready.by = 'notify'
                    socket = [{ name = 'web', listen = 'unix:\(scene.path("web.sock"))' }]
                    sandbox.private_network = true
                    """)
                + service(
                    "other", script: "cat /proc/net/dev; echo finished; exec \"$worker\" sleep",
                    more: "sandbox.private_network = true")
        }) { supervisor in
            try supervisor.ready("web/0")
            let connection = try connect(to: supervisor.scene.path("web.sock"))
            try send("GET / HTTP/1.0\r\n\r\n", to: connection)
            #expect(try connection.readText().contains("200 OK"))
            try supervisor.expect("other/0", "finished")
            let interfaces = try supervisor.output(of: "other/0").filter { $0.contains(":") }
                .map { $0.prefix { $0 != ":" }.filter { $0 != " " } }
            #expect(interfaces == ["lo"])
        }
    }

    @Test("protect_control_groups: not even root changes its limits") func controlGroups() throws {
        let path = "$(sed -n 's|^0::||p' /proc/self/cgroup)"
        let root = try #require(Machine.cgroupRoot)
        let mount = root.hasSuffix("/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
        let script = attempts(["leaves": "echo $$ > \(mount)/cgroup.procs", "writes": "mkdir \"\(mount)\(path)/x\""])
        #expect(try outcome(of: script, "protect_control_groups = true") == ["leaves: no", "writes: no"])
    }

    @Test("what is the supervisor's is not to be seen, but for the worker's own socket") func runtimeDirectory() throws
    {
        let script = "ls SCENE/run SCENE/run/notify; [ -S \"$NOTIFY_SOCKET\" ] && echo socket"
        let lines = try outcome(of: script, "protect_system = true")
        #expect(lines.contains("socket") && lines.contains("web.0@1"))
        #expect(!lines.contains("control.sock") && !lines.contains("state"))
        let allowed = try outcome(of: script, "read_only_paths = ['SCENE/run/control.sock']")
        #expect(allowed.contains("control.sock"))
    }

    @Test("landlock restrains files for a user without privileges") func landlock() throws {
        let script = attempts([
            "reads": "head -n 1 /etc/passwd", "writes": ": > SCENE/open/file", "elsewhere": "ls /var",
            "writes elsewhere": ": > /dev/shm/cadre-test", "executes": "SCENE/open/program",
        ])
        var lines: [String] = []
        try withSupervisor({ scene in
            try shell(#"mkdir -m 777 "$1/open"; cp /bin/true "$1/open/program""#, scene.directory)
            let worker = Machine.worker.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
            return service(
                "web", script: script.replacing("SCENE", with: scene.directory) + "\necho finished; exec sleep 1000",
                more: """
                    user = 'nobody'
                    [service.web.sandbox.landlock]
                    execute = ['/usr', '\(worker)']
                    read_only = ['/etc', '-/nowhere']
                    read_write = ['\(scene.directory)/open', '/dev/null']
                    """)
        }) { supervisor in
            try supervisor.expect("web/0", "finished")
            lines = try supervisor.output(of: "web/0").filter { $0 != "finished" }
        }
        #expect(
            lines == ["reads: yes", "writes: yes", "elsewhere: no", "writes elsewhere: no", "executes: no"])
    }

    @Test(
        "landlock restrains TCP ports",
        .needsLandlock(LandlockRules.versionOfPorts, "needs Linux 6.7"))
    func ports() throws {
        func bind(_ port: Int) -> String {
            "python3 -c 'import socket; socket.create_server((\"127.0.0.1\", \(port)))'"
        }
        func connect(_ port: Int) -> String {
            // What isn't listened on refuses; what isn't allowed is forbidden.
            "python3 -c 'import socket, sys; e = socket.socket().connect_ex((\"127.0.0.1\", \(port))); sys.exit(e == 13)'"
        }
        let script = attempts([
            "binds": bind(48_211), "binds another": bind(48_212), "connects": connect(48_213),
            "connects elsewhere": connect(48_214),
        ])
        #expect(
            try outcome(of: script, "landlock = { tcp_bind = [48211], tcp_connect = [48213] }")
                == ["binds: yes", "binds another: no", "connects: yes", "connects elsewhere: no"])
    }

    @Test(
        "landlock keeps signals and connections to abstract names within the worker",
        .needsLandlock(LandlockRules.versionOfScopes, "needs Linux 6.12"))
    func scopes() throws {
        let name = "cadre-test-scopes-\(getpid())"
        let script = attempts([
            "signals the supervisor": "kill -0 $PPID", "signals its child": "sh -c 'kill -0 $$'",
            "connects": "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"\\0\(name)\")'",
        ])
        // The supervisor opens it.
        let socket = "socket = [{ name = 'abstract', listen = 'unix:@\(name)' }]"
        #expect(
            try outcome(of: script, "landlock = { scoped = ['signal', 'abstract_unix_socket'] }", more: socket)
                == ["signals the supervisor: no", "signals its child: yes", "connects: no"])
        #expect(
            try outcome(of: script, "private_tmp = true", more: socket)
                == ["signals the supervisor: yes", "signals its child: yes", "connects: yes"])
    }

    @Test(
        "system_call_filter: what isn't allowed fails, or ends the process", .enabled(if: SystemCallFilter.isAvailable))
    func systemCalls() throws {
        let script = attempts(["chroot": "chroot / true", "others": "true"])
        #expect(
            try outcome(
                of: script,
                "system_call_filter = ['@system-service', '~@privileged']\nsystem_call_error_number = 'EPERM'")
                == ["chroot: no", "others: yes"])
        let killed = #"chroot / true; echo "status $?""#
        #expect(try outcome(of: killed, "system_call_filter = ['~chroot']").last == "status 159")
    }

    @Test("pid, sockets, notifications, descriptors, stopping and adoption are as without a sandbox") func same() throws
    {
        try withSupervisor({ scene in
            service(
                "web", "serve", workers: 2,
                more: """
                    ready.by = 'notify'
                    watchdog = '1min'
                    socket = [{ name = 'web', listen = 'unix:\(scene.path("web.sock"))' }]
                    [service.web.sandbox]
                    private_tmp = true
                    read_only_paths = ['\(Machine.worker)']
                    protect_system = 'strict'
                    private_devices = true
                    system_call_filter = ['@system-service', 'kill']
                    """)
        }) { supervisor in
            let first = try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            #expect(try supervisor.worker("web/0").pid == first)
            try supervisor.replace()
            #expect(try supervisor.worker("web/0").pid == first)
            #expect(try supervisor.worker("web/0").state == "ready")
            kill(first, SIGKILL)
            try supervisor.expect("web/0 was killed")
            let (code, output) = try supervisor.cadre("restart", "web")
            #expect(code == 0, "\(output)")
        }
    }

    @Test("a sandbox that can't be built is an error that names what and where") func failures() throws {
        try withSupervisor({ _ in
            service("web", "sleep", more: "sandbox.read_only_paths = ['/nowhere/at/all']")
                + service("rule", "sleep", more: "sandbox.landlock.execute = ['/nowhere']")
                + service(
                    "command", script: "true",
                    more: "sandbox.landlock = { execute = ['/nonexistent', '/etc'] }".replacing(
                        "'/nonexistent', ", with: ""))
        }) { supervisor in
            try supervisor.expect(
                "web/0 cannot be started: put up the sandbox's wall at /nowhere/at/all: No such file or directory (ENOENT)",
                "write a \"-\" before the path")
            try supervisor.expect(
                "rule/0 cannot be started: add to what Landlock allows /nowhere: No such file or directory (ENOENT)")
            try supervisor.expect(
                "command/0 cannot be started: exec /bin/sh: Permission denied (EACCES)", "landlock.execute")
        }
    }

    @Test("a wall that the kernel refuses when it is built is left out with best_effort, said once, and shown")
    func refused() throws {
        // Where root of a user namespace may have as many mount namespaces as it likes, which is none.
        let script = #"echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$@""#
        let wrapper = ["/usr/bin/unshare", "--user", "--map-root-user", "/bin/sh", "-c", script, "sh"]
        try withSupervisor(
            service(
                "web", "sleep",
                more: "sandbox = { private_tmp = true, best_effort = true, landlock = { execute = ['/'] } }")
                + service("other", "sleep", more: "restart.policy = 'never'\nsandbox.private_tmp = true"),
            wrapper: wrapper
        ) { supervisor in
            let reason = "private_tmp: enter a mount namespace: No space left on device (ENOSPC)"
            try supervisor.expect("web runs without a wall of its sandbox: \(reason)")
            try supervisor.ready("web/0")
            try supervisor.expect(
                "other/0 cannot be started: enter a mount namespace: No space left on device (ENOSPC)")
            let shown = try supervisor.cadre("inspect", "web/0").output
            #expect(
                shown.contains(
                    "Sandbox\n  landlock.execute = [\"/\"]\n  left out: private_tmp: enter a mount namespace: No space left on device"
                ),
                "\(shown)")
            // It isn't tried again, and so said once.
            try supervisor.replace()
            #expect(supervisor.lines.filter { $0.contains("runs without a wall") }.count == 1)
        }
    }

    @Test("a wall that can't be built is left out with best_effort, said once, and shown") func bestEffort() throws {
        // A supervisor without CAP_SYS_ADMIN.
        let wrapper = ["/usr/bin/setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
        try withSupervisor(
            service(
                "web", "sleep", workers: 2,
                more: "sandbox = { private_tmp = true, best_effort = true, landlock = { execute = ['/'] } }")
                + service("other", "sleep", more: "sandbox.private_network = true"), wrapper: wrapper
        ) { supervisor in
            try supervisor.expect(
                "web runs without a wall of its sandbox: private_tmp: it needs CAP_SYS_ADMIN; run the supervisor as root"
            )
            try supervisor.ready("web/0")
            try supervisor.expect(
                "other/0 cannot be started: the sandbox can't be built: private_network: it needs CAP_SYS_ADMIN",
                "sandbox.best_effort = true")
            let shown = try supervisor.cadre("inspect", "web/0").output
            #expect(
                shown.contains("Sandbox\n  landlock.execute = [\"/\"]\n  left out: private_tmp: it needs CAP_SYS_ADMIN")
            )
            try supervisor.replace()
            #expect(try supervisor.cadre("inspect", "web/0").output.contains("left out: private_tmp"))
        }
    }
}

extension Trait where Self == ConditionTrait {
    fileprivate static func needsLandlock(_ version: Int, _ comment: Comment) -> Self {
        .enabled(if: ((try? LandlockRules.version()) ?? 0) >= version, comment)
    }
}
