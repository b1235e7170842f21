import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Processes
import Testing

/// The subcommands that give workers commands, through the built program.
@Suite(.needsControlGroups) struct ControlTests {
    private let web = service("web", "sleep", workers: 3)

    private func withReadyWeb(
        _ more: String = "", _ body: (SupervisorProcess, [Int32]) throws -> Void
    ) throws {
        try withSupervisor(web + more) { supervisor in
            try body(supervisor, try (0..<3).map { try supervisor.ready("web/\($0)") })
        }
    }

    private func pids(_ supervisor: SupervisorProcess, _ service: String = "web") throws -> [Int32?] {
        try supervisor.status().services.first { $0.name == service }?.workers.map(\.pid) ?? []
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    // MARK: Every command

    @Test("restart replaces the workers that are named, and returns when nothing of the old ones is left")
    func restart() throws {
        try withReadyWeb { supervisor, before in
            let first = try Witness(before[0])
            let second = try Witness(before[1])
            let (code, output) = try supervisor.cadre("restart", "web/[0-1]")
            #expect(code == 0 && output == "restarted web/0 web/1")
            #expect(try first.sawEnd())
            #expect(try second.sawEnd())
            let after = try pids(supervisor)
            #expect(after[0] != before[0] && after[1] != before[1] && after[2] == before[2])
            #expect(try supervisor.cadre("stop", "web/2").code == 0)
            #expect(try supervisor.cadre("restart", "web/2").output == "restarted web/2", "it starts what is down")
            #expect(try supervisor.worker("web/2").state == "ready")
        }
    }

    @Test("start and stop take patterns, twice is no error, and stop --no-wait returns before it is done")
    func startAndStop() throws {
        let slow = service("slow", "ignore-term", more: "stop.timeout = '1h'")
        try withReadyWeb(slow) { supervisor, _ in
            try supervisor.expect("slow/0 ", "| ignoring")
            for _ in 0..<2 {
                #expect(try supervisor.cadre("stop", "w*").output == "stopped web/0 web/1 web/2")
                #expect(try supervisor.worker("web/2").state == "stopped")
            }
            for _ in 0..<2 { #expect(try supervisor.cadre("start", "web").output == "started web/0 web/1 web/2") }
            let (code, output) = try supervisor.cadre("stop", "slow", "--no-wait")
            #expect(code == 0 && output == "stopping slow/0")
            #expect(try supervisor.worker("slow/0").state == "stopping")
            #expect(try supervisor.cadre("kill", "slow").output == "killed slow/0")
            #expect(try supervisor.worker("slow/0").state == "stopped")
        }
    }

    @Test("a start that fails for good ends with 5, with the last end and the remedy; reset tries again")
    func failing() throws {
        let bad = service("bad", "exit", "3", more: "ready.by = 'notify'\nrestart.budget = 0")
        try withSupervisor(web + bad) { supervisor in
            try supervisor.expect("bad/0 has failed")
            for command in ["start", "restart"] {
                let (code, output) = try supervisor.cadre(command, "bad", "web/0")
                #expect(code == 5)
                #expect(output.contains("cadre: bad/0 has failed: its last end was exit 3"))
                #expect(output.contains("cadre start bad/0 revives it"))
                #expect(output.contains("\(command)ed web/0"))
            }
            let json = try supervisor.cadre("start", "bad", "--json")
            let outcome = try #require(try decode(CommandResult.self, json.output).outcomes.first)
            #expect(json.code == 5 && outcome.outcome == .failed && outcome.lastExit?.code == 3)
        }
    }

    @Test("reset revives what has failed, and leaves alone what runs or was stopped")
    func reset() throws {
        let script = "[ -e $flag ] || exit 3; exec $worker sleep"
        try withSupervisor({ scene in
            web
                + service(
                    "bad", script: script.replacing("$flag", with: scene.path("flag")),
                    more: "restart = { budget = 0 }\n")
        }) { supervisor in
            let before = try (0..<3).map { try supervisor.ready("web/\($0)") }
            try supervisor.expect("bad/0 has failed")
            #expect(try supervisor.cadre("stop", "web/2").code == 0)
            try supervisor.scene.write("flag", "")
            let (code, output) = try supervisor.cadre("reset", "bad", "web")
            #expect(code == 0)
            #expect(output == "reset bad/0 web/0 web/1\nstopped, and to stay so: web/2")
            #expect(try supervisor.worker("bad/0").state == "ready")
            #expect(try pids(supervisor) == [before[0], before[1], nil])
        }
    }

    @Test("kill ends all of a worker, and its policy decides what comes then")
    func kill() throws {
        let once = service("once", "ignore-term", more: "restart.policy = 'never'")
        try withReadyWeb(once) { supervisor, before in
            let (code, output) = try supervisor.cadre("kill", "web/1")
            #expect(code == 0 && output == "killed web/1")
            #expect(try supervisor.ready("web/1") != before[1])
            #expect(try supervisor.worker("web/1").state == "ready")
            try supervisor.expect("once/0 ", "| ignoring")
            #expect(try supervisor.cadre("kill", "once").output == "killed once/0")
            let again = try supervisor.cadre("kill", "once")
            #expect(again.code == 4 && again.output.contains("nothing of once/0 runs"))
        }
    }

    @Test("freeze stops a worker's processes where they are, and thaw lets them go on")
    func freeze() throws {
        try withReadyWeb { supervisor, before in
            for _ in 0..<2 {
                #expect(try supervisor.cadre("freeze", "web/0").output == "frozen web/0")
                #expect(try supervisor.worker("web/0").state == "frozen")
            }
            let conflict = try supervisor.cadre("stop", "web/1")
            #expect(conflict.code == 0)
            let refused = try supervisor.cadre("freeze", "web/1")
            #expect(refused.code == 4 && refused.output.contains("web/1 is stopped; only a worker that is ready"))
            let (code, output) = try supervisor.cadre("thaw", "web")
            #expect(code == 0 && output == "thawed web/0 web/2\nstopped, and to stay so: web/1")
            #expect(try pids(supervisor) == [before[0], nil, before[2]])
        }
    }

    @Test("signal reaches the processes that it is for, and names them that have none")
    func signal() throws {
        let script = "trap 'echo child' USR1; echo waiting; while :; do sleep 1000 & wait; done"
        let count = service("count", "count-signals", workers: 2)
        let tree = service("tree", script: "( \(script) ) & trap 'echo leader' USR1; \(script)")
        try withSupervisor(count + tree) { supervisor in
            for number in 0..<2 { try supervisor.expect("count/\(number)", "| 0") }
            #expect(try supervisor.cadre("stop", "count/1").code == 0)
            let (code, output) = try supervisor.cadre("signal", "USR1", "count")
            #expect(code == 0 && output == "sent SIGUSR1 to count/0\nnothing runs of count/1")
            try supervisor.expect("count/0", "| 1")
            for _ in 0..<2 { try supervisor.expect("tree/0", "| waiting") }
            #expect(try supervisor.cadre("signal", "SIGUSR1", "tree/0", "--to", "children").code == 0)
            try supervisor.expect("tree/0", "| child")
            let none = try supervisor.cadre("signal", "HUP", "count/1")
            #expect(none.code == 4 && none.output.contains("nothing of count/1 runs"))
            let json = try supervisor.cadre("signal", "USR1", "count/0", "--json")
            #expect(try decode(CommandResult.self, json.output).outcomes.map(\.worker) == ["count/0"])
        }
    }

    @Test("scale starts and stops the difference, by number and by change, and leaves the others")
    func scale() throws {
        try withReadyWeb(service("api", "sleep")) { supervisor, before in
            let (code, output) = try supervisor.cadre("scale", "web=5", "api=+1")
            #expect(code == 0 && output == "started api/1 web/3 web/4")
            #expect(try supervisor.cadre("scale", "web=-2").output == "stopped web/3 web/4")
            let same = try supervisor.cadre("scale", "web=3")
            #expect(same.code == 0 && same.output == "nothing to do: the numbers are as they were")
            #expect(try pids(supervisor) == before)
            let below = try supervisor.cadre("scale", "web=-9")
            #expect(below.code == 4 && below.output.contains("web: -9 would make -6 of 3 workers"))
            let unknown = try supervisor.cadre("scale", "wbe=1")
            #expect(unknown.code == 4 && unknown.output.contains("the services are api, web"))
            let json = try supervisor.cadre("scale", "w*=+1", "--json")
            let outcomes = try decode(CommandResult.self, json.output).outcomes
            #expect(outcomes.map(\.worker) == ["web/3"] && outcomes[0].outcome == .reached)
        }
    }

    @Test("a limit that makes no sense is refused, as is a name, and the workers go on")
    func limit() throws {
        try withReadyWeb { supervisor, before in
            let (code, output) = try supervisor.cadre("limit", "web", "--memory-max", "1G", "--memory-high", "2G")
            #expect(code == 64 && output.contains("--memory-high: 2G is above memory_max (1G)"), "\(output)")
            #expect(try supervisor.cadre("limit", "wbe", "--memory-max", "1G").code == 4)
            #expect(try supervisor.cadre("limit", "web", "--memory-max", "none").output == "web: memory_max none")
            let json = try supervisor.cadre("limit", "w*", "--cpu-max", "none", "--json")
            #expect(try decode(LimitResult.self, json.output).services == ["web"])
            #expect(try pids(supervisor) == before)
        }
    }

    // MARK: Waiting

    @Test("a wait that is too long ends with 6 and says what goes on")
    func timeout() throws {
        try withSupervisor(service("slow", "ignore-term", more: "stop.timeout = '1h'")) { supervisor in
            try supervisor.expect("slow/0 ", "| ignoring")
            let (code, output) = try supervisor.cadre("stop", "slow", "--timeout", "100ms")
            #expect(code == 6)
            #expect(output.contains("cadre: not done in 100ms, still stopping: slow/0"))
            #expect(output.contains("the supervisor goes on with it"))
            let json = try supervisor.cadre("stop", "slow", "--timeout", "1ms", "--json")
            let outcomes = try decode(CommandResult.self, json.output).outcomes
            #expect(json.code == 6 && outcomes.map(\.outcome) == [.timedOut] && outcomes[0].state == "stopping")
            #expect(try supervisor.cadre("kill", "slow").code == 0)
        }
    }

    @Test("a supervisor that doesn't answer within the time-out and some seconds is given up on")
    func hungSupervisor() throws {
        try withReadyWeb { supervisor, _ in
            try supervisor.signal(SIGSTOP)
            let (code, output) = try supervisor.cadre("stop", "web", "--timeout", "1ms")
            try supervisor.signal(SIGCONT)
            #expect(code == 6 && output.contains("the supervisor doesn't answer; it isn't known"))
        }
    }

    @Test("of two commands that contradict each other the later one counts, and the earlier ends with 4")
    func superseded() throws {
        try withStopOnItsWay { supervisor, stop in
            let start = try supervisor.begin(["start", "slow"])
            let (code, output) = try stop.finish()
            #expect(code == 4 && output.contains("cadre: another command came meanwhile; now stopping: slow/0"))
            // A kill changes nothing about what is wanted.
            #expect(try supervisor.cadre("kill", "slow").code == 0)
            let started = try start.finish()
            #expect(started.code == 0 && started.output == "started slow/0")
            #expect(try supervisor.cadre("stop", "slow", "--no-wait").code == 0)
            #expect(try supervisor.cadre("kill", "slow").code == 0)
        }
    }

    @Test("a command that is refused supersedes nothing")
    func refused() throws {
        try withStopOnItsWay { supervisor, stop in
            let freeze = try supervisor.cadre("freeze", "slow")
            #expect(freeze.code == 4 && freeze.output.contains("slow/0 is stopping; only a worker that is ready"))
            #expect(try supervisor.cadre("kill", "slow").code == 0)
            let stopped = try stop.finish()
            #expect(stopped.code == 0 && stopped.output == "stopped slow/0")
        }
    }

    @Test("Ctrl-C ends the wait with 130 and the states, and the command goes on")
    func interrupted() throws {
        try withStopOnItsWay(beside: web) { supervisor, stop in
            try stop.signal(SIGINT)
            let (code, output) = try stop.finish()
            #expect(code == 130)
            #expect(output.contains("cadre: interrupted; the supervisor goes on with what it was told"))
            #expect(output.contains("cadre: stopping: slow/0") && !output.contains("web"))
            #expect(try supervisor.worker("slow/0").state == "stopping")
            #expect(try supervisor.cadre("kill", "slow").code == 0)
            #expect(try supervisor.worker("slow/0").state == "stopped")
        }
    }

    @Test("a second Ctrl-C doesn't even wait for the states")
    func interruptedTwice() throws {
        try withStopOnItsWay { supervisor, stop in
            try supervisor.signal(SIGSTOP)
            try stop.signal(SIGINT)
            try stop.expect(["cadre: interrupted; the supervisor goes on"])
            try stop.signal(SIGINT)
            let (code, output) = try stop.finish()
            try supervisor.signal(SIGCONT)
            #expect(code == 130 && !output.contains("doesn't answer"))
            #expect(try supervisor.cadre("kill", "slow").code == 0)
        }
    }

    @Test("a Ctrl-C while the supervisor doesn't answer says so, soon")
    func interruptedWithoutAnswer() throws {
        try withStopOnItsWay { supervisor, stop in
            try supervisor.signal(SIGSTOP)
            try stop.signal(SIGINT)
            let (code, output) = try stop.finish()
            try supervisor.signal(SIGCONT)
            #expect(code == 130 && output.contains("cadre: the supervisor doesn't answer; it isn't known"))
            #expect(try supervisor.cadre("kill", "slow").code == 0)
        }
    }

    @Test("on a terminal a bar shows how far it is, and nothing of it is left")
    func bar() throws {
        let script = "trap 'sleep 1; exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done"
        try withSupervisor(service("slow", script: script, workers: 2)) { supervisor in
            for _ in 0..<2 { try supervisor.expect("slow/", "| ready") }
            let terminal = try PseudoTerminal(
                [Machine.cadre, "stop", "slow", "--socket", supervisor.socket], columns: 60, rows: 10)
            let flags = try terminal.flags()
            try terminal.expect("stopping slow  [..........]  0/2  ")
            #expect(try terminal.finish() == .exited(code: 0))
            #expect(terminal.screen.lines.filter { !$0.isEmpty } == ["stopped slow/0 slow/1"])
            #expect(try terminal.flags() == flags)
        }
    }

    @Test("Ctrl-C on a terminal takes the bar away")
    func interruptedBar() throws {
        try withSupervisor(service("slow", "ignore-term", more: "stop.timeout = '1h'")) { supervisor in
            try supervisor.expect("slow/0 ", "| ignoring")
            let terminal = try PseudoTerminal(
                [Machine.cadre, "stop", "slow", "--socket", supervisor.socket], columns: 79, rows: 10)
            try terminal.expect("stopping slow  [..........]  0/1  ")
            try terminal.type("\u{3}")
            #expect(try terminal.finish() == .exited(code: 130))
            let lines = terminal.screen.lines.filter { !$0.isEmpty }
            #expect(lines.allSatisfy { $0.hasPrefix("cadre: ") } && lines.last == "cadre: stopping: slow/0", "\(lines)")
            #expect(try supervisor.cadre("kill", "slow").code == 0)
        }
    }

    /// With a service that is being stopped, which takes until somebody kills it, and the command that waits for that.
    private func withStopOnItsWay(
        beside others: String = "", _ body: (SupervisorProcess, RunningProgram) throws -> Void
    ) throws {
        try withSupervisor(service("slow", "ignore-term", more: "stop.timeout = '1h'") + others) { supervisor in
            try supervisor.expect("slow/0 ", "| ignoring")
            let stop = try supervisor.begin(["stop", "slow"])
            try supervisor.expect("stopping slow/0")
            try body(supervisor, stop)
        }
    }
}
