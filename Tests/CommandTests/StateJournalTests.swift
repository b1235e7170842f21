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

    // MARK: No room

    /// Runs `body` with a supervisor whose runtime directory is a file system of its own, of one mebibyte.
    private func withSmallDisk(_ body: (SupervisorProcess, SmallDisk) throws -> Void) throws {
        try withSupervisor(
            { scene in
                mkdir(scene.path("run"), 0o755)
                return toml
            },
            wrapper: [
                "unshare", "--mount", "sh", "-c",
                #"run=$(dirname "$4")/run; mount -t tmpfs -o size=8m none "$run" && exec "$@""#, "sh",
            ]
        ) { supervisor in
            try body(supervisor, SmallDisk(supervisor: supervisor))
            // What is below the mount, in this namespace.
            rmdir(supervisor.runtimeDirectory)
        }
    }

    /// What is done in the supervisor's mount namespace.
    private struct SmallDisk {
        let supervisor: SupervisorProcess

        @discardableResult
        func run(_ command: String...) throws -> (code: Int32, output: String) {
            try CommandTests.run(["nsenter", "--mount", "--target", "\(supervisor.keeper)"] + command)
        }

        func cadre(_ arguments: String..., at location: SourceLocation = #_sourceLocation) throws -> String {
            let command = ["nsenter", "--mount", "--target", "\(supervisor.keeper)", Machine.cadre] + arguments
            let (code, output) = try CommandTests.run(command + ["--socket", supervisor.socket])
            #expect(code == 0, "\(output)", sourceLocation: location)
            return output
        }

        func fill() throws {
            #expect(try run("dd", "if=/dev/zero", "of=\(supervisor.runtimeDirectory)/filler", "bs=4k").code != 0)
        }

        func makeRoom() throws { #expect(try run("rm", "\(supervisor.runtimeDirectory)/filler").code == 0) }

        /// Each worker's number, state, process and restarts.
        func status() throws -> [String] {
            try cadre("status").split(separator: "\n").dropFirst().map { line in
                let fields = line.split(separator: " ").filter { $0 != "web" }
                // How long it is up is between them.
                return (fields.prefix(3) + fields.dropFirst(4).prefix(1)).joined(separator: " ")
            }
        }
    }

    @Test(
        "on a full disk all goes on, as there is room in reserve: a supervisor that is killed loses nothing",
        .needsMounts)
    func fullDisk() throws {
        try withSmallDisk { supervisor, disk in
            var pids = try ready(supervisor)
            try disk.fill()
            // Enough for the journal to be written anew several times.
            for turn in 1...60 {
                kill(try #require(pids[0]), SIGKILL)
                try supervisor.expect("web/0 was killed by SIGKILL")
                pids[0] = try supervisor.ready("web/0")
                _ = try disk.cadre("reset", "web/0")
                guard turn % 20 == 0 else { continue }
                let before = try disk.status()
                try supervisor.replace()
                #expect(try disk.status() == before)
                for pid in pids { #expect(before.contains { $0.contains("ready \(pid ?? 0) ") }) }
            }
            _ = try disk.cadre("stop", "web/1")
            try supervisor.replace()
            #expect(try disk.status().contains { $0.hasPrefix("1 stopped") })
            _ = try disk.cadre("start", "web/1")
            try supervisor.replace()
            #expect(try disk.status().filter { $0.contains("ready") }.count == 3)
            #expect(try !supervisor.hasPrinted("won't know all that it should"))
        }
    }

    @Test("when the reserve is used up it says so; who follows ends nobody of whom it isn't told", .needsMounts)
    func noReserve() throws {
        try withSmallDisk { supervisor, disk in
            let pids = try ready(supervisor)
            try disk.fill()
            _ = try disk.cadre("scale", "web=400", "--no-wait")
            try supervisor.expect("if this supervisor dies, the one that follows won't know all that it should: ")
            #expect(supervisor.lines.contains { $0.contains("No space left on device") })
            let last = try supervisor.ready("web/399")
            try supervisor.replace()
            try supervisor.expect("error: there was no room for all that the supervisor before had to write")
            try supervisor.expect("web/399: running, and not supervised")
            #expect(kill(last, 0) == 0)
            for pid in pids { #expect(try disk.status().contains { $0.contains("ready \(pid ?? 0) ") }) }
            // Nor does the one after that, which is told all that this one knows.
            try supervisor.replace()
            #expect(kill(last, 0) == 0)
            try disk.makeRoom()
            _ = try disk.cadre("scale", "web=400")
            #expect(try disk.status().contains("399 ready \(last) 0"))
            try supervisor.replace()
            #expect(try disk.status().filter { $0.contains(" ready ") }.count == 400)
            #expect(try disk.status().contains("399 ready \(last) 0"))
        }
    }
}
