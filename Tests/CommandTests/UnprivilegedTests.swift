import Cadre
import Glibc
import Testing

/// Cadre as an ordinary user, in a cgroup that was given to that user.
@Suite(.needsControlGroups, .needsRoot) struct UnprivilegedTests {
    /// Enters the cgroup as root, as systemd does for a unit with User= and Delegate=yes, and then is nobody for good.
    private let wrapper = [
        "sh", "-c",
        """
        group=$(sed -n 's/.*--cgroup \\([^ ]*\\) .*/\\1/p' <<EOF
        $*
        EOF
        )
        echo $$ >"$group/cgroup.procs"
        exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs -- "$@"
        """, "sh",
    ]

    @Test("it starts, kills, replaces, adopts and is upgraded as with root, and other users are an error that says so")
    func all() throws {
        try withScene { scene in
            for path in [
                scene.directory, scene.cgroup, "\(scene.cgroup)/cgroup.procs", "\(scene.cgroup)/cgroup.subtree_control",
                "\(scene.cgroup)/cgroup.threads",
            ] {
                chown(path, 65534, 65534)
            }
            let toml =
                service("web", "sleep", workers: 2)
                + service("other", "sleep", more: "user = 'daemon'\nrestart = { budget = 1, delay = '1ms' }")
            let supervisor = try SupervisorProcess(toml, in: scene, wrapper: wrapper)
            let pids = [try supervisor.ready("web/0"), try supervisor.ready("web/1")]
            try supervisor.expect("other/0 ", "daemon")
            #expect(
                try run(["ps", "-o", "euid=", "-p", "\(supervisor.pid),\(pids[0])"]).output.occurrences(of: "65534")
                    == 2)
            kill(pids[0], SIGKILL)
            let next = try supervisor.ready("web/0")
            try supervisor.replace()
            #expect(try supervisor.worker("web/0").pid == next)
            #expect(try supervisor.cadre("upgrade").code == 0)
            #expect(try supervisor.worker("web/1").pid == pids[1])
            #expect(try supervisor.cadre("restart", "web").code == 0)
            #expect(try supervisor.worker("web/1").pid != pids[1])
            try supervisor.stop()
        }
    }
}
