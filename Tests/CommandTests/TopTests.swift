import Cadre
import FoundationEssentials
import Glibc
import Processes
import Testing

/// `cadre top` and `cadre status --watch` on a terminal.
@Suite(.needsControlGroups) struct TopTests {
    private func command(_ supervisor: SupervisorProcess, _ arguments: String...) -> [String] {
        [Machine.cadre] + arguments + ["--socket", supervisor.socket]
    }

    private let services = service("api", "sleep") + service("web", "sleep", workers: 3)

    private func withReadySupervisor(
        _ services: String? = nil, _ body: (SupervisorProcess) throws -> Void
    ) throws {
        try withSupervisor(services ?? self.services) { supervisor in
            for worker in ["api/0", "web/0", "web/1", "web/2"] { try supervisor.ready(worker) }
            try body(supervisor)
        }
    }

    @Test("top shows what runs and what it uses, takes keys, and leaves the terminal as it was")
    func top() throws {
        let work = "while :; do i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; sleep 0.05; done"
        let services = service("api", "sleep") + service("web", script: work, workers: 3)
        try withReadySupervisor(services) { supervisor in
            let terminal = try PseudoTerminal(
                command(supervisor, "top", "--interval", "100ms", "--sort", "name"), columns: 80, rows: 24)
            let flags = try terminal.flags()
            try terminal.expect("▲NAME", "STATE", "PID", "CPU%", "MEM", "RST", "UP")
            #expect(terminal.screen.isAlternate && !terminal.screen.hasCursor)
            #expect(try terminal.flags() != flags)
            let lines = terminal.screen.lines
            let order = ["▾ api", "  api/0", "▾ web", "  web/0", "  web/1", "  web/2"]
            #expect(zip(lines[3...], order).allSatisfy { $0.hasPrefix($1) })
            let pid = try #require(try supervisor.worker("web/1").pid)
            try terminal.expect("web/1", "ready", "\(pid)")
            // What works has a figure above zero, and a bar.
            try terminal.expect("the CPU of web") { screen in
                screen.lines.contains { line in
                    let cells = line.split(separator: " ")
                    return cells.count > 3 && cells[1] == "web" && (Double(cells[3]) ?? 0) > 0
                        && line.contains { "▂▃▄▅▆▇█".contains($0) }
                }
            }

            // The key's sequence comes in two pieces.
            try terminal.type("j")
            try terminal.expect("api  1/1 ready")
            try terminal.type("\u{1B}")
            try terminal.type("[B")
            try terminal.expect("api/0  ready  incarnation 1")
            try terminal.type("\u{1B}[F")
            try terminal.expect("web/2  ready  incarnation 1")

            try terminal.type(" ")
            try terminal.expect("web to be folded") { screen in
                screen.lines.contains { $0.hasPrefix("▸ web") } && !screen.lines.contains { $0.hasPrefix("  web/") }
            }
            try terminal.type("\u{1B}[C")
            try terminal.expect("  web/2")

            try terminal.type("/web/[01]\r")
            try terminal.expect("only web/[01]")
            try terminal.expect("two workers") { screen in
                screen.lines.filter { $0.hasPrefix("  ") && $0.contains("/") }.count == 2
            }
            // The escape key alone is told from the beginning of another by the time that passes.
            try terminal.type("\u{1B}")
            try terminal.expect("  api/0")

            try terminal.type("r")
            try terminal.expect("▼NAME")
            try terminal.expect("the reverse order") { screen in
                screen.lines[3].hasPrefix("▾ web") && screen.lines[4].hasPrefix("  web/2")
            }
            try terminal.type("?")
            try terminal.expect("fold and unfold")
            try terminal.type("xq")
            #expect(try terminal.finish() == .exited(code: 0))
            #expect(try terminal.flags() == flags)
            #expect(!terminal.screen.isAlternate && terminal.screen.hasCursor)
        }
    }

    @Test("top follows the size of its terminal")
    func resize() throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(command(supervisor, "top"), columns: 80, rows: 24)
            try terminal.expect("q quit")
            #expect(terminal.screen.lines[23].contains("q quit"))
            #expect(!terminal.screen.lines[2].contains("LAST EXIT"))
            try terminal.resize(columns: 200, rows: 40)
            try terminal.expect("the whole of a larger screen") { $0.lines[39].contains("q quit") }
            #expect(terminal.screen.lines[2].contains("LAST EXIT"))
            try terminal.resize(columns: 30, rows: 6)
            try terminal.expect("the whole of a smaller screen") { $0.lines[5].contains("? help") }
            #expect(terminal.screen.lines[0].contains("NAME"))
            try terminal.type("\u{3}")
            #expect(try terminal.finish() == .exited(code: 0))
        }
    }

    @Test("a signal ends top as it ends others, but the terminal is as it was", arguments: [SIGTERM, SIGHUP, SIGINT])
    func signal(number: Int32) throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(command(supervisor, "top"), columns: 80, rows: 24)
            let flags = try terminal.flags()
            try terminal.expect("q quit")
            try terminal.signal(number)
            #expect(try terminal.finish() == .signaled(signal: number, coreDumped: false))
            #expect(try terminal.flags() == flags)
            #expect(!terminal.screen.isAlternate && terminal.screen.hasCursor)
        }
    }

    @Test("a terminal that stands still keeps top from nothing but writing")
    func stuck() throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(command(supervisor, "top"), columns: 80, rows: 24)
            let flags = try terminal.flags()
            try terminal.expect("q quit")
            try terminal.halt()
            try terminal.type("?")
            try terminal.signal(SIGTERM)
            #expect(try terminal.finish() == .signaled(signal: SIGTERM, coreDumped: false))
            #expect(try terminal.flags() == flags)
        }
    }

    @Test("Ctrl-Z gives the terminal to the shell, and fg shows everything again")
    func suspend() throws {
        try withReadySupervisor { supervisor in
            let script = #"set -m; "$@"; echo "suspended: $(stty -a | grep -o -e '-\?icanon')"; fg; echo "ended: $?""#
            let terminal = try PseudoTerminal(
                ["/bin/sh", "-c", script, "sh"] + command(supervisor, "top"), columns: 80, rows: 24)
            try terminal.expect("q quit")
            try terminal.type("\u{1A}")
            try terminal.expect("the shell's turn and top again") { screen in
                screen.isAlternate && screen.lines.contains { $0.contains("q quit") }
                    && terminal.output.contains("suspended: icanon")
            }
            #expect(terminal.output.occurrences(of: "\u{1B}[?1049h") == 2)
            try terminal.type("q")
            #expect(try terminal.finish() == .exited(code: 0))
            #expect(terminal.screen.lines.contains("ended: 0"), "\(terminal.screen.lines)")
            #expect(!terminal.screen.isAlternate)
        }
    }

    @Test("top says that the supervisor is gone, and finds the next one")
    func reconnect() throws {
        try withScene { scene in
            let first = try SupervisorProcess(services, in: scene)
            try first.ready("web/2")
            let terminal = try PseudoTerminal(
                command(first, "top", "--interval", "100ms"), columns: 120, rows: 24)
            try terminal.expect("4 of 4 workers ready")
            try first.stop()
            try terminal.expect("no supervisor listens at", "trying again")
            // What was known last is still there to read.
            try terminal.expect("  web/2")
            let second = try SupervisorProcess(service("new", "sleep"), in: scene)
            try terminal.expect("  new/0", "ready")
            try terminal.expect("no problem any more") { screen in
                !screen.lines.contains { $0.contains("trying again") }
            }
            try terminal.type("q")
            #expect(try terminal.finish() == .exited(code: 0))
            try second.stop()
        }
    }

    @Test("top says that the supervisor hangs, and goes on listening to keys meanwhile")
    func hanging() throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(
                command(supervisor, "top", "--interval", "100ms"), columns: 80, rows: 24)
            try terminal.expect("q quit")
            try supervisor.signal(SIGSTOP)
            try terminal.expect("the supervisor gives no answer … trying again")
            try terminal.type("j")
            try terminal.expect("api  1/1 ready")
            try supervisor.signal(SIGCONT)
            try terminal.expect("q quit")
            try supervisor.signal(SIGSTOP)
            try terminal.type("q")
            #expect(try terminal.finish() == .exited(code: 0))
            try supervisor.signal(SIGCONT)
        }
    }

    @Test("top gives commands to what is selected")
    func commands() throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(
                command(supervisor, "top", "--interval", "100ms", "--sort", "name"), columns: 80, rows: 24)
            try terminal.expect("q quit")
            try terminal.type("\u{1B}[Ft")
            try terminal.expect("stop web/2? y: yes")
            try terminal.type("y")
            try supervisor.expect("web/2 is stopped")
            try terminal.expect("  web/2", "stopped")
            try terminal.type("uy")
            try supervisor.ready("web/2")
            try terminal.expect("  web/2", "ready")
            try terminal.type("xy")
            try supervisor.expect("web/2 was replaced")
            try terminal.expect("web/2  ready  incarnation 3")
            // Nothing is done without a yes.
            try terminal.type("tnq")
            #expect(try terminal.finish() == .exited(code: 0))
            #expect(try supervisor.worker("web/2").state == "ready")
            #expect(try supervisor.worker("web/1").incarnation == 1)
        }
    }

    @Test("a status text can't play with the terminal")
    func hostileStatus() throws {
        // A right-to-left override, and what erases the screen.
        let text = #"STATUS=a\342\200\256b\033[2Jc\nREADY=1"#
        let script = #"exec "$worker" notify "$(printf '\#(text)')""#
        try withSupervisor(service("web", script: script, more: "ready.by = 'notify'")) { supervisor in
            try supervisor.ready("web/0")
            let terminal = try PseudoTerminal(command(supervisor, "top"), columns: 80, rows: 24)
            try terminal.expect("  web/0")
            let before = terminal.output.occurrences(of: "\u{1B}[2J")
            try terminal.type("jj")
            try terminal.expect("web/0  ready  incarnation 1  a?b")
            try terminal.type("q")
            #expect(try terminal.finish() == .exited(code: 0))
            #expect(!terminal.output.contains("\u{202E}"))
            #expect(terminal.output.occurrences(of: "\u{1B}[2J") == before)
        }
    }

    @Test("top without colour is as good, and without a locale it is in ASCII")
    func plain() throws {
        try withReadySupervisor { supervisor in
            let coloured = try PseudoTerminal(command(supervisor, "top"), columns: 80, rows: 24)
            try coloured.expect("q quit")
            #expect(coloured.output.contains("\u{1B}[32m"))
            let plain = try PseudoTerminal(
                command(supervisor, "top"), columns: 80, rows: 24, environment: ["NO_COLOR": "1", "LANG": "C"])
            try plain.expect("q quit")
            try plain.expect("- web", "3/3")
            #expect(!plain.output.contains("\u{1B}[32m") && plain.output.utf8.allSatisfy { $0 < 0x80 })
            for terminal in [coloured, plain] {
                try terminal.type("q")
                #expect(try terminal.finish() == .exited(code: 0))
            }
        }
    }

    @Test("without a terminal top says what to use instead, and --once prints one frame")
    func noTerminal() throws {
        try withReadySupervisor { supervisor in
            let (code, output) = try supervisor.cadre("top")
            #expect(code == 1 && output.contains("use cadre status --json, or cadre top --once"))
            let (onceCode, once) = try supervisor.cadre("top", "--once", "--interval", "100ms", "--sort", "name")
            #expect(onceCode == 0 && !once.contains("\u{1B}"))
            let lines = once.split(separator: "\n")
            #expect(lines.count == 2 + 1 + 6)
            #expect(lines.last?.contains("web/2") == true)
            #expect(try run([Machine.cadre, "top", "--once", "--socket", "/no/such/socket"]).code == 3)
        }
    }

    @Test("where there is no supervisor top leaves the terminal alone and ends with 3")
    func nobody() throws {
        let terminal = try PseudoTerminal(
            [Machine.cadre, "top", "--socket", "/no/such/socket"], columns: 80, rows: 24)
        #expect(try terminal.finish() == .exited(code: 3))
        #expect(terminal.output.contains("no supervisor listens at /no/such/socket"))
        #expect(!terminal.output.contains("\u{1B}"))
    }

    @Test("status --watch writes its table again in the same place")
    func watch() throws {
        try withReadySupervisor { supervisor in
            let terminal = try PseudoTerminal(
                command(supervisor, "status", "web", "--watch", "--interval", "100ms"), columns: 80, rows: 24)
            try terminal.expect("the first table") { $0.lines[0].hasPrefix("SERVICE") && $0.lines[3].contains("web") }
            let pid = try #require(try supervisor.worker("web/1").pid)
            kill(pid, SIGKILL)
            try terminal.expect("the end of web/1, in its line") { $0.lines[2].contains("SIGKILL") }
            #expect(terminal.screen.lines.count { $0.hasPrefix("SERVICE") } == 1)
            #expect(terminal.screen.lines[4...].allSatisfy(\.isEmpty) && !terminal.screen.isAlternate)
            try terminal.type("\u{3}")
            #expect(try terminal.finish() == .signaled(signal: SIGINT, coreDumped: false))
        }
    }

    @Test("status --watch prints table after table where there is no terminal, and JSON an object a line")
    func watchElsewhere() throws {
        try withReadySupervisor { supervisor in
            let tables = try supervisor.begin(["status", "--watch", "--interval", "100ms"])
            for _ in 0..<3 {
                try tables.expect(["SERVICE"])
                try tables.expect(["web      2"])
            }
            let blank = try #require(tables.lines.firstIndex(of: ""))
            #expect(blank == 5 && tables.lines[blank + 1].hasPrefix("SERVICE"))
            let objects = try supervisor.begin(["status", "api", "--watch", "--json", "--interval", "100ms"])
            for _ in 0..<3 {
                let line = try objects.expect(["{", "}"])
                let snapshot = try JSONDecoder().decode(Snapshot.self, from: Data(line.utf8))
                #expect(snapshot.services.map(\.name) == ["api"])
            }
            for program in [tables, objects] {
                try program.signal(SIGTERM)
                #expect(try program.finish().code == 128 + SIGTERM)
            }
            let (code, output) = try supervisor.cadre("status", "--watch", "wbe")
            #expect(code == 4 && output.contains("there is no service or worker"))
        }
    }
}
