import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What is wrong with one service never concerns another.
@Suite(.needsControlGroups) struct FaultTests {
    private static let mostPatient = "restart = { delay = '10ms', max_delay = '50ms', budget = 100000 }"

    /// A service that cannot start, and what is said about it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let toml: @Sendable (Scene) throws -> String
        let sentence: [String]
        var needsRoot = false
    }

    static let faults = [
        Fault(
            testDescription: "a missing binary",
            toml: { _ in "[service.bad]\ncommand = ['/no/such/binary']\n" },
            sentence: ["exec /no/such/binary: No such file or directory (ENOENT)"]),
        Fault(
            testDescription: "a binary that isn't on the PATH",
            toml: { _ in "[service.bad]\ncommand = ['no-such-binary']\n" },
            sentence: ["exec no-such-binary: ", "none of the directories of PATH (/usr/local/sbin:"]),
        Fault(
            testDescription: "a script without a first line",
            toml: { "[service.bad]\ncommand = ['\(try $0.writeProgram("script", "exit 0"))']\n" },
            sentence: ["Exec format error (ENOEXEC)", "without a first line such as #!/bin/sh"]),
        Fault(
            testDescription: "a script whose interpreter is missing",
            toml: { "[service.bad]\ncommand = ['\(try $0.writeProgram("script", "#!/no/such/shell\n"))']\n" },
            sentence: ["/script exists but its interpreter", "doesn't"]),
        Fault(
            testDescription: "a file that isn't executable",
            toml: { "[service.bad]\ncommand = ['\(try $0.write("script", "#!/bin/sh\n"))']\n" },
            sentence: ["/script: Permission denied (EACCES)", "isn't executable"]),
        Fault(
            testDescription: "a missing directory",
            toml: { _ in service("bad", "sleep", more: "directory = '/no/such/directory'") },
            sentence: ["change directory to /no/such/directory: No such file or directory (ENOENT)"]),
        Fault(
            testDescription: "a directory that the user may not enter",
            toml: { scene in
                mkdir(scene.path("private"), 0o700)
                return service("bad", "sleep", more: "directory = '\(scene.path("private"))'\nuser = 'nobody'")
            },
            sentence: ["change directory to ", "/private: Permission denied (EACCES)"], needsRoot: true),
        Fault(
            testDescription: "a user that there isn't",
            toml: { _ in service("bad", "sleep", more: "user = 'no-such-user'") },
            sentence: ["no-such-user"]),
        Fault(
            testDescription: "a group that there isn't",
            toml: { _ in service("bad", "sleep", more: "group = 'no-such-group'") },
            sentence: ["no-such-group"]),
        Fault(
            testDescription: "a missing environment file",
            toml: { _ in service("bad", "sleep", more: "environment_file = '/no/such/file'") },
            sentence: ["/no/such/file", "No such file or directory (ENOENT)"]),
        Fault(
            testDescription: "an environment file that cannot be read",
            toml: {
                service("bad", "sleep", more: "environment_file = '\(try $0.write("bad.env", "A=1\nnonsense\n"))'")
            },
            sentence: ["/bad.env:2: "]),
        Fault(
            testDescription: "a log file in a directory that there isn't",
            toml: { _ in service("bad", "sleep", more: "log = { to = 'file', file = '/no/such/directory/log' }") },
            sentence: ["/no/such/directory/log", "No such file or directory (ENOENT)"]),
        Fault(
            testDescription: "a socket in a directory that there isn't",
            toml: { _ in
                service("bad", "sleep", more: "socket = [{ name = 'http', listen = 'unix:/no/such/directory/http' }]")
            },
            sentence: ["listen on unix:/no/such/directory/http (bind): No such file or directory (ENOENT)"]),
    ].filter { !$0.needsRoot || Machine.isRoot }

    @Test("a service that cannot be started says why and fails; the other is untouched", arguments: faults)
    func cannotStart(fault: Fault) throws {
        let restart = "restart = { delay = '1ms', budget = 2 }\n"
        try withSupervisor({ try service("web", "sleep") + fault.toml($0) + restart }) { supervisor in
            let pid = try supervisor.ready("web/0")
            let line = try supervisor.expect("cadre: error: bad/0 cannot be started: ")
            for part in fault.sentence { #expect(line.contains(part)) }
            try supervisor.expect("bad/0 has failed: ")
            let bad = try supervisor.worker("bad/0")
            #expect(bad.state == "failed" && bad.lastExit?.reason == "spawn" && bad.pid == nil)
            #expect(line.hasSuffix(try #require(bad.lastExit?.detail)))
            #expect(try supervisor.worker("web/0").pid == pid)
            #expect(!supervisor.scene.hasGroup("bad/0@1"))
        }
    }

    @Test("a port that another program uses is named, and the service starts when it is free")
    func portInUse() throws {
        let listener = try TCPListener()
        let more = "socket = [{ name = 'http', listen = '127.0.0.1:\(listener.port)' }]\n\(Self.mostPatient)"
        try withSupervisor(service("web", "sleep") + service("taken", "sleep", workers: 2, more: more)) { supervisor in
            let pid = try supervisor.ready("web/0")
            let line = try supervisor.expect("taken/1 cannot be started: ")
            #expect(line.contains("listen on 127.0.0.1:\(listener.port) (bind): Address already in use (EADDRINUSE)"))
            listener.close()
            for number in 0..<2 { try supervisor.ready("taken/\(number)") }
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    @Test("out of descriptors, what runs goes on, the control socket answers, and the rest starts when there are more")
    func outOfDescriptors() throws {
        let more = "\(Self.mostPatient)\nlog.to = 'none'"
        try withSupervisor(service("web", "sleep", more: more)) { supervisor in
            let setLimit = { (limit: Int) in
                try run(["prlimit", "--pid", "\(supervisor.pid)", "--nofile=\(limit):"])
            }
            let pid = try supervisor.ready("web/0")
            #expect(try setLimit(48).code == 0)
            try supervisor.reload(service("web", "sleep", workers: 20, more: more))
            try supervisor.expect("cannot be started: ", "Too many open files (EMFILE)")
            let (code, output) = try supervisor.cadre("status")
            #expect(code == 0 || code == 4 && output.contains("out of descriptors"), "\(output)")
            #expect(try setLimit(1024).code == 0)
            for number in 1..<20 { try supervisor.ready("web/\(number)") }
            let worker = try supervisor.worker("web/0")
            #expect(worker.pid == pid && worker.restarts == 0)
        }
    }

    @Test("out of inotify watches, what runs goes on, and the rest starts when there are more")
    func outOfWatches() throws {
        // The limit is one of a user namespace, so that nobody else feels it.
        let limited = [
            "unshare", "--user", "--map-root-user", "sh", "-c",
            #"echo 2 >/proc/sys/user/max_inotify_watches && exec "$@""#, "sh",
        ]
        let toml = service("web", "sleep", workers: 3, more: "\(Self.mostPatient)\nlog.to = 'none'")
        try withSupervisor(toml, wrapper: limited) { supervisor in
            for number in 0..<2 { try supervisor.ready("web/\(number)") }
            try supervisor.expect("web/2 cannot be started: inotify_add_watch", "No space left on device (ENOSPC)")
            #expect(!supervisor.scene.hasGroup("web/2@1"))
            #expect(try supervisor.cadre("stop", "web/0").code == 0)
            try supervisor.ready("web/2")
            #expect(try supervisor.worker("web/1").restarts == 0)
        }
    }

    @Test(
        "out of processes, what runs goes on, and the rest starts when there are more",
        .enabled(if: Machine.hasController("pids"), "needs the pids controller"))
    func outOfProcesses() throws {
        try withScene { scene in
            let limit = try Descriptor.open("\(scene.cgroup)/pids.max", flags: O_WRONLY)
            try limit.write("24")
            let toml = service("web", "sleep", workers: 40, more: "\(Self.mostPatient)\nlog.to = 'none'")
            let supervisor = try SupervisorProcess(toml, in: scene)
            let pid = try supervisor.ready("web/0")
            let line = try supervisor.expect("cannot be started: ", "Resource temporarily unavailable (EAGAIN)")
            #expect(line.contains("pids.max"))
            try limit.write("max")
            for number in 1..<40 { try supervisor.ready("web/\(number)") }
            #expect(try supervisor.worker("web/0").pid == pid)
            try supervisor.stop()
        }
    }

    @Test("with a full runtime directory what runs goes on, and the rest starts when there is room", .needsMounts)
    func fullRuntimeDirectory() throws {
        try withSupervisor(
            { scene in
                mkdir(scene.path("run"), 0o755)
                return service("web", "sleep", workers: 10, more: Self.mostPatient)
            },
            wrapper: [
                // For the root directory, notify, control.sock and three workers.
                "unshare", "--mount", "sh", "-c",
                #"run=$(dirname "$4")/run; mount -t tmpfs -o nr_inodes=6 none "$run" && exec "$@""#, "sh",
            ]
        ) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("cannot be started: ", "No space left on device (ENOSPC)")
            let inside = ["nsenter", "--mount", "--target", "\(supervisor.pid)"]
            let status = inside + [Machine.cadre, "status", "--socket", supervisor.socket]
            #expect(try run(status).code == 0)
            #expect(try run(inside + ["mount", "-o", "remount,nr_inodes=100", supervisor.runtimeDirectory]).code == 0)
            for number in 1..<10 { try supervisor.ready("web/\(number)") }
            let table = try run(status).output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(table.contains { $0.starts(with: ["web", "0", "ready", "\(pid)"]) && $0[5] == "0" })
            // What is below the mount, in this namespace.
            rmdir(supervisor.runtimeDirectory)
        }
    }

    @Test("a supervisor refuses a read-only cgroup file system, and says so", .needsMounts)
    func readOnlyAtStart() throws {
        try withScene { scene in
            let supervisor = try SupervisorProcess(
                service("web", "sleep"), in: scene,
                wrapper: [
                    "unshare", "--mount", "sh", "-c",
                    #"cgroup=$6; mount --bind "$cgroup" "$cgroup" && mount -o remount,ro,bind "$cgroup" && exec "$@""#,
                    "sh",
                ])
            let (code, output) = try supervisor.waitForEnd()
            #expect(code == 1)
            #expect(output.contains("is on a read-only mount of the cgroup file system; mount it writable"))
        }
    }

    @Test(
        "where the cgroup file system becomes read-only, what runs goes on and a start says why it fails", .needsMounts)
    func readOnlyLater() throws {
        let restart = "restart = { delay = '1ms', budget = 2 }"
        try withSupervisor(
            service("web", "sleep", workers: 2, more: restart),
            wrapper: ["unshare", "--mount", "sh", "-c", #"mount --bind "$6" "$6" && exec "$@""#, "sh"]
        ) { supervisor in
            let (first, other) = (try supervisor.ready("web/0"), try supervisor.ready("web/1"))
            let remount = { (how: String) in
                try run([
                    "nsenter", "--mount", "--target", "\(supervisor.pid)", "mount", "-o", "remount,bind,\(how)",
                    supervisor.scene.cgroup,
                ])
            }
            #expect(try remount("ro").code == 0)
            kill(first, SIGKILL)
            try supervisor.expect("web/0 cannot be started: ", "Read-only file system (EROFS)")
            try supervisor.expect("web/0 has failed")
            #expect(try supervisor.worker("web/1").pid == other)
            #expect(try remount("rw").code == 0)
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/1").pid == other)
        }
    }
}
