import Glibc
import Pages
import Processes
import Reactor
import Testing

extension MachineTests {
    @Suite("the README tells the truth")
    struct Readme {
        /// What is read, in this order. The tutorial is for machines without systemd, too: TutorialTests.
        private static let pages = ["README.md", "docs/control.md", "docs/operations.md", "docs/sandboxes.md"]
        /// What others run, and where.
        private static let elsewhere = [
            "make run": "examples/hello/run is what it runs; it needs the toolchain",
            "make test": "this is it",
            "make release": ".ci/run; this machine has no toolchain",
            "make deb": ".ci/run",
            "sudo apt install ./.build/deb/cadre_*.deb": "PackageTests, by dpkg",
            "sudo make install": "the package is what it installs",
            "cadre top": "TopTests, in a terminal",
            "cadre import Procfile --formation web=3,worker=2": "ImportTests; there is no Procfile here",
            "kill -KILL $(cat /sys/fs/cgroup/cadre.slice/cadre.service/supervisor/cgroup.procs)": "KeptSupervisorTests",
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
            let pages = try Self.pages.map { try Page(contents("\(sourceDirectory)/\($0)")) }
            let commands = Self.commands(in: pages)
            #expect(commands.count > 30)
            for name in Self.elsewhere.keys where name.hasPrefix("make") {
                #expect(commands.contains(name), "\(name) is not in the README any more")
            }
            let configuration = try #require(
                pages[0].blocks.first { $0.language == "toml" && $0.lines.contains { $0.hasPrefix("[service.") } })
            try write(configuration.text, to: "/etc/cadre/cadre.toml")
            // Another service that commands in the README name.
            let other = "/etc/cadre/conf.d/readme.toml"
            try write("[service.api]\n\(command("sleep"))\n", to: other)
            // What is imported from another supervisor.
            let imported = "/etc/cadre/conf.d/shop.toml"
            try write("[program:shop]\ncommand=/bin/sleep 1000\n", to: "/etc/supervisor/supervisord.conf")
            defer {
                unlink(other)
                unlink(imported)
            }
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
            // A line may have five commands, each of which starts a process.
            let exit = try command.wait(within: patience * 3)
            let expected: [ProcessExit] =
                awaited == nil ? [.exited(code: 0)] : [.exited(code: 0), .exited(code: 130), .interrupted]
            if !expected.contains(exit) { throw Trouble("\(text): \(exit)\n\(command.output)") }
            // Who reads comes to the next one later than this test does.
            if exists("/run/cadre/control.sock") { try succeed("cadre", "start", "*") }
        }

        /// The commands in order. Of one that comes several times it is the last time that counts: before there may be nothing
        /// yet that it could show. What ends all is last of all.
        private static func commands(in pages: [Page]) -> [String] {
            var commands: [String] = []
            for command in pages.flatMap(\.commands).map(\.text) {
                commands.removeAll { $0 == command }
                commands.append(command)
            }
            return commands.filter { !asking.contains($0) } + commands.filter { asking.contains($0) }
        }
    }
}

extension ProcessExit {
    fileprivate static let interrupted = ProcessExit.signaled(signal: SIGINT, coreDumped: false)
}
