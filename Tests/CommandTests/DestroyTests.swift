import Cadre
import Glibc
import Reactor
import Testing

@Suite("cadre destroy", .needsControlGroups)
struct DestroyTests {
    /// A service with two workers, each with a process that left its parent, and a socket in the file system.
    private func service(in scene: Scene) -> String {
        """
        [service.web]
        command = ['\(Machine.worker)', 'double-fork']
        workers = 2
        socket = [{ name = 'api', listen = 'unix:\(scene.path("api.sock"))' }]

        """
    }

    private func isPopulated(_ group: String) throws -> Bool {
        try !Descriptor.open("\(group)/cgroup.events").readText().contains("populated 0")
    }

    @Test("removes all that a killed supervisor left, and nothing else") func killed() throws {
        try withScene { scene in
            let foreign = "\(scene.cgroup)/foreign"
            try shell(#"mkdir "$1"; (echo 0 > "$1/cgroup.procs"; exec sleep 1000 > /dev/null 2>&1) &"#, foreign)
            let supervisor = try SupervisorProcess(service(in: scene), in: scene, root: "root")
            try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            try supervisor.signal(SIGKILL)
            try supervisor.waitForEnd()
            #expect(try isPopulated("\(scene.cgroup)/root/web"))
            #expect(access(scene.path("api.sock"), F_OK) == 0)

            let (code, output) = try supervisor.cadre("destroy", "--yes")
            #expect(code == 0, "\(output)")
            #expect(output.contains("emptied the cgroup \(scene.cgroup)/root with web"))
            #expect(output.contains("removed the socket \(supervisor.socket)"))
            #expect(try !isPopulated("\(scene.cgroup)/root"))
            #expect(!scene.hasGroup("root/web"))
            #expect(!scene.hasGroup("root/supervisor"))
            #expect(access(scene.path("api.sock"), F_OK) == -1)
            #expect(access(supervisor.runtimeDirectory, F_OK) == -1)
            #expect(try isPopulated(foreign))

            let again = try supervisor.cadre("destroy", "--yes")
            #expect(again.code == 0)
            #expect(again.output == "nothing is left of a supervisor at \(supervisor.socket)")
        }
    }

    @Test("stops a supervisor that lives, if somebody said so") func living() throws {
        try withScene { scene in
            let supervisor = try SupervisorProcess(service(in: scene), in: scene)
            try supervisor.ready("web/0")
            let refused = try supervisor.cadre("destroy")
            #expect(refused.code == 64)
            #expect(refused.output.contains("--yes"))
            let pid = supervisor.pid
            #expect(try supervisor.status().supervisor == pid)

            let (code, output) = try supervisor.cadre("destroy", "--yes")
            #expect(code == 0, "\(output)")
            #expect(output == "stopped the supervisor \(pid) and all that it ran")
            #expect(try supervisor.waitForEnd().code == 0)
            #expect(try !isPopulated(scene.cgroup))
            #expect(access(supervisor.runtimeDirectory, F_OK) == -1)
            #expect(access(scene.path("api.sock"), F_OK) == -1)
        }
    }

    @Test("leaves those alone that were not named, dead or alive") func others() throws {
        try withScene { scene in
            try withScene { other in
                let supervisor = try SupervisorProcess(service(in: scene), in: scene)
                let dead = try SupervisorProcess(service(in: other), in: other)
                try supervisor.ready("web/0")
                try dead.ready("web/0")
                try dead.signal(SIGKILL)
                try dead.waitForEnd()
                let nowhere = scene.path("nowhere/control.sock")
                let (code, output) = try run([Machine.cadre, "destroy", "--yes", "--socket", nowhere])
                #expect(code == 0)
                #expect(output == "nothing is left of a supervisor at \(nowhere)")
                #expect(try isPopulated("\(other.cgroup)/web"))
                #expect(access(dead.socket, F_OK) == 0)
                #expect(try dead.cadre("destroy", "--yes").code == 0)
                #expect(!other.hasGroup("web"))
                #expect(try supervisor.status().supervisor == supervisor.pid)
                try supervisor.stop()
            }
        }
    }

    @Test("doesn't take away what a supervisor uses that it can't talk to") func silent() throws {
        try withSupervisor(Self.sleeper) { supervisor in
            try supervisor.ready("web/0")
            try shell(#"mv "$1" "$1.away""#, supervisor.socket)
            let (code, output) = try supervisor.cadre("destroy", "--yes")
            #expect(code == 1)
            #expect(output.contains("the supervisor \(supervisor.keeper) lives and does not listen"))
            try shell(#"mv "$1.away" "$1""#, supervisor.socket)
            #expect(try supervisor.status().supervisor == supervisor.pid)
        }
    }

    @Test("doesn't remove the cgroup that it runs in") func inside() throws {
        try withScene { scene in
            let supervisor = try SupervisorProcess(Self.sleeper, in: scene)
            try supervisor.ready("web/0")
            try supervisor.signal(SIGKILL)
            try supervisor.waitForEnd()
            let (code, output) = try run([
                "/bin/sh", "-c", #"echo 0 > "$1" && exec "$2" destroy --yes --socket "$3""#, "sh",
                "\(scene.cgroup)/supervisor/cgroup.procs", Machine.cadre, supervisor.socket,
            ])
            #expect(code == 1)
            #expect(output.contains("this very command runs in \(scene.cgroup)"))
            #expect(try isPopulated("\(scene.cgroup)/web"))
        }
    }

    /// In namespaces of its own, where there is no systemd, and no one else's supervisor to be seen.
    @Test("removes what a killed cadre run left, which the next one tells of", .needsMounts) func madeRoot() throws {
        try withScene { scene in
            let script = """
                set -e
                mount -t tmpfs none /run
                # The same hierarchy can't be mounted over itself.
                umount --lazy /sys/fs/cgroup
                mount -t cgroup2 none /sys/fs/cgroup
                mkdir /sys/fs/cgroup/home
                echo 0 > /sys/fs/cgroup/home/cgroup.procs
                mkfifo "$2/started"
                export STARTED="$2/started"
                "$1" run -- sh -c 'echo > "$STARTED"; exec sleep 1000' &
                read line < "$STARTED"
                test -S /run/cadre/run-$!/control.sock
                kill -9 $!
                wait $! || true
                test -d /sys/fs/cgroup/home/cadre-$!
                "$1" run --restart never -- true
                "$1" destroy --yes
                test ! -e /sys/fs/cgroup/home/cadre-$!
                test ! -e /run/cadre/run-$!
                "$1" destroy
                """
            let (code, output) = try run(
                [
                    "/bin/sh", "-c", #"echo 0 > "$1/cgroup.procs"; shift; exec unshare --mount --cgroup sh "$@""#,
                    "sh", scene.cgroup, "-c", script, "sh", Machine.cadre, scene.directory,
                ])
            #expect(code == 0, "\(output)")
            #expect(output.contains("an earlier supervisor died and left /sys/fs/cgroup/home/cadre-"))
            #expect(output.contains("removed the cgroup /sys/fs/cgroup/home/cadre-"))
            #expect(output.hasSuffix("nothing of Cadre's is left"), "\(output)")
        }
    }

    private static let sleeper = "[service.web]\ncommand = ['\(Machine.worker)', 'sleep', '1000']\n"
}
