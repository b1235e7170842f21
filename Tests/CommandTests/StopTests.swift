import Cadre
import Glibc
import Testing

@Suite(.needsControlGroups) struct StopTests {
    private let soon = "stop.timeout = '200ms'"

    @Test("a worker that ignores SIGTERM is killed at its deadline, and no other is touched")
    func ignoresTermination() throws {
        let toml = service("stubborn", "ignore-term", workers: 2, more: soon) + service("web", "sleep")
        try withSupervisor(toml) { supervisor in
            let others = try [supervisor.ready("web/0"), supervisor.ready("stubborn/1")]
            let stubborn = try Witness(try supervisor.ready("stubborn/0"))
            for number in 0..<2 { try supervisor.expect("stubborn/\(number) ", "| ignoring") }
            let (code, output) = try supervisor.cadre("stop", "stubborn/0")
            #expect(code == 0 && output == "stopped stubborn/0")
            #expect(try stubborn.sawEnd())
            try supervisor.expect("stubborn/0 did not stop in time and is killed")
            #expect(!supervisor.scene.hasGroup("stubborn/0@1"))
            #expect(try supervisor.worker("stubborn/0").state == "stopped")
            #expect(try [supervisor.worker("web/0").pid, supervisor.worker("stubborn/1").pid] == others)
        }
    }

    @Test("an orphan in a session of its own that ignores SIGTERM and holds the pipe is gone, too")
    func orphan() throws {
        try withSupervisor(service("web", "double-fork", more: soon)) { supervisor in
            let line = try supervisor.expect("web/0 ", "| orphan ")
            let orphan = try Witness(try #require(Int32(line.split(separator: " ").last ?? "")))
            #expect(try supervisor.cadre("stop", "web").code == 0)
            #expect(try orphan.sawEnd())
            #expect(!supervisor.scene.hasGroup("web/0@1"))
        }
    }

    @Test("the worker isn't gone before its last process is: a successor waits for an orphan's end")
    func orphanOutlivesLeader() throws {
        try withSupervisor(service("web", "double-fork", more: soon)) { supervisor in
            let line = try supervisor.expect("web/0 ", "| orphan ")
            let orphan = try Witness(try #require(Int32(line.split(separator: " ").last ?? "")))
            kill(try supervisor.ready("web/0"), SIGKILL)
            try supervisor.expect("web/0 was killed by SIGKILL")
            #expect(try orphan.sawEnd())
            try supervisor.ready("web/0")
        }
    }

    @Test("SIGTERM to the supervisor leaves no process and no cgroup, whatever the workers are like")
    func terminated() throws {
        let toml =
            service("stubborn", "ignore-term", workers: 2, more: soon)
            + service("orphans", "double-fork", workers: 2, more: soon) + service("web", "sleep", workers: 3)
            + service("crasher", "exit", "1") + service("never-ready", "sleep", more: "ready.by = 'notify'")
        try withSupervisor(toml) { supervisor in
            for number in 0..<2 {
                try supervisor.expect("stubborn/\(number) ", "| ignoring")
                try supervisor.expect("orphans/\(number)", "| orphan")
            }
            try supervisor.stop()
        }
    }

    @Test("a second SIGINT kills at once")
    func interruptedTwice() throws {
        try withSupervisor(service("web", "ignore-term", workers: 2, more: "stop.timeout = '1h'")) { supervisor in
            for number in 0..<2 { try supervisor.expect("web/\(number) ", "| ignoring") }
            try supervisor.signal(SIGINT)
            try supervisor.expect("stopping 2 workers")
            try supervisor.signal(SIGINT)
            try supervisor.expect("interrupted again: killing what is left")
            #expect(try supervisor.waitForEnd().code == 0)
        }
    }

    @Test("a stop that is asked for twice at the same time is done once and answered twice, and start revives")
    func stopTwice() throws {
        try withSupervisor(service("web", "ignore-term", workers: 2, more: soon)) { supervisor in
            let other = try supervisor.ready("web/0")
            let first = try supervisor.ready("web/1")
            for number in 0..<2 { try supervisor.expect("web/\(number) ", "| ignoring") }
            let commands = try (0..<2).map { _ in try supervisor.begin(["stop", "web/1"]) }
            for command in commands {
                let (code, output) = try command.finish()
                #expect(code == 0 && output == "stopped web/1")
            }
            #expect(try supervisor.cadre("stop", "web/1").code == 0, "stopping what is stopped is no error")
            #expect(try supervisor.worker("web/1").state == "stopped")
            let (code, output) = try supervisor.cadre("start", "web/1")
            #expect(code == 0 && output == "started web/1")
            #expect(try supervisor.ready("web/1") != first)
            #expect(try supervisor.worker("web/0").pid == other)
            #expect(try supervisor.cadre("start", "web").code == 0, "starting what runs is no error")
            #expect(try supervisor.worker("web/0").pid == other)
        }
    }

    @Test("cadre stop --all stops everything, and returns when the supervisor is gone")
    func stopAll() throws {
        try withSupervisor(service("web", "sleep", workers: 3)) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            let (code, output) = try supervisor.cadre("stop", "--all")
            #expect(code == 0 && output == "stopped everything")
            #expect(access(supervisor.socket, F_OK) == -1)
            #expect(try supervisor.waitForEnd().code == 0)
        }
    }

    @Test("cadre stop --all gives up waiting after --timeout, and doesn't wait with --no-wait")
    func stopAllInTime() throws {
        try withSupervisor(service("slow", "ignore-term", more: "stop.timeout = '1h'")) { supervisor in
            try supervisor.expect("slow/0 ", "| ignoring")
            for arguments in [["--timeout", "100ms"], ["--no-wait"]] {
                let (code, output) = try supervisor.begin(["stop", "--all"] + arguments).finish()
                #expect(code == (arguments.count == 2 ? 6 : 0))
                #expect(output.contains(arguments.count == 2 ? "not all has stopped in 100ms" : "stopping everything"))
            }
            #expect(try supervisor.worker("slow/0").state == "stopping")
            // As a second Ctrl-C where it runs.
            try supervisor.signal(SIGINT)
            #expect(try supervisor.waitForEnd().code == 0)
        }
    }

    @Test("a stop signal of the service's own choice is what its workers get")
    func stopSignal() throws {
        let script = "trap 'echo interrupted; exit 0' INT; echo waiting; while :; do sleep 1000 & wait; done"
        try withSupervisor(service("web", script: script, more: "stop.signal = 'INT'")) { supervisor in
            try supervisor.expect("web/0 ", "| waiting")
            #expect(try supervisor.cadre("stop", "web").code == 0)
            try supervisor.expect("web/0 ", "| interrupted")
        }
    }
}
