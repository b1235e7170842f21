import CLinux
import Cadre
import Glibc
import Reactor
import Testing

@Suite("Readiness and health by probes", .needsControlGroups) struct ProbeTests {
    /// A service whose worker waits for a file before it is ready, in whatever way; `$n` is its incarnation.
    private func waiting(_ scene: Scene, then script: String, more: String) -> String {
        mkfifo(scene.path("begun"), 0o600)
        return service(
            "web",
            script: """
                n=$CADRE_INCARNATION
                echo > \(scene.directory)/begun
                while ! test -e \(scene.directory)/go; do sleep 0.01; done
                \(script)
                exec "$worker" sleep
                """, more: more)
    }

    /// Checks that the worker is ready only once it may be.
    private func expectReadyAfterGo(_ supervisor: SupervisorProcess) throws {
        // Opening the other end of the pipe waits for the worker.
        _ = try Descriptor.open(supervisor.scene.path("begun")).readText()
        #expect(try supervisor.worker("web/0").state == "starting")
        try supervisor.scene.write("go", "")
        try supervisor.ready("web/0")
    }

    // MARK: Readiness

    @Test("a worker is ready when a command says so, which runs as part of it") func command() throws {
        try withSupervisor({ scene in
            waiting(
                scene, then: "touch \(scene.directory)/up-$n",
                more: """
                    ready.by = 'command'
                    ready.command = ['/bin/sh', '-c', '''test -e \(scene.directory)/up-$CADRE_INCARNATION \
                    && test -z "$NOTIFY_SOCKET" && grep -q 'web/{worker}@1/cadre-probe$' /proc/self/cgroup''']
                    """)
        }) { supervisor in
            try expectReadyAfterGo(supervisor)
            let probe = try #require(try supervisor.worker("web/0").probe)
            #expect(probe.kind == "ready" && probe.passed && probe.problem == nil)
        }
    }

    @Test(
        "a worker is ready when it takes connections, or answers, at its unix socket",
        arguments: [
            "ready = { by = 'tcp', address = 'unix:DIR/{worker}.sock' }",
            "ready = { by = 'http', url = 'http+unix://ESCAPED%2F{worker}.sock/', status = '200', body = ' ' }",
        ])
    func listens(ready: String) throws {
        try withSupervisor({ scene in
            let escaped = scene.directory.replacing("/", with: "%2F")
            return waiting(
                scene, then: "exec \"$worker\" listen \(scene.directory)/0.sock",
                more: ready.replacing("DIR", with: scene.directory).replacing("ESCAPED", with: escaped))
        }) { supervisor in
            try expectReadyAfterGo(supervisor)
            #expect(try supervisor.worker("web/0").probe?.passed == true)
        }
    }

    @Test(
        "a worker is ready when it prints a line, to the terminal or a file",
        arguments: [
            "log.to = 'terminal'", "log.file = 'DIR/{worker}.log'",
        ])
    func line(log: String) throws {
        try withSupervisor({ scene in
            try scene.write("0.log", "listening on 1\n")
            return waiting(
                scene, then: "echo nothing; echo listening on 2 >&2",
                more: "ready = { by = 'log', line = 'listening on' }\n" + log.replacing("DIR", with: scene.directory))
        }) { supervisor in
            try expectReadyAfterGo(supervisor)
        }
    }

    @Test("READY=1 doesn't make a worker ready that is probed, and at its time-out it says what the last probe said")
    func timeOut() throws {
        let more = """
            ready = { by = 'tcp', address = 'unix:/nowhere.sock', timeout = '300ms', interval = '50ms' }
            restart.policy = 'never'
            """
        let silent = "ready = { by = 'log', line = 'never', timeout = '300ms' }\nrestart.policy = 'never'"
        try withSupervisor(service("web", "notify", "READY=1", more: more) + service("log", "sleep", more: silent)) {
            supervisor in
            try supervisor.expect(
                "web/0 ended, as it was not ready in time: connect to unix:/nowhere.sock: No such file or directory")
            try supervisor.expect(
                "log/0 ended, as it was not ready in time: no line that it printed contains \"never\"")
            try supervisor.expect("web/0 has failed")
            let exit = try #require(try supervisor.worker("web/0").lastExit)
            #expect(exit.reason == "ready-timeout" && exit.detail?.contains("/nowhere.sock") == true)
        }
    }

    // MARK: Health

    /// Healthy unless there is a file `sick-` and its incarnation's number.
    private func health(_ scene: Scene) -> String {
        """
        health = { by = 'command', command = ['/bin/sh', '-c', \
        'test ! -e \(scene.directory)/sick-$CADRE_INCARNATION || (echo sneezes; exit 1)'], \
        interval = '20ms', failures = 2 }
        """
    }

    @Test("an unhealthy worker is replaced, successor first, and its siblings stay") func replaced() throws {
        try withSupervisor({ scene in
            service("web", "notify", "READY=1", workers: 2, more: "ready.by = 'notify'\n" + health(scene))
        }) { supervisor in
            let first = try supervisor.ready("web/0")
            let sibling = try supervisor.ready("web/1")
            let witness = try Witness(first)
            #expect(try supervisor.worker("web/0").restarts == 0)
            try supervisor.scene.write("sick-1", "")
            // Both are incarnation 1 of theirs.
            for worker in ["web/0", "web/1"] {
                try supervisor.expect("\(worker) is unhealthy: /bin/sh exited with code 1: sneezes")
                try supervisor.expect("starting a successor of \(worker), as it was unhealthy")
                try supervisor.ready(worker)
                try supervisor.expect("\(worker) was replaced, as it was unhealthy; incarnation 2 took over")
            }
            #expect(try witness.sawEnd())
            let worker = try supervisor.worker("web/0")
            #expect(worker.pid != first && worker.incarnation == 2 && worker.restartsByReason == ["health": 1])
            #expect(worker.lastExit?.reason == "health" && worker.lastExit?.detail?.hasSuffix("sneezes") == true)
            #expect(try supervisor.worker("web/1").pid != sibling)
            let text = try supervisor.cadre("inspect", "web/0").output
            #expect(text.contains("last probe") && text.contains("health passed"))
        }
    }

    @Test("a worker that becomes well again before its successor is ready says so; health is switched on and off live")
    func recovered() throws {
        try withSupervisor({ scene in
            service(
                "web", script: "test $CADRE_INCARNATION -gt 1 || \"$worker\" notify READY=1; exec \"$worker\" sleep",
                more: "ready.by = 'notify'")
        }) { supervisor in
            let scene = supervisor.scene
            let pid = try supervisor.ready("web/0")
            let plain = try Descriptor.open(scene.path("cadre.toml")).readText()
            try scene.write("sick-1", "")
            try supervisor.reload(plain + health(scene))
            try supervisor.expect("web/0 is unhealthy")
            try supervisor.expect("starting a successor of web/0, as it was unhealthy")
            unlink(scene.path("sick-1"))
            try supervisor.expect("web/0 is healthy again")
            #expect(try supervisor.worker("web/0").pid == pid)
            try supervisor.reload(plain)
            try supervisor.expect("reloaded: ")
        }
    }

    @Test("a health endpoint that hangs has one connection at a time") func hung() throws {
        let listener = try TCPListener(backlog: 64)
        let more = """
            health = { by = 'http', url = 'http://127.0.0.1:\(listener.port)/', interval = '10ms', timeout = '50ms', failures = 5 }
            """
        try withSupervisor(service("web", "sleep", more: more)) { supervisor in
            try supervisor.ready("web/0")
            let beginning = ContinuousClock.now
            let first = try listener.accept()
            var others: [Int32] = []
            defer { for connection in others { close(connection) } }
            // Whenever five have failed there is a successor, whose probes begin anew.
            for _ in 0..<20 { others.append(try listener.accept().release()) }
            // Each takes 50 ms; those that pile up would come every 10 ms.
            #expect(.now - beginning >= .milliseconds(20 * 50 / 2))
            // It has been hung up.
            var buffer = [UInt8](repeating: 0, count: 4096)
            while read(first.rawValue, &buffer, buffer.count) > 0 {}
            try supervisor.expect("web/0 is unhealthy: 127.0.0.1:\(listener.port) did not answer within 50 ms")
        }
    }

    @Test("a worker that ends while a command probes it is restarted at once, and frozen ones are not probed")
    func endsWhileProbed() throws {
        try withSupervisor({ scene in
            service(
                "web", "sleep",
                more: """
                    health = { by = 'command', command = ['/bin/sh', '-c', \
                    'echo $$ >> \(scene.directory)/probes; sleep 1000'], interval = '20ms', timeout = '1h' }
                    """)
        }) { supervisor in
            let pid = try supervisor.ready("web/0")
            let path = supervisor.scene.path("probes")
            while access(path, F_OK) != 0 { sched_yield() }
            kill(pid, SIGKILL)
            #expect(try supervisor.ready("web/0") != pid)
            #expect(try supervisor.worker("web/0").lastExit?.signal == "SIGKILL")
            try supervisor.cadre("freeze", "web/0")
            #expect(try supervisor.worker("web/0").state == "frozen")
            try supervisor.cadre("thaw", "web/0")
        }
    }

    @Test("a hundred workers are probed") func hundred() throws {
        try withSupervisor({ scene in
            let url = "http+unix://\(scene.directory.replacing("/", with: "%2F"))%2Fs.sock/"
            return service(
                "web", "serve", workers: 100,
                more: """
                    ready = { by = 'http', url = '\(url)', interval = '50ms' }
                    health = { by = 'http', url = '\(url)', interval = '100ms', timeout = '30s' }
                    socket = [{ listen = 'unix:\(scene.directory)/s.sock' }]
                    """)
        }) { supervisor in
            for number in 0..<100 { try supervisor.ready("web/\(number)") }
            var probed: Set<Int> = []
            let deadline = ContinuousClock.now + Machine.patience
            while probed.count < 100, .now < deadline {
                for worker in try supervisor.status().services[0].workers where worker.probe?.kind == "health" {
                    #expect(worker.probe?.passed == true && worker.restarts == 0)
                    probed.insert(worker.number)
                }
            }
            #expect(probed.count == 100)
        }
    }
}
