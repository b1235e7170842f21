import Testing

@testable import Supervision

@Suite("The watchdog") struct WatchdogTests {
    private let policy = WorkerPolicy.test(watchdog: .seconds(30))

    @Test("it is armed by readiness, not before") func armed() {
        let worker = Subject(policy)
        worker(.start)
        #expect(worker(.spawned(1)) == [.arm(.phase(1), at: worker.now + .seconds(60))])
        #expect(worker.all(.watchdogTrigger(1)) == [])
        #expect(worker(.ready(1)) == [.disarm(.phase(1)), .arm(.watchdog(1), at: worker.now + .seconds(30))])
    }

    @Test("silence ends in SIGABRT, the stop deadline and a restart") func silence() {
        let worker = Subject.ready(policy)
        #expect(
            worker.all(.deadline(.watchdog(1)), later: .seconds(30)) == [
                .report(.stopping(1, .watchdog)), .abortLeader(1), .disarm(.watchdog(1)),
                .arm(.phase(1), at: worker.now + .seconds(10)),
            ])
        #expect(worker.machine.state == .stopping)
        #expect(worker(.died(1, by: 6)) == [.disarm(.phase(1)), .spawn(2), .discard(1)])
        #expect(
            worker.machine.lastEnd
                == End(reason: .watchdog, exit: .signal(6, coreDumped: false), isSuccess: false))
    }

    @Test("a sign of life moves the deadline") func signOfLife() {
        let worker = Subject.ready(policy)
        #expect(worker.all(.watchdog(1), later: .seconds(20)) == [])
        #expect(
            worker(.deadline(.watchdog(1)), later: .seconds(10))
                == [.arm(.watchdog(1), at: worker.now + .seconds(20))])
        #expect(worker(.deadline(.watchdog(1)), later: .seconds(20)).first == .abortLeader(1))
    }

    @Test("a worker that asks for it is aborted at once") func trigger() {
        let worker = Subject.ready(policy)
        #expect(worker(.watchdogTrigger(1)).first == .abortLeader(1))
        #expect(worker.all(.watchdogTrigger(1)) == [])
    }

    @Test("it watches over a draining incarnation, too") func draining() {
        let worker = Subject.ready(policy)
        worker(.extendTimeout(1, .seconds(500)))
        worker(.stopping(1))
        worker(.extendTimeout(1, .seconds(500)))
        #expect(worker(.deadline(.watchdog(1)), later: .seconds(30)).first == .abortLeader(1))
    }

    @Test("its deadline is given up with the incarnation", arguments: [WorkerInput.exited(1), .stop])
    func disarmed(_ input: WorkerInput) {
        let worker = Subject.ready(policy)
        #expect(worker(input).contains(.disarm(.watchdog(1))))
    }

    @Test("an incarnation is watched as it was told when it started, not by a newer policy") func changedPolicy() {
        let worker = Subject.ready(policy)
        worker.policy = .test(watchdog: .seconds(5))
        #expect(worker.all(.watchdog(1), later: .seconds(20)) == [])
        #expect(
            worker(.deadline(.watchdog(1)), later: .seconds(10))
                == [.arm(.watchdog(1), at: worker.now + .seconds(20))])
        worker.policy = .test()
        #expect(worker(.exited(1)).contains(.disarm(.watchdog(1))))
    }
}
