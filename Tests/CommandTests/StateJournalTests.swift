import CLinux
import Cadre
import ControlAPI
import Glibc
import Processes
import Reactor
import Testing

/// The journal by which a supervisor goes on, when it is not as it should be.
@Suite(.needsControlGroups) struct StateJournalTests {
    private let toml = service("web", "sleep", workers: 3)

    private func ready(_ supervisor: SupervisorProcess) throws -> [Int32?] {
        try (0..<3).map { try supervisor.ready("web/\($0)") }
    }

    private func expectUntouched(
        _ supervisor: SupervisorProcess, _ workers: [Int32?], at location: SourceLocation = #_sourceLocation
    ) throws {
        let now = try supervisor.status().services[0].workers
        #expect(now.map(\.pid) == workers, sourceLocation: location)
        #expect(now.allSatisfy { $0.restarts == 0 && $0.state == "ready" }, sourceLocation: location)
    }

    @Test("a last line that was written in part is nothing, however much of it is missing")
    func torn() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try ready(supervisor)
            for length in [1, 2, 7, 30] {
                try supervisor.absent { try shell(#"truncate --size=-"$2" "$1""#, supervisor.statePath, "\(length)") }
                try expectUntouched(supervisor, workers)
            }
            try supervisor.absent { try shell(#"printf '0badbad0 worker:web' >> "$1""#, supervisor.statePath) }
            try expectUntouched(supervisor, workers)
            #expect(try !supervisor.hasPrinted("are damaged"))
        }
    }

    @Test("lines in the middle that are damaged are left out, which is told, and what lives goes on")
    func damaged() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try ready(supervisor)
            for name in ["totals", "usage:web/1", "worker:web/1", "counters:web"] {
                // A line for each, which the kernel's tree of cgroups has to make up for if it was the only one.
                try supervisor.absent {
                    try shell(
                        #"sed -i "0,/ $2 /s/ $2 / $2x/" "$1""#, supervisor.statePath, name.replacing("/", with: #"\/"#))
                }
                try supervisor.expect("error: 1 of the lines in \(supervisor.statePath) are damaged and were left out")
                try expectUntouched(supervisor, workers)
            }
        }
    }

    @Test("one of another version is not touched, and what to do is said; what runs is left to run")
    func otherVersion() throws {
        try withScene { scene in
            let supervisor = try SupervisorProcess(toml, in: scene)
            let workers = try ready(supervisor)
            try supervisor.leave { try rewriteHeader(supervisor.statePath, #""version":1"#, #""version":99"#) }
            try supervisor.expect("\(supervisor.statePath) has the version 99, and this version of cadre reads 1")
            #expect(try supervisor.waitForEnd().code == 1)
            // It is the unit's manager who ends them, or destroy.
            for worker in workers { #expect(kill(try #require(worker), 0) == 0) }
            #expect(try Descriptor.open(supervisor.statePath).readText().contains(#""version":99"#))
            let (code, output) = try supervisor.cadre("destroy", "--yes")
            #expect(code == 0, "\(output)")
            #expect(access(supervisor.runtimeDirectory, F_OK) == -1)
            #expect(try Descriptor.open("\(scene.cgroup)/cgroup.events").readText().contains("populated 0"))
        }
    }

    @Test("one of another delegated root is nobody's; a start without any ends what is left and begins anew")
    func missing() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try ready(supervisor)
            try supervisor.leave { unlink(supervisor.statePath) }
            let next = try ready(supervisor)
            #expect(Set(next).isDisjoint(with: workers))
            try supervisor.leave { try rewriteHeader(supervisor.statePath, #""id":1"#, #""id":2"#, any: true) }
            #expect(Set(try ready(supervisor)).isDisjoint(with: next))
        }
    }

    /// Changes the header, with the right checksum.
    private func rewriteHeader(_ path: String, _ old: String, _ new: String, any: Bool = false) throws {
        let script = #"""
            import re, sys
            path, old, new, any = sys.argv[1:]
            lines = open(path, 'rb').read().split(b'\n')
            line = lines[0].split(b' ', 1)[1]
            line = re.sub(rb'"id":\d+', b'"id":1', line) if any == 'true' else line.replace(old.encode(), new.encode())
            hash = 0x811C9DC5
            for byte in line: hash = ((hash ^ byte) * 0x01000193) & 0xFFFFFFFF
            lines[0] = b'%08x ' % hash + line
            open(path, 'wb').write(b'\n'.join(lines))
            """#
        let (code, output) = try run(["/usr/bin/python3", "-c", script, path, old, new, "\(any)"])
        try #require(code == 0, "\(output)")
    }

    @Test("on a full disk it says so, goes on, and writes all of it when there is room again", .needsMounts)
    func fullDisk() throws {
        try withSupervisor(
            { scene in
                mkdir(scene.path("run"), 0o755)
                return service("web", "sleep", workers: 3)
            },
            wrapper: [
                "unshare", "--mount", "sh", "-c",
                #"run=$(dirname "$4")/run; mount -t tmpfs -o size=1m none "$run" && exec "$@""#, "sh",
            ]
        ) { supervisor in
            var pids = try ready(supervisor)
            func inside(_ command: String...) throws -> (code: Int32, output: String) {
                try run(["nsenter", "--mount", "--target", "\(supervisor.keeper)"] + command)
            }
            let status = { () -> String in
                try inside(Machine.cadre, "status", "--socket", supervisor.socket).output
            }
            #expect(try inside("dd", "if=/dev/zero", "of=\(supervisor.runtimeDirectory)/filler", "bs=4k").code != 0)
            // Some of it fits into the last page of the file.
            for _ in 0..<40 where try !supervisor.hasPrinted("won't know all that it should") {
                kill(try #require(pids[0]), SIGKILL)
                try supervisor.expect("web/0 was killed by SIGKILL")
                pids[0] = try supervisor.ready("web/0")
                #expect(try inside(Machine.cadre, "reset", "web/0", "--socket", supervisor.socket).code == 0)
            }
            #expect(supervisor.lines.contains { $0.contains("No space left on device") })
            #expect(try inside("rm", "\(supervisor.runtimeDirectory)/filler").code == 0)
            try supervisor.expect("there is room again for what the supervisor that follows has to know")
            let before = try status()
            try supervisor.replace()
            // All but how long they are up, and the like.
            let columns = { (table: String) in
                table.split(separator: "\n").map { $0.split(separator: " ").prefix(4).joined(separator: " ") }
            }
            let after = try status()
            #expect(columns(after) == columns(before))
            for pid in pids.compactMap({ $0 }) { #expect(after.contains(" \(pid) ")) }
            // What is below the mount, in this namespace.
            rmdir(supervisor.runtimeDirectory)
        }
    }
}
