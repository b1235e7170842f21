import CLinux
import Cadre
import ControlAPI
import Glibc
import Processes
import Reactor
import Testing

/// A supervisor that is killed with SIGKILL, and the one that goes on: nothing is forgotten.
@Suite(.needsControlGroups) struct KeptSupervisorTests {
    // MARK: Counters and deadlines

    @Test("counters and the budget of restarts go on, and what failed stays failed")
    func budget() throws {
        let more = "restart = { budget = 2, delay = '1ms' }"
        try withSupervisor(service("web", "sleep", workers: 2, more: more)) { supervisor in
            let sibling = try supervisor.ready("web/1")
            var pid = try supervisor.ready("web/0")
            for restarts in 1...2 {
                kill(pid, SIGKILL)
                try supervisor.expect("web/0 was killed by SIGKILL")
                pid = try supervisor.ready("web/0")
                try supervisor.replace()
                let worker = try supervisor.worker("web/0")
                #expect(worker.restarts == restarts && worker.pid == pid && worker.lastExit?.signal == "SIGKILL")
                #expect(worker.incarnation == UInt64(restarts + 1))
            }
            kill(pid, SIGKILL)
            try supervisor.expect(
                "web/0 has failed: its budget of 2 restarts in 60 s is spent; its last end was SIGKILL")
            try supervisor.replace()
            let failed = try supervisor.worker("web/0")
            #expect(failed.state == "failed" && failed.restarts == 2)
            #expect(try supervisor.inspect("web/0").incarnations.map(\.number) == [1, 2, 3])
            #expect(try supervisor.worker("web/1").pid == sibling)
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("a worker that waits for its restart is started when that is due, neither at once nor late")
    func backoff() throws {
        /// Seconds since the machine was started, in hundredths, as the worker notes them when it starts.
        func uptimes(_ file: String) throws -> [Double] {
            try Descriptor.open(file).readText().split(separator: "\n").compactMap {
                $0.split(separator: " ").first.flatMap { Double($0) }
            }
        }
        try withSupervisor({ scene in
            """
            [service.web]
            command = ['/bin/sh', '-c', 'cat /proc/uptime >> \(scene.path("starts")); exit 3']
            restart = { delay = '6s', max_delay = '6s', jitter = 0, budget = 100 }

            """
        }) { supervisor in
            // The first one is at once.
            for _ in 0..<2 { try supervisor.expect("web/0 exited with code 3") }
            try supervisor.expect("web/0 is started again in 6")
            let end = try uptimes("/proc/uptime")[0]
            var last = end
            while last < end + 2 {
                last = try uptimes("/proc/uptime")[0]
                try supervisor.replace()
                let worker = try supervisor.worker("web/0")
                #expect(worker.state == "waiting" && worker.restarts == 2, "\(worker.state)")
            }
            try supervisor.expect("web/0 exited with code 3")
            let starts = try uptimes(supervisor.scene.path("starts"))
            try #require(starts.count == 3)
            #expect(starts[2] - starts[1] > 5.98, "\(starts)")
            #expect(starts[2] < last + 6, "the last supervisor counted anew: \(starts), begun after \(last)")
        }
    }

    @Test("a stop goes on, and ends with SIGKILL at its own deadline")
    func stop() throws {
        let more = "stop.timeout = '6s'"
        try withSupervisor(service("web", "ignore-term", workers: 2, more: more)) { supervisor in
            for number in 0..<2 { try supervisor.expect("web/\(number) ", "| ignoring") }
            let other = try supervisor.ready("web/1")
            let witness = try Witness(try supervisor.ready("web/0"))
            let beginning = ContinuousClock.now
            #expect(try supervisor.cadre("stop", "web/0", "--no-wait").code == 0)
            var last = ContinuousClock.now
            while last - beginning < .seconds(3) {
                last = .now
                try supervisor.replace()
                #expect(try supervisor.worker("web/0").state == "stopping")
            }
            #expect(try witness.sawEnd())
            let end = ContinuousClock.now
            #expect(end - beginning >= .seconds(6) && end - last < .seconds(6), "\(end - beginning), \(end - last)")
            try supervisor.expect("web/0 is stopped")
            try supervisor.replace()
            #expect(try supervisor.worker("web/0").state == "stopped")
            #expect(try supervisor.worker("web/1").pid == other)
        }
    }

    @Test("the stop of everything goes on, and the keeper ends with it")
    func shutdown() throws {
        try withSupervisor(service("web", "ignore-term", workers: 3, more: "stop.timeout = '2s'")) { supervisor in
            for number in 0..<3 { try supervisor.expect("web/\(number) ", "| ignoring") }
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            try supervisor.signal(SIGTERM)
            try supervisor.expect("stopping 3 workers")
            try supervisor.replace()
            #expect(try supervisor.waitForEnd().code == 0)
        }
    }

    // MARK: What was commanded

    @Test("what is frozen stays frozen all the time, what is stopped stays stopped, and the scale stays")
    func commanded() throws {
        try withSupervisor(service("web", "sleep", workers: 3)) { supervisor in
            let frozen = try supervisor.ready("web/0")
            for number in 1..<3 { try supervisor.ready("web/\(number)") }
            #expect(try supervisor.cadre("freeze", "web/0").code == 0)
            #expect(try supervisor.cadre("stop", "web/1").code == 0)
            #expect(try supervisor.cadre("scale", "web=5").code == 0)
            try supervisor.absent {
                let file = "\(supervisor.scene.cgroup)/web/0@1/cgroup.events"
                let text = try Descriptor.open(file).readText()
                #expect(text.contains("frozen 1"))
            }
            #expect(
                try supervisor.status().services[0].workers.map(\.state)
                    == ["frozen", "stopped", "ready", "ready", "ready"])
            #expect(try supervisor.cadre("thaw", "web/0").code == 0)
            #expect(try supervisor.worker("web/0").pid == frozen)
            #expect(try supervisor.cadre("scale", "web=2").code == 0)
            try supervisor.replace()
            #expect(try supervisor.status().services[0].workers.map(\.state) == ["ready", "stopped"])
        }
    }

    @Test("a roll-out that is paused stays paused, and goes on when it is told to")
    func pausedRollout() throws {
        // None is ready before the gate is open.
        func toml(_ name: String, _ scene: Scene) -> String {
            service(
                "web",
                script: """
                    until test -e \(scene.path("gate")); do sleep 0.05; done
                    exec "$worker" notify 'STATUS=\(name)\\nREADY=1'
                    """, workers: 4, more: "ready.by = 'notify'")
        }
        try withSupervisor({
            try $0.write("gate", ""); return toml("first", $0)
        }) { supervisor in
            for number in 0..<4 { try supervisor.ready("web/\(number)") }
            unlink(supervisor.scene.path("gate"))
            try supervisor.reload(toml("second", supervisor.scene))
            try supervisor.expect("starting a successor of web/0")
            #expect(try supervisor.cadre("rollout", "pause", "web").code == 0)
            try supervisor.scene.write("gate", "")
            try supervisor.expect("is through with 1 of 4 workers")
            try supervisor.replace()
            let texts = { try supervisor.status().services[0].workers.map(\.statusText) }
            #expect(try texts() == ["second", "first", "first", "first"])
            #expect(try supervisor.ask { try await $0.rollout(of: "web") }.isPaused)
            #expect(try supervisor.cadre("rollout", "resume", "web").code == 0)
            try supervisor.expect("the roll-out of web is done, all of it runs")
            #expect(try texts() == ["second", "second", "second", "second"])
            #expect(try supervisor.status().services[0].workers.allSatisfy { $0.restarts == 1 })
            let undone = try supervisor.cadre("rollout", "undo", "web")
            #expect(undone.code == 0)
            #expect(try texts() == ["first", "first", "first", "first"])
        }
    }

    // MARK: What happens meanwhile

    @Test("how workers ended that died while there was no supervisor is known, and they are started again")
    func endsMeanwhile() throws {
        let script = "trap 'exit 7' USR1; echo up; while :; do sleep 0.1; done"
        try withSupervisor(
            service("bad", script: script) + service("killed", "sleep") + service("whole", "double-fork")
                + service("web", "sleep")
        ) { supervisor in
            let web = try supervisor.ready("web/0")
            try supervisor.expect("bad/0 ", "| up")
            let pids = try ["bad/0", "killed/0", "whole/0"].map { try supervisor.ready($0) }
            try supervisor.expect("whole/0 ", "| orphan")
            try supervisor.absent {
                let bad = try Witness(pids[0])
                kill(pids[0], SIGUSR1)
                kill(pids[1], SIGKILL)
                try Descriptor.open("\(supervisor.scene.cgroup)/whole/0@1/cgroup.kill", flags: O_WRONLY).write("1")
                #expect(try bad.sawEnd())
            }
            for name in ["bad/0", "killed/0", "whole/0"] { try supervisor.ready(name) }
            let exits = try ["bad/0", "killed/0", "whole/0"].map { try supervisor.worker($0).lastExit }
            #expect(exits[0]?.code == 7 && exits[1]?.signal == "SIGKILL" && exits[2]?.signal == "SIGKILL")
            for (name, pid) in zip(["bad/0", "killed/0", "whole/0"], pids) {
                let worker = try supervisor.worker(name)
                #expect(worker.restarts == 1 && worker.incarnation == 2)
                let inspection = try supervisor.inspect(name)
                let past = try #require(inspection.incarnations.first)
                #expect(past.number == 1 && past.pid == pid && past.exit?.reason != "unknown")
            }
            #expect(try supervisor.worker("web/0").pid == web)
        }
    }

    @Test("connections that come while there is neither supervisor nor worker are answered by the next worker")
    func queuedConnections() throws {
        try withSupervisor({ scene in
            service(
                "web", "serve",
                more: "ready.by = 'notify'\nsocket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
        }) { supervisor in
            let path = supervisor.scene.path("http")
            let first = try supervisor.ready("web/0")
            var connections: [Int32] = []
            defer { for connection in connections { close(connection) } }
            try supervisor.absent {
                let witness = try Witness(first)
                kill(first, SIGKILL)
                #expect(try witness.sawEnd())
                for _ in 0..<20 {
                    let connection = try connect(to: path)
                    try connection.write("GET / HTTP/1.0\r\n\r\n")
                    connections.append(connection.release())
                }
            }
            let next = try supervisor.ready("web/0")
            for _ in 0..<20 {
                let connection = Descriptor(owning: connections.removeLast())
                #expect(try connection.readText().contains("\r\n\r\n\(next) "))
            }
        }
    }

    @Test("a service on demand that sleeps goes on to sleep, and a connection that came meanwhile wakes it")
    func onDemand() throws {
        try withSupervisor({ scene in
            service("idle", "sleep")
                + service(
                    "web", "serve",
                    more: """
                        on_demand = true
                        idle_timeout = '300ms'
                        ready.by = 'notify'
                        socket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]
                        """)
        }) { supervisor in
            let path = supervisor.scene.path("http")
            try supervisor.ready("idle/0")
            try supervisor.replace()
            #expect(try supervisor.worker("web/0").state == "asleep")
            let client = Client(path: path)
            let answered = try client.ask()
            #expect(try supervisor.ready("web/0") == answered)
            // Whoever is told to sleep in the end was told so by the one that came after.
            try supervisor.replace()
            try supervisor.expect("web/0 sleeps until somebody connects")
            var number: Int32 = -1
            try supervisor.absent {
                let connection = try connect(to: path)
                try connection.write("GET / HTTP/1.0\r\n\r\n")
                number = connection.release()
            }
            let connection = Descriptor(owning: number)
            let pid = try supervisor.ready("web/0")
            #expect(try connection.readText().contains("\r\n\r\n\(pid) "))
            #expect(try supervisor.worker("web/0").restarts == 0)
        }
    }

    @Test("what workers stored is there for their next incarnation, stored before or meanwhile")
    func storedDescriptors() throws {
        let more = "ready.by = 'notify'\nfd_store_max = 3"
        try withSupervisor(
            service("web", "store", "if-empty:memory:hello:FDSTORE=1\\nFDNAME=state", more: more)
        ) { supervisor in
            let first = try supervisor.ready("web/0")
            try supervisor.absent { kill(first, SIGKILL) }
            try supervisor.expect("web/0 ", "| has state \"hello\"")
            let second = try supervisor.ready("web/0")
            try supervisor.replace()
            kill(second, SIGKILL)
            try supervisor.expect("web/0 ", "| has state \"hello\"")
            try supervisor.ready("web/0")
            try supervisor.replace()
            let held = try supervisor.settledDescriptorCounts()[0]
            #expect(try supervisor.cadre("stop", "web/0").code == 0)
            #expect(eventually { (try? supervisor.descriptorCounts()[0]) ?? held < held })
            try supervisor.replace()
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            try supervisor.expect("web/0 ", "| has 0")
        }
    }

    @Test("health is asked on, and what fell ill meanwhile is replaced once")
    func health() throws {
        try withSupervisor({ scene in
            service(
                "web", "notify", "READY=1", workers: 2,
                more: """
                    ready.by = 'notify'
                    health = { by = 'command', command = ['/bin/sh', '-c', \
                    'test ! -e \(scene.directory)/sick-{worker}-$CADRE_INCARNATION'], interval = '20ms', failures = 2 }
                    """)
        }) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.absent { try supervisor.scene.write("sick-0-1", "") }
            try supervisor.expect("web/0 is unhealthy")
            try supervisor.expect("web/0 was replaced, as it was unhealthy; incarnation 2 took over")
            let after = try supervisor.status().services[0].workers
            #expect(after[0].pid != workers[0] && after[0].restarts == 1)
            #expect(after[1].pid == workers[1] && after[1].restarts == 0)
        }
    }

    @Test("what workers print while there is no supervisor is not lost, nor what they print later")
    func logLines() throws {
        try withSupervisor(service("web", "count-signals")) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("web/0 ", "| 0")
            for turn in 0..<3 {
                try supervisor.absent {
                    kill(pid, SIGUSR1)
                    // It has been taken, and printed, when it waits again.
                    while try !Descriptor.open("/proc/\(pid)/status").readText().contains("ShdPnd:\t0000000000000000") {
                        sched_yield()
                    }
                }
                try supervisor.expect("web/0 ", "| \(2 * turn + 1)")
                kill(pid, SIGUSR1)
                try supervisor.expect("web/0 ", "| \(2 * turn + 2)")
            }
            #expect(try supervisor.output(of: "web/0") == (0...6).map(String.init))
        }
    }

    // MARK: Many

    @Test(
        "after twenty deaths the keeper and the supervisor have as many descriptors as before, and nobody is a zombie")
    func descriptors() throws {
        let more = "ready.by = 'notify'\nsocket = [{ name = 'http', listen = '@SOCKET' }]"
        try withSupervisor({ scene in
            service(
                "web", "serve", workers: 3, more: more.replacing("@SOCKET", with: "unix:\(scene.path("http"))"))
        }) { supervisor in
            let workers = try (0..<3).map { try supervisor.ready("web/\($0)") }
            try supervisor.replace()
            let before = try supervisor.settledDescriptorCounts()
            for _ in 0..<20 { try supervisor.replace() }
            let status = try supervisor.status()
            #expect(status.services[0].workers.map(\.pid) == workers)
            #expect(status.services[0].workers.allSatisfy { $0.restarts == 0 })
            supervisor.expectDescriptorCounts(before)
            let children = try Descriptor.open("/proc/\(supervisor.keeper)/task/\(supervisor.keeper)/children")
                .readText()
            #expect(children.split(separator: " ").count == 4, "\(children)")
        }
    }

    @Test("a hundred workers are gone on with, and how long there is no supervisor is told")
    func hundred() throws {
        try withSupervisor(service("web", "sleep", workers: 100)) { supervisor in
            for number in 0..<100 { try supervisor.ready("web/\(number)") }
            let before = try supervisor.status().services[0].workers.map(\.pid)
            let beginning = ContinuousClock.now
            try supervisor.replace()
            print("a supervisor of 100 workers was there again after \(ContinuousClock.now - beginning)")
            let killed = try #require(before[50])
            try supervisor.absent { kill(killed, SIGKILL) }
            try supervisor.ready("web/50")
            let after = try supervisor.status().services[0].workers
            for number in 0..<100 where number != 50 {
                #expect(after[number].pid == before[number] && after[number].restarts == 0)
            }
            #expect(after[50].restarts == 1)
        }
    }
}
