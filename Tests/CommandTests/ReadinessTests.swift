import Cadre
import Glibc
import Testing

@Suite(.needsControlGroups) struct ReadinessTests {
    private let notify = "ready.by = 'notify'"

    @Test("a worker is ready when it says so, and its status text is shown")
    func notified() throws {
        try withSupervisor(service("web", "notify", "STATUS=warm and well\\nREADY=1", more: notify)) { supervisor in
            let pid = try supervisor.ready("web/0")
            let worker = try supervisor.worker("web/0")
            #expect(worker.state == "ready" && worker.pid == pid && worker.statusText == "warm and well")
        }
    }

    @Test("a worker is ready when a grandchild says so that has ended at once")
    func grandchild() throws {
        try withSupervisor(service("web", "notify-grandchild", "READY=1", workers: 4, more: notify)) { supervisor in
            for number in 0..<4 { try supervisor.ready("web/\(number)") }
        }
    }

    @Test("a worker that doesn't become ready in time is stopped, and that is its end's reason")
    func timeOut() throws {
        let more = "ready = { by = 'notify', timeout = '100ms' }\nrestart.policy = 'never'"
        try withSupervisor(service("slow", "sleep", more: more) + service("web", "sleep")) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("slow/0 ended, as it was not ready in time")
            try supervisor.expect("slow/0 has failed")
            let slow = try supervisor.worker("slow/0")
            #expect(slow.state == "failed" && slow.pid == nil && slow.lastExit?.reason == "ready-timeout")
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    @Test("a double-forked process that is named with MAINPID is the leader, and its end is the worker's")
    func mainPID() throws {
        let script = """
            main=$("$worker" sleep >/dev/null & echo $!)
            exec "$worker" notify "READY=1\\nMAINPID=$main"
            """
        try withSupervisor(service("web", script: script, more: notify)) { supervisor in
            let first = try supervisor.ready("web/0")
            let main = try #require(try supervisor.worker("web/0").pid)
            #expect(main != first)
            kill(main, SIGKILL)
            let next = try supervisor.ready("web/0")
            #expect(next != first)
            #expect(try supervisor.worker("web/0").restarts == 1)
            #expect(throws: (any Error).self) { _ = try Witness(first) }
        }
    }

    @Test("a process of somebody else's cannot be named with MAINPID")
    func foreignMainPID() throws {
        let script = #"exec "$worker" notify "MAINPID=$PPID\nREADY=1""#
        try withSupervisor(service("web", script: script, more: notify)) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("web/0 named process \(supervisor.pid) as its leader, which is none of its own")
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    @Test("a worker that says that it is stopping drains")
    func stopping() throws {
        try withSupervisor(service("web", "notify", "READY=1\\nSTOPPING=1", more: notify)) { supervisor in
            let pid = try supervisor.ready("web/0")
            let worker = try supervisor.worker("web/0")
            #expect(worker.state == "draining" && worker.pid == pid)
        }
    }

    @Test("a worker that doesn't answer its watchdog is replaced, and says so in its last exit")
    func watchdog() throws {
        try withSupervisor(service("web", "notify", "READY=1", more: "\(notify)\nwatchdog = '200ms'")) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("web/0 ended, as it did not answer its watchdog")
            #expect(try supervisor.ready("web/0") != pid)
            #expect(try supervisor.worker("web/0").lastExit?.reason == "watchdog")
        }
    }
}
