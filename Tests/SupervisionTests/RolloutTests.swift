import Testing

@testable import Supervision

@Suite("A roll-out") struct RolloutTests {
    private func fleet(_ count: Int, _ rollout: RolloutPolicy) -> FleetSubject {
        let fleet = FleetSubject()
        fleet.policy = .test()
        fleet.policy.rollout = rollout
        fleet.configure(count)
        for worker in 0..<count { fleet.becomeReady(worker) }
        if rollout.minReady > .zero {
            for worker in 0..<count { fleet.tell(worker, .deadline(.phase(1)), later: rollout.minReady) }
        }
        return fleet
    }

    /// The workers that have a successor.
    private func surging(_ fleet: FleetSubject) -> [Int] {
        fleet.states.indices.filter { fleet.successor($0) != nil }
    }

    @Test("as many successors as may surge are started, and each that is ready makes room for another one")
    func surge() {
        let fleet = fleet(5, RolloutPolicy(maxSurge: .count(2)))
        fleet.configure(5, replaces: true)
        #expect(surging(fleet) == [0, 1])
        fleet.becomeReady(1, 2)
        #expect(surging(fleet) == [0, 2])
        #expect(fleet.rollout?.done == [1])
        #expect(fleet.revisions == ["r1", "r2", "r1", "r1", "r1"])
    }

    @Test("parts of the workers are rounded so that it always goes on") func shares() {
        let quarter = RolloutPolicy(maxSurge: .percent(25), maxUnavailable: .percent(25))
        #expect(quarter.surge(of: 5) == 2 && quarter.unavailable(of: 5) == 1 && quarter.parallel(of: 5) == 3)
        let lacking = RolloutPolicy(maxSurge: .count(0), maxUnavailable: .percent(10))
        #expect(lacking.unavailable(of: 5) == 1 && lacking.parallel(of: 5) == 1)
        #expect(RolloutPolicy(maxSurge: .percent(0), maxUnavailable: .percent(100)).unavailable(of: 5) == 5)
    }

    @Test("without surge predecessors are stopped first, as many as may be unavailable") func inPlace() {
        let fleet = fleet(4, RolloutPolicy(maxSurge: .count(0), maxUnavailable: .count(2)))
        fleet.configure(4, replaces: true)
        #expect(fleet.states == [.stopping, .stopping, .ready, .ready])
        #expect(fleet.tell(0, .exited(1, 0)).contains(.web(0, .spawn(2))))
        #expect(fleet.states == [.starting, .stopping, .ready, .ready])
        fleet.becomeReady(0, 2)
        #expect(fleet.states == [.ready, .stopping, .stopping, .ready])
        #expect(fleet.revisions[0] == "r2")
    }

    @Test("parallel bounds both together") func parallel() {
        let fleet = fleet(4, RolloutPolicy(maxSurge: .count(2), maxUnavailable: .count(2), parallel: 3))
        fleet.configure(4, replaces: true)
        #expect(surging(fleet) == [0, 1])
        #expect(fleet.states == [.ready, .ready, .stopping, .ready])
    }

    @Test("a predecessor serves on until its successor has stayed ready for min_ready") func minReady() {
        let fleet = fleet(2, RolloutPolicy(minReady: .seconds(30)))
        fleet.configure(2, replaces: true)
        fleet.tell(0, .spawned(2))
        #expect(
            fleet.tell(0, .ready(2)) == [.web(0, .arm(.phase(2), at: fleet.now + .seconds(30)))])
        #expect(fleet.current(0) == 1)
        let actions = fleet.tell(0, .deadline(.phase(2)), later: .seconds(30))
        #expect(actions.first == .web(0, .signalLeader(1)))
        #expect(actions.contains(.web(1, .spawn(2))))
        #expect(fleet.current(0) == 2)
    }

    @Test("a successor that ends within min_ready is a failure, and its predecessor is as it was") func endsTooSoon() {
        let fleet = fleet(2, RolloutPolicy(minReady: .seconds(30), failures: 1))
        fleet.configure(2, replaces: true)
        fleet.becomeReady(0, 2)
        fleet.tell(0, .exited(2), later: .seconds(29))
        #expect(fleet.rollout?.state == .stopped)
        #expect(fleet.states == [.ready, .ready] && fleet.current(0) == 1)
    }

    @Test("a release that fails is given up after so many failures in a row, and says which one failed how") func stop()
    {
        let fleet = fleet(3, RolloutPolicy())
        fleet.configure(3, replaces: true)
        fleet.becomeReady(0, 2)
        fleet.tell(0, .exited(1, 0))
        for number in UInt64(2)...3 {
            fleet.tell(1, .spawned(number))
            fleet.tell(1, .exited(number, 7))
            #expect(fleet.rollout?.state == .running)
            fleet.tell(1, .deadline(.restart), later: .seconds(10))
        }
        fleet.tell(1, .spawned(4))
        fleet.tell(1, .exited(4, 7))
        let failure = RolloutFailure(
            worker: 1, incarnation: 4, end: End(reason: .exit, exit: .code(7), isSuccess: false), failures: 3)
        #expect(fleet.rollout?.state == .stopped && fleet.rollout?.failure == failure)
        #expect(fleet.rolloutEvents.last == .stopped(failure))
        #expect(fleet.states == [.ready, .ready, .ready])
        #expect(fleet.revisions == ["r2", "r1", "r1"])
        // What ends by itself from then on comes back with what is known to be good, and so does what is new.
        fleet.tell(0, .exited(2))
        #expect(fleet.revisions == ["r1", "r1", "r1"])
        _ = fleet.command { fleet, now in
            fleet.configure(
                "web", policy: .test(), revision: "r1", count: 4, replacesWorkers: false, at: now)
        }
        #expect(fleet.revisions[3] == "r1")
        #expect(fleet.rollout?.state == .stopped)
    }

    @Test("a rollback replaces back what runs the release, within the same limits") func rollback() {
        let fleet = fleet(4, RolloutPolicy(failures: 1, onFailure: .rollback))
        fleet.configure(4, replaces: true)
        for worker in 0..<2 {
            fleet.becomeReady(worker, 2)
            fleet.tell(worker, .exited(1, 0))
        }
        fleet.tell(2, .spawnFailed(2, isExhaustion: false))
        #expect(fleet.rollout?.state == .rollingBack && fleet.rollout?.failure?.worker == 2)
        #expect(fleet.successor(0) == 3 && fleet.successor(1) == nil)
        fleet.becomeReady(0, 3)
        #expect(fleet.successor(1) == 3)
        fleet.becomeReady(1, 3)
        #expect(fleet.rollout?.state == .rolledBack)
        #expect(fleet.rolloutEvents.last == .rolledBack(to: "r1"))
        #expect(fleet.revisions == ["r1", "r1", "r1", "r1"])
    }

    @Test("a worker whose predecessor was stopped first goes back to what is known to be good") func inPlaceFails() {
        let fleet = fleet(2, RolloutPolicy(maxSurge: .count(0), maxUnavailable: .count(1), failures: 2))
        fleet.configure(2, replaces: true)
        fleet.tell(0, .exited(1, 0))
        #expect(fleet.revisions == ["r2", "r1"])
        fleet.tell(0, .exited(2))
        #expect(fleet.tell(0, .exited(3)).contains(.web(0, .spawn(4))))
        #expect(fleet.rollout?.state == .stopped)
        #expect(fleet.revisions == ["r1", "r1"])
    }

    @Test("exhaustion of the system is no failure of a release") func exhaustion() {
        let fleet = fleet(1, RolloutPolicy(failures: 1))
        fleet.configure(1, replaces: true)
        fleet.tell(0, .spawnFailed(2, isExhaustion: true))
        #expect(fleet.rollout?.state == .running)
    }

    @Test("all successors of a blue-green roll-out take over together") func blueGreen() {
        let fleet = fleet(3, RolloutPolicy(strategy: .blueGreen))
        fleet.configure(3, replaces: true)
        #expect(surging(fleet) == [0, 1, 2])
        fleet.becomeReady(2, 2)
        fleet.becomeReady(0, 2)
        #expect(fleet.revisions == ["r1", "r1", "r1"])
        fleet.tell(1, .spawned(2))
        let actions = fleet.tell(1, .ready(2))
        for worker in 0..<3 { #expect(actions.contains(.web(worker, .signalLeader(1)))) }
        #expect(fleet.revisions == ["r2", "r2", "r2"] && fleet.rollout?.state == .done)
    }

    @Test("if one successor of a blue-green roll-out fails, all are given up and the old ones stay") func blueFails() {
        let fleet = fleet(3, RolloutPolicy(strategy: .blueGreen, failures: 1))
        fleet.configure(3, replaces: true)
        fleet.becomeReady(0, 2)
        let actions = fleet.tell(1, .exited(2))
        #expect(actions.contains(.web(0, .signalLeader(2))) && actions.contains(.web(2, .signalLeader(2))))
        #expect(fleet.revisions == ["r1", "r1", "r1"] && fleet.states == [.ready, .ready, .ready])
        #expect(fleet.rollout?.state == .stopped)
    }

    @Test("that a predecessor fails says nothing of the release which is to replace it") func predecessorFails() {
        let fleet = fleet(2, RolloutPolicy(strategy: .blueGreen, failures: 1))
        // The former release is broken, so far that one of its workers never was ready.
        fleet.tell(0, .exited(1, 1))
        fleet.tell(0, .spawned(2))
        fleet.configure(2, replaces: true)
        fleet.becomeReady(0, 3)
        fleet.tell(0, .exited(2, 1))
        #expect(fleet.rollout?.state == .running && fleet.current(0) == 3)
        fleet.becomeReady(1, 2)
        #expect(fleet.rollout?.state == .done && fleet.revisions == ["r2", "r2"])
    }

    @Test("a pause lets what is under way end, and a blue-green roll-out doesn't switch") func pause() throws {
        let rolling = fleet(3, RolloutPolicy())
        rolling.configure(3, replaces: true)
        try rolling.command { fleet, now in try fleet.pauseRollout(of: "web", at: now) }
        #expect(throws: RolloutError.isPaused(true)) {
            try rolling.command { fleet, now in try fleet.pauseRollout(of: "web", at: now) }
        }
        rolling.becomeReady(0, 2)
        #expect(rolling.revisions == ["r2", "r1", "r1"] && surging(rolling) == [])
        try rolling.command { fleet, now in try fleet.resumeRollout(of: "web", at: now) }
        #expect(surging(rolling) == [1])
        let green = fleet(2, RolloutPolicy(strategy: .blueGreen))
        green.configure(2, replaces: true)
        try green.command { fleet, now in try fleet.pauseRollout(of: "web", at: now) }
        for worker in 0..<2 { green.becomeReady(worker, 2) }
        #expect(green.revisions == ["r1", "r1"])
        try green.command { fleet, now in try fleet.resumeRollout(of: "web", at: now) }
        #expect(green.revisions == ["r2", "r2"])
    }

    @Test("a stopped roll-out can be tried again, and undone") func resumeAndUndo() throws {
        let fleet = fleet(2, RolloutPolicy(failures: 1))
        fleet.configure(2, replaces: true)
        fleet.becomeReady(0, 2)
        fleet.tell(1, .exited(2))
        #expect(fleet.rollout?.state == .stopped && fleet.revisions == ["r2", "r1"])
        try fleet.command { fleet, now in try fleet.resumeRollout(of: "web", at: now) }
        #expect(fleet.successor(0) == nil && fleet.successor(1) == 3)
        fleet.tell(1, .exited(3))
        try fleet.command { fleet, now in try fleet.undoRollout(of: "web", at: now) }
        #expect(fleet.successor(0) == 3)
        fleet.becomeReady(0, 3)
        #expect(fleet.revisions == ["r1", "r1"] && fleet.rollout?.state == .done)
    }

    @Test("what is done can be undone, and that again") func undoDone() throws {
        let fleet = fleet(1, RolloutPolicy())
        #expect(throws: RolloutError.none) { try fleet.command { try $0.undoRollout(of: "web", at: $1) } }
        fleet.configure(1, replaces: true)
        fleet.becomeReady(0, 2)
        for (number, revision) in [(UInt64(3), "r1"), (4, "r2")] {
            try fleet.command { try $0.undoRollout(of: "web", at: $1) }
            fleet.becomeReady(0, number)
            #expect(fleet.revisions == [revision] && fleet.rollout?.state == .done)
        }
    }

    @Test("a roll-out that is superseded gives up its successors, and starts with their workers") func superseded() {
        let fleet = fleet(3, RolloutPolicy(maxSurge: .count(1)))
        fleet.configure(3, replaces: true)
        fleet.becomeReady(0, 2)
        #expect(fleet.successor(1) == 2)
        #expect(fleet.configure(3, replaces: true).first == .web(1, .signalLeader(2)))
        #expect(fleet.successor(1) == 3 && fleet.rollout?.former == "r1" && fleet.rollout?.target == "r3")
        fleet.becomeReady(1, 3)
        #expect(fleet.revisions == ["r2", "r3", "r1"])
    }

    @Test("new workers of a release are its first test") func scaleUp() {
        let fleet = fleet(1, RolloutPolicy(failures: 1))
        fleet.configure(2, replaces: true)
        #expect(fleet.revisions == ["r1", "r2"])
        fleet.tell(1, .exited(1))
        #expect(fleet.rollout?.state == .stopped)
        #expect(fleet.revisions == ["r1", "r1"] && fleet.successor(0) == nil)
    }
}

@Suite("Replacements within a specification") struct RequestTests {
    private func fleet(_ count: Int, _ rollout: RolloutPolicy = RolloutPolicy()) -> FleetSubject {
        let fleet = FleetSubject()
        fleet.policy.rollout = rollout
        fleet.configure(count)
        for worker in 0..<count { fleet.becomeReady(worker) }
        return fleet
    }

    @Test("workers that touch memory.high wait for each other, and none is forgotten") func memoryHigh() {
        let fleet = fleet(3)
        for worker in [2, 0, 1] { fleet.tell(worker, .memoryHigh(1)) }
        for worker in [2, 0, 1] {
            #expect((0..<3).filter { fleet.successor($0) != nil } == [worker])
            fleet.becomeReady(worker, 2)
        }
        #expect((0..<3).map { fleet.current($0) } == [2, 2, 2])
    }

    @Test("the urgent goes before a roll-out, which fulfils it") func urgent() {
        let fleet = fleet(3)
        fleet.configure(3, replaces: true)
        fleet.tell(2, .memoryHigh(1))
        fleet.becomeReady(0, 2)
        #expect(fleet.successor(2) == 2 && fleet.successor(1) == nil)
        fleet.becomeReady(2, 2)
        #expect(fleet.revisions == ["r2", "r1", "r2"])
    }

    @Test("what a roll-out was to fulfil and didn't is done without it") func putBack() {
        let fleet = fleet(2, RolloutPolicy(failures: 1))
        fleet.configure(2, replaces: true)
        fleet.tell(0, .memoryHigh(1))
        fleet.tell(0, .exited(2))
        #expect(fleet.rollout?.state == .stopped)
        #expect(fleet.successor(0) == 3)
        fleet.becomeReady(0, 3)
        #expect(fleet.revisions == ["r1", "r1"])
    }

    @Test("without surge such a worker is stopped first") func inPlace() {
        let fleet = fleet(2, RolloutPolicy(maxSurge: .count(0), maxUnavailable: .count(1)))
        fleet.tell(0, .memoryHigh(1))
        fleet.tell(1, .memoryHigh(1))
        #expect(fleet.states == [.stopping, .ready])
        fleet.tell(0, .exited(1, 0))
        fleet.becomeReady(0, 2)
        #expect(fleet.states == [.ready, .stopping])
    }

    @Test("it is tried for ever") func forever() {
        let fleet = fleet(1)
        fleet.restart(0)
        for number in UInt64(2)...20 {
            fleet.tell(0, .exited(number))
            fleet.tell(0, .deadline(.restart), later: .seconds(10))
            #expect(fleet.successor(0) == number + 1 && fleet.states == [.ready])
        }
    }

    @Test("a pause holds what is too old, and nothing else") func pause() throws {
        let fleet = fleet(3)
        fleet.policy.maxAge = .seconds(1000)
        fleet.policy.maxAgeJitter = 0
        fleet.configure(3, replaces: true)
        try fleet.command { fleet, now in try fleet.pauseRollout(of: "web", at: now) }
        fleet.becomeReady(0, 2)
        fleet.tell(0, .deadline(.age(2)), later: .seconds(1000))
        #expect(fleet.successor(0) == nil)
        fleet.restart(1)
        #expect(fleet.successor(1) == 2)
        fleet.becomeReady(1, 2)
        #expect(fleet.revisions == ["r2", "r1", "r1"])
    }
}

@Suite("The greatest age") struct AgeTests {
    private func policy(_ jitter: Double) -> WorkerPolicy {
        var policy = WorkerPolicy.test()
        policy.maxAge = .seconds(1000)
        policy.maxAgeJitter = jitter
        return policy
    }

    @Test("a worker that reaches it is replaced, at no cost") func replaced() {
        let worker = Subject(policy(0))
        worker(.start)
        worker(.spawned(1))
        #expect(worker(.ready(1)) == [.disarm(.phase(1)), .arm(.age(1), at: worker.now + .seconds(1000))])
        #expect(worker(.deadline(.age(1)), later: .seconds(999)) == [])
        #expect(worker(.deadline(.age(1)), later: .seconds(1)) == [.spawn(2)])
        worker(.spawned(2))
        let actions = worker(.ready(2))
        #expect(actions.contains(.disarm(.age(1))) && actions.contains(.arm(.age(2), at: worker.now + .seconds(1000))))
        #expect(worker.machine.restartsByReason == [.age: 1])
        #expect(worker.machine.lastEnd?.reason == .age)
    }

    @Test("it varies by the jitter, once for each incarnation") func jitter() {
        var ages: Set<Duration> = []
        let worker = Subject(policy(0.1))
        worker(.start)
        for number in UInt64(1)...50 {
            worker(.spawned(number))
            worker(.ready(number))
            let age = worker.machine.current!.tooOldAt! - worker.now
            #expect(Duration.seconds(900) <= age && age <= .seconds(1100))
            ages.insert(age)
            worker(.policyChanged)
            #expect(worker.machine.current!.tooOldAt! - worker.now == age)
            worker(.exited(number), later: .seconds(200))
        }
        #expect(ages.count == 50)
    }

    @Test("it may change while workers run, and be taken away") func change() {
        let worker = Subject(policy(0))
        worker(.start)
        worker(.spawned(1))
        worker(.ready(1))
        worker.policy.maxAge = .seconds(100)
        #expect(worker(.policyChanged, later: .seconds(50)) == [.arm(.age(1), at: worker.now + .seconds(50))])
        worker.policy.maxAge = nil
        #expect(worker(.policyChanged) == [.disarm(.age(1))])
    }

    @Test("several that reach it together are replaced one after another") func together() {
        let fleet = FleetSubject()
        fleet.policy = policy(0)
        fleet.configure(4)
        for worker in 0..<4 { fleet.becomeReady(worker) }
        for worker in 0..<4 { fleet.tell(worker, .deadline(.age(1)), later: worker == 0 ? .seconds(1000) : .zero) }
        for worker in 0..<4 {
            #expect((0..<4).filter { fleet.successor($0) != nil } == [worker])
            fleet.becomeReady(worker, 2)
        }
    }
}
