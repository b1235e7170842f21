import Cadre
import Glibc
import Processes
import Reactor
import Systemd
import Testing

extension MachineTests {
    /// What Tests/hostile/attempts.py tries, and what comes of it: the table in SECURITY.md.
    @Suite("hostile workers")
    struct Hostile {
        /// A row of the table.
        fileprivate struct Row: Equatable {
            let attempt: String
            /// Of a service with a user and limits of its own.
            let bare: String
            /// Of one that has a sandbox as well.
            let walled: String
        }

        private static let identity = "/usr/local/bin/cadre-test-id"
        private static let columns = "| attempt | user and limits | sandbox |"
        /// Landlock has no rules for TCP before Linux 6.7, and this is what they would forbid.
        private static let ofPorts = "listen on a port that is not its own"

        @Test("what they attempt comes to nothing, as SECURITY.md says it, and neither siblings nor Cadre notice")
        func attempts() throws {
            let settings = try Self.prepare()
            defer { Self.cleanUp() }
            let walls = """
                [service.hostile.sandbox]
                best_effort = true
                protect_system = "strict"
                protect_home = true
                private_tmp = true
                private_devices = true
                protect_control_groups = true
                inaccessible_paths = ["/srv/forbidden"]
                system_call_filter = ["@system-service", "~unshare"]
                landlock = { execute = ["/"], read_write = ["/tmp", "/dev"], tcp_bind = [8080] }
                """
            let bare = try Self.outcomes(Self.configuration(""), settings)
            let walled = try Self.outcomes(Self.configuration(walls), settings)
            let rows = zip(bare, walled).map { bare, walled in
                Row(attempt: bare.attempt, bare: bare.outcome, walled: walled.outcome)
            }
            print(([Self.columns, "|---|---|---|"] + rows.map(\.line)).joined(separator: "\n"))
            var expected = try Self.documented()
            if try LandlockRules.version() < LandlockRules.versionOfPorts {
                expected = expected.map {
                    $0.attempt == Self.ofPorts ? Row(attempt: $0.attempt, bare: $0.bare, walled: $0.bare) : $0
                }
            }
            #expect(expected.count > 40)
            #expect(rows == expected)
        }

        private static func configuration(_ more: String) -> String {
            """
            [service.hostile]
            command = ["/usr/bin/python3", "\(sourceDirectory)/Tests/hostile/attempts.py"]
            ready.by = "notify"
            user = "nobody"
            fd_store_max = 4
            stop.timeout = "1s"
            environment = { SETUID_ID = "\(identity)" }
            rlimits = { nofile = 256, fsize = "16M" }
            limits = { memory_max = "256M", tasks_max = 64, cpu_max = "80%" }
            [service.victim]
            \(command("sleep"))
            user = "tester"
            credentials = ["key"]
            \(more)
            """
        }

        /// Has the worker do what it can, and looks whether anybody else was harmed.
        private static func outcomes(
            _ configuration: String, _ settings: String
        ) throws -> [(attempt: String, outcome: String)] {
            var found: [(attempt: String, outcome: String)] = []
            try Unit.running(configuration, logging: ["hostile/0"], settings: settings) { unit in
                try unit.journal.event(.ready, of: "hostile/0", incarnation: 1)
                try unit.journal.event(.ready, of: "victim/0", incarnation: 1)
                let (hostile, victim, keeper) = (
                    try unit.pid("hostile/0"), try unit.pid("victim/0"), try unit.keeper()
                )
                let supervisor = try unit.file("cgroup.procs", of: "supervisor")
                let before = names(in: "/proc/\(supervisor)/fd").count
                while case let line = try unit.journal.line(of: "hostile/0", beginning: ""), line != "done" {
                    let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
                    // What it prints for the sake of it is no outcome.
                    if parts.count == 2 { found.append((parts[0], parts[1])) }
                }
                #expect(try unit.pid("hostile/0") == hostile)
                #expect(try unit.pid("victim/0") == victim)
                #expect(try unit.keeper() == keeper)
                #expect(try unit.file("cgroup.procs", of: "supervisor") == supervisor)
                #expect(try unit.file("memory.max", of: "hostile/0@1") == "268435456")
                #expect(try unit.file("pids.max", of: "hostile/0@1") == "64")
                // Connections of ours may be about to be closed.
                #expect(names(in: "/proc/\(supervisor)/fd").count < before + 4 + 16)
                #expect(try unit.worker("hostile/0").statusText == "?]0;owned??[2J\u{FFFD}31mred?txt\u{FFFD}")
                let shown = try succeed("cadre", "status") + succeed("cadre", "inspect", "hostile/0")
                #expect(!shown.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B })
                // What it asks for while it stops is bounded, too.
                try succeed("cadre", "stop", "hostile")
                try succeed("cadre", "restart", "victim")
                #expect(try unit.pid("victim/0") != victim)
            }
            return found
        }

        /// Makes what they are after, and returns what the unit needs for it.
        private static func prepare() throws -> String {
            try write("nothing for you\n", to: "/srv/forbidden")
            try write("the-key", to: "/etc/cadre/machine-test-key")
            chmod("/etc/cadre/machine-test-key", 0o600)
            try succeed("install", "--mode=4755", "/usr/bin/id", identity)
            return "LoadCredential=key:/etc/cadre/machine-test-key"
        }

        private static func cleanUp() {
            for path in ["/srv/forbidden", "/etc/cadre/machine-test-key", identity] { unlink(path) }
        }

        /// The table in SECURITY.md.
        private static func documented() throws -> [Row] {
            let lines = try contents("\(sourceDirectory)/SECURITY.md").split(separator: "\n").drop { $0 != columns }
            return lines.dropFirst(2).prefix { $0.hasPrefix("|") }.compactMap(Row.init)
        }
    }
}

extension MachineTests.Hostile.Row {
    /// Reads a line of the table.
    fileprivate init?(_ line: Substring) {
        let cells = line.split(separator: "|").map { $0.trimmingPrefix(" ") }
        guard cells.count == 3 else { return nil }
        let texts = cells.map { String($0.hasSuffix(" ") ? $0.dropLast() : $0) }
        self.init(attempt: texts[0], bare: texts[1], walled: texts[2])
    }

    fileprivate var line: String { "| \(attempt) | \(bare) | \(walled) |" }
}
