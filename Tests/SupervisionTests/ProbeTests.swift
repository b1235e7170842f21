import Testing

@testable import Supervision

@Suite("Probes of a worker") struct ProbeTests {
    private static let health = HealthPolicy(interval: .seconds(10), failures: 2, successes: 1, startGrace: .seconds(5))

    /// A worker whose incarnation 1 has passed its start grace, and whose first health probe is under way.
    private func probed(_ health: HealthPolicy = health) -> Subject {
        let worker = Subject.ready(.test(health: health))
        worker(.deadline(.probe(1)), later: health.startGrace)
        return worker
    }

    // MARK: Readiness

    @Test(
        "it is probed from its start until a probe passes, no faster than the interval",
        arguments: [
            WorkerPolicy.Readiness.tcp, .http, .command,
        ])
    func readiness(_ readiness: WorkerPolicy.Readiness) {
        let worker = Subject(.test(readiness: readiness))
        worker(.start)
        #expect(
            worker(.spawned(1)) == [.arm(.phase(1), at: worker.now + .seconds(60)), .probe(1, .ready)])
        let asked = worker.now
        #expect(
            worker(.probed(1, .ready, passed: false), later: .milliseconds(50))
                == [.arm(.probe(1), at: asked + .milliseconds(200))])
        #expect(worker(.deadline(.probe(1)), later: .milliseconds(150)) == [.probe(1, .ready)])
        // One that takes longer than the interval is followed by the next at once, and not by two.
        #expect(worker(.probed(1, .ready, passed: false), later: .seconds(5)) == [.probe(1, .ready)])
        #expect(worker.machine.state == .starting)
        #expect(worker(.probed(1, .ready, passed: true), later: .seconds(1)) == [.disarm(.phase(1))])
        #expect(worker.machine.state == .ready && worker.machine.current?.probe == nil)
    }

    @Test("one that isn't ready in time is probed no more") func readyTimeout() {
        let worker = Subject(.test(readiness: .http))
        worker(.start)
        worker(.spawned(1))
        #expect(
            worker(.deadline(.phase(1)), later: .seconds(60))
                == [.signalLeader(1), .endProbe(1), .arm(.phase(1), at: worker.now + .seconds(10))])
        #expect(worker.all(.probed(1, .ready, passed: true)) == [])
    }

    @Test("a successor whose probe passes takes over") func successor() {
        let worker = Subject(.test(readiness: .tcp))
        worker(.start)
        worker(.spawned(1))
        worker(.probed(1, .ready, passed: true))
        worker(.replace(.manual))
        #expect(worker(.spawned(2)).contains(.probe(2, .ready)))
        #expect(worker.events(.probed(2, .ready, passed: true)).contains(.replaced(1, by: 2, .manual)))
    }

    // MARK: Health

    @Test("its health is probed once it is ready and its grace is over") func grace() {
        let worker = Subject(.test(health: Self.health))
        worker(.start)
        worker(.spawned(1))
        #expect(
            worker(.ready(1), later: .seconds(3))
                == [.disarm(.phase(1)), .arm(.probe(1), at: worker.now + .seconds(5))])
        #expect(worker.all(.deadline(.probe(1)), later: .seconds(4)) == [])
        #expect(worker(.deadline(.probe(1)), later: .seconds(1)) == [.probe(1, .health)])
        let asked = worker.now
        #expect(
            worker(.probed(1, .health, passed: true), later: .seconds(2))
                == [.arm(.probe(1), at: asked + .seconds(10))])
    }

    @Test("an answer that nobody waits for counts for nothing") func unasked() {
        let worker = probed()
        worker(.probed(1, .health, passed: true))
        #expect(worker.all(.probed(1, .health, passed: false)) == [])
        #expect(worker.all(.probed(1, .ready, passed: false)) == [])
        #expect(worker.machine.current?.healthCount.failures == 0)
    }

    @Test("an unhealthy one is replaced, successor first, and goes on being probed") func replaced() {
        let worker = probed()
        worker(.probed(1, .health, passed: false))
        #expect(!worker.machine.isUnhealthy(1))
        worker(.deadline(.probe(1)), later: .seconds(10))
        #expect(worker.events(.probed(1, .health, passed: false)) == [.unhealthy(1)])
        #expect(worker.machine.isUnhealthy(1))
        #expect(
            worker.all(.unhealthy(1)) == [
                .report(.replacing(1, .health)), .report(.restarting(after: .zero, .health)), .spawn(2),
            ])
        worker(.spawned(2))
        #expect(worker(.deadline(.probe(1)), later: .seconds(10)) == [.probe(1, .health)])
        worker(.probed(1, .health, passed: false))
        #expect(worker.all(.unhealthy(1)) == [], "its successor is on its way")
        worker(.deadline(.probe(1)), later: .seconds(10))
        let events = worker.events(.ready(2))
        #expect(events.contains(.replaced(1, by: 2, .health)) && events.contains(.stopping(1, .health)))
        #expect(worker.machine.current?.probe?.kind == .health)
        #expect(worker.machine.restartsByReason == [.health: 1])
        #expect(worker.machine.lastEnd == End(reason: .health, exit: nil, isSuccess: true))
    }

    @Test("failing again does not put off a successor that waits to be started") func waitingSuccessor() {
        let worker = probed()
        worker(.unhealthy(1))
        worker(.exited(2))
        #expect(worker.all(.unhealthy(1), later: .milliseconds(900)) == [])
        #expect(worker(.deadline(.restart), later: .milliseconds(100)) == [.spawn(3)])
    }

    @Test("one that becomes well again says so, and its successor takes over all the same") func recovered() {
        let worker = probed(HealthPolicy(interval: .seconds(1), failures: 1))
        worker(.probed(1, .health, passed: false))
        worker(.unhealthy(1))
        worker(.spawned(2))
        worker(.deadline(.probe(1)), later: .seconds(1))
        #expect(worker.events(.probed(1, .health, passed: true)) == [.healthy(1)])
        #expect(!worker.machine.isUnhealthy(1))
        #expect(worker.events(.ready(2)).contains(.replaced(1, by: 2, .health)))
    }

    // MARK: The end of it

    @Test("one that is told to stop, or drains, or dies, is probed no more") func ended() {
        #expect(probed()(.stop).contains(.endProbe(1)))
        #expect(probed()(.stopping(1)).contains(.endProbe(1)))
        #expect(probed()(.kill).contains(.endProbe(1)))
        #expect(probed()(.leaderExited(1, .code(0))).contains(.endProbe(1)))
        #expect(probed()(.exited(1)).contains(.endProbe(1)))
        let waiting = probed()
        waiting(.probed(1, .health, passed: true))
        #expect(waiting(.stop).contains(.disarm(.probe(1))))
        #expect(waiting.all(.deadline(.probe(1)), later: .seconds(10)) == [])
    }

    @Test("a frozen one isn't probed, and has a whole interval once it is thawed") func frozen() {
        let worker = probed()
        #expect(worker(.freeze) == [.endProbe(1), .freeze(1)])
        #expect(worker.all(.probed(1, .health, passed: false), later: .seconds(100)) == [])
        #expect(worker(.thaw) == [.thaw(1), .arm(.probe(1), at: worker.now + .seconds(10))])
    }

    // MARK: Changes

    @Test("health probes can be switched on, paced and switched off while it runs") func changes() {
        let worker = Subject.ready()
        worker.policy.health = Self.health
        #expect(worker(.healthPolicyChanged, later: .seconds(60)) == [.probe(1, .health)])
        #expect(worker.all(.healthPolicyChanged) == [])
        worker(.probed(1, .health, passed: true))
        worker.policy.health?.interval = .seconds(2)
        #expect(worker(.healthPolicyChanged) == [.disarm(.probe(1)), .arm(.probe(1), at: worker.now + .seconds(2))])
        worker.policy.health?.failures = 9
        #expect(worker.all(.healthPolicyChanged) == [])
        #expect(worker.machine.current?.health?.failures == 9)
        worker.policy.health = nil
        #expect(worker(.healthPolicyChanged) == [.disarm(.probe(1))])
        #expect(worker.machine.current?.probe == nil)
    }

    @Test("outdated workers keep to the health probes that they were started with") func outdated() {
        var fleet = Fleet(seed: 1)
        let worker = WorkerID(service: "web", number: 0)
        _ = fleet.configure(
            "web", policy: .test(health: Self.health), revision: "a", count: 1, replacesWorkers: false, at: .seconds(1))
        _ = fleet.handle(worker, .spawned(1), at: .seconds(1))
        _ = fleet.handle(worker, .ready(1), at: .seconds(1))
        _ = fleet.configure(
            "web", policy: .test(health: HealthPolicy(failures: 9)), revision: "b", count: 1, replacesWorkers: true,
            at: .seconds(2))
        #expect(fleet.worker(worker)?.current?.health == Self.health)
        let actions = fleet.configure(
            "web", policy: .test(), revision: "b", count: 1, replacesWorkers: false, at: .seconds(2))
        #expect(actions.contains(.worker(worker, .disarm(.probe(1)))))
        #expect(fleet.worker(worker)?.current?.health == nil)
    }
}
