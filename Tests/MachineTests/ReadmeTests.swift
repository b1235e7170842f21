import Glibc
import Processes
import Reactor
import Testing

extension MachineTests {
    @Suite("the README tells the truth")
    struct Readme {
        /// What others run, and where.
        private static let elsewhere = [
            "make run": "examples/hello/run is what it runs; it needs the toolchain",
            "make test": "this is it",
            "make release": ".ci/run; this machine has no toolchain",
            "sudo make install": "Tests/VM/test has installed it",
            "cadre top": "TopTests, in a terminal",
        ]
        /// What goes on until somebody interrupts it, by how it begins, and what it prints before.
        private static let endless = [
            "cadre run ": "python3/3 is ready",
            "cadre logs -f ": "GET /readme",
            "cadre events": "workers ready",
            "cadre status --watch": "web",
        ]
        /// What asks whether it is meant.
        private static let asking = ["cadre destroy"]
        /// Runs a command in a terminal.
        private static let terminal =
            "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"

        @Test("each command does what it says, and the configuration is one")
        func commands() throws {
            let blocks = try Self.blocks(in: contents("\(sourceDirectory)/README.md"))
            let commands = Self.commands(in: blocks)
            #expect(commands.count > 8)
            for name in Self.elsewhere.keys where name.hasPrefix("make") {
                #expect(commands.contains(name), "\(name) is not in the README any more")
            }
            let configuration = try #require(
                blocks.first { $0.language == "toml" && $0.lines.contains { $0.hasPrefix("[service.") } })
            try write(configuration.lines.joined(separator: "\n"), to: "/etc/cadre/cadre.toml")
            // Another service that commands in the README name.
            let other = "/etc/cadre/conf.d/readme.toml"
            try write("[service.api]\n\(command("sleep"))\n", to: other)
            defer { unlink(other) }
            try write(contents("\(sourceDirectory)/examples/hello/server.py"), to: "/srv/web/server.py")
            do {
                for command in commands where Self.elsewhere[command] == nil {
                    try execute(command, in: "\(sourceDirectory)/examples/hello")
                }
            } catch {
                print(try run("journalctl", "--no-pager", "--lines=60", "--unit=cadre").output)
                try end()
                throw error
            }
            try end()
        }

        private func end() throws {
            try succeed("systemctl", "disable", "--now", "cadre")
            _ = try run("systemctl", "reset-failed", "cadre")
            #expect(!exists(Unit.group))
        }

        /// Runs a command as it is written, by root, who needs no sudo.
        private func execute(_ text: String, in directory: String) throws {
            print("$ \(text)")
            var text = text
            if text.hasPrefix("sudo ") { text.removeFirst("sudo ".count) }
            if Self.asking.contains(text) { text = "echo y | python3 -c '\(Self.terminal)' \(text)" }
            let awaited = Self.endless.first { text.hasPrefix($0.key) }?.value
            // In a scope, as from a login.
            let command = try Command(
                ["systemd-run", "--scope", "--quiet", "/bin/bash", "-c"]
                    + ["set -e; cd \(directory); \(awaited == nil ? "" : "exec ")\(text)"])
            if let awaited {
                // So that there is a line in the log.
                if text.hasPrefix("cadre logs") { try succeed("curl", "--silent", "http://127.0.0.1:8080/readme") }
                try command.waitForLine(awaited)
                kill(command.pid, SIGINT)
            }
            let exit = try command.wait()
            let expected: [ProcessExit] =
                awaited == nil ? [.exited(code: 0)] : [.exited(code: 0), .exited(code: 130), .interrupted]
            if !expected.contains(exit) { throw Trouble("\(text): \(exit)\n\(command.output)") }
            // Who reads comes to the next one later than this test does.
            if exists("/run/cadre/control.sock") { try succeed("cadre", "start", "*") }
        }

        // MARK: The file

        private struct Block {
            let language: String
            var lines: [String] = []
        }

        private static func blocks(in text: String) -> [Block] {
            var blocks: [Block] = []
            var isInside = false
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```") {
                    isInside.toggle()
                    if isInside { blocks.append(Block(language: String(line.dropFirst(3)))) }
                } else if isInside {
                    blocks[blocks.count - 1].lines.append(String(line))
                }
            }
            return blocks
        }

        /// The commands in order, without their comments. Of one that comes several times it is the last time that
        /// counts: before there may be nothing yet that it could show.
        private static func commands(in blocks: [Block]) -> [String] {
            var commands: [String] = []
            for line in blocks.filter({ $0.language == "console" }).flatMap(\.lines) where line.hasPrefix("$ ") {
                let text = line.dropFirst(2).split(separator: "  #", maxSplits: 1)[0].split(separator: " # ")[0]
                let command = String(text.reversed().drop { $0 == " " }.reversed())
                commands.removeAll { $0 == command }
                commands.append(command)
            }
            return commands
        }
    }
}

extension ProcessExit {
    fileprivate static let interrupted = ProcessExit.signaled(signal: SIGINT, coreDumped: false)
}
