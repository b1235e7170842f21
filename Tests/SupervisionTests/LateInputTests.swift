import Testing

@testable import Supervision

@Suite("What comes too late") struct LateInputTests {
    private static func about(_ number: UInt64) -> [WorkerInput] {
        [
            .spawned(number), .spawnFailed(number, isExhaustion: false), .spawnFailed(number, isExhaustion: true),
            .ready(number), .stopping(number), .watchdog(number), .watchdogTrigger(number),
            .extendTimeout(number, .seconds(5)), .memoryHigh(number), .leaderExited(number, .code(0)),
            .exited(number), .deadline(.phase(number)), .deadline(.watchdog(number)), .deadline(.probe(number)),
            .probed(number, .ready, passed: true), .probed(number, .health, passed: false), .unhealthy(number),
        ]
    }

    @Test("nothing that concerns an incarnation that is gone has any effect", arguments: about(1))
    func gone(_ input: WorkerInput) {
        let worker = Subject.ready()
        worker(.exited(1))
        worker(.spawned(2))
        worker(.ready(2))
        let before = worker.machine
        #expect(worker.all(input) == [])
        #expect(worker.machine.current == before.current)
        #expect(worker.machine.lastEnd == before.lastEnd)
        #expect(worker.machine.state == .ready)
    }

    @Test("nothing has any effect on a worker that was never started", arguments: about(1))
    func neverStarted(_ input: WorkerInput) {
        let worker = Subject()
        #expect(worker.all(input) == [])
        #expect(worker.machine.state == .stopped)
        #expect(worker.machine.lastEnd == nil)
    }

    @Test("the same end told twice is one end") func twice() {
        let worker = Subject.ready()
        #expect(worker(.exited(1)) == [.spawn(2), .discard(1)])
        #expect(worker.all(.exited(1)) == [])
        let failing = Subject()
        failing(.start)
        failing(.spawnFailed(1, isExhaustion: false))
        #expect(failing.all(.spawnFailed(1, isExhaustion: false)) == [])
    }

    @Test("a deadline that was given up has no effect") func disarmed() {
        let worker = Subject.ready()
        #expect(worker.all(.deadline(.phase(1)), later: .seconds(100)) == [])
        #expect(worker.all(.deadline(.restart)) == [])
        worker(.exited(1))
        worker(.exited(2))
        worker(.stop)
        #expect(worker.all(.deadline(.restart), later: .seconds(100)) == [])
    }

    @Test("a deadline that passes before it should has no effect") func early() {
        let worker = Subject()
        worker(.start)
        #expect(worker(.spawned(1)) == [.arm(.phase(1), at: worker.now + .seconds(60))])
        #expect(worker.all(.deadline(.phase(1)), later: .seconds(59)) == [])
        #expect(worker.machine.state == .starting)
    }

    @Test("a spawn that fails after the worker was stopped gives up its deadline") func failsWhileStopping() {
        let worker = Subject()
        worker(.start)
        worker(.stop)
        #expect(
            worker.all(.spawnFailed(1, isExhaustion: false))
                == [.disarm(.phase(1)), .discard(1), .report(.stopped)])
        #expect(worker.machine.lastEnd == nil)
    }
}
