import Testing

@testable import Supervision

@Suite("Starting") struct StartTests {
    @Test("a worker whose readiness is its execution is ready once executed") func exec() {
        let worker = Subject(.test(readiness: .exec))
        #expect(worker.machine.state == .stopped)
        #expect(worker.all(.start) == [.spawn(1)])
        #expect(worker.machine.state == .starting)
        #expect(
            worker.all(.spawned(1), later: .milliseconds(3))
                == [.report(.started(1)), .report(.ready(1, after: .milliseconds(3)))])
        #expect(worker.machine.state == .ready)
        #expect(worker.all(.ready(1)) == [])
    }

    @Test("a worker that notifies is ready when it says so") func notify() {
        let worker = Subject()
        worker(.start)
        #expect(
            worker.all(.spawned(1))
                == [.report(.started(1)), .arm(.phase(1), at: worker.now + .seconds(60))])
        #expect(worker.machine.state == .starting)
        #expect(
            worker.all(.ready(1), later: .seconds(2))
                == [.disarm(.phase(1)), .report(.ready(1, after: .seconds(2)))])
        #expect(worker.machine.state == .ready)
    }

    @Test("a worker that says so before its execution is known is ready all the same") func early() {
        let worker = Subject()
        worker(.start)
        worker(.ready(1))
        #expect(worker(.spawned(1)) == [])
        #expect(worker.machine.state == .ready)
    }

    @Test("a start of what is started does nothing") func twice() {
        let worker = Subject()
        worker(.start)
        #expect(worker.all(.start) == [])
        worker(.spawned(1))
        #expect(worker.all(.start) == [])
        worker(.ready(1))
        #expect(worker.all(.start) == [])
        worker(.exited(1))
        worker(.exited(2))
        #expect(worker.machine.state == .waiting)
        #expect(worker.all(.start) == [])
    }

    @Test(
        "one that isn't ready in time is told to stop, killed at the deadline, and reported as stuck until it is gone")
    func readyTimeout() {
        let worker = Subject()
        worker(.start)
        worker(.spawned(1))
        #expect(
            worker.all(.deadline(.phase(1)), later: .seconds(60)) == [
                .report(.stopping(1, .readyTimeout)), .signalLeader(1),
                .arm(.phase(1), at: worker.now + .seconds(10)),
            ])
        #expect(worker.all(.ready(1)) == [])
        #expect(worker.machine.state == .stopping)
        #expect(
            worker.all(.deadline(.phase(1)), later: .seconds(10))
                == [.report(.killed(1, byCommand: false)), .kill(1), .arm(.phase(1), at: worker.now + .seconds(10))])
        #expect(worker.machine.state == .killing)
        for _ in 0..<3 {
            #expect(
                worker.all(.deadline(.phase(1)), later: .seconds(10))
                    == [.report(.stuck(1)), .kill(1), .arm(.phase(1), at: worker.now + .seconds(10))])
        }
        let end = End(reason: .readyTimeout, exit: .signal(9, coreDumped: false), isSuccess: false)
        #expect(
            worker.all(.died(1, by: 9)) == [
                .disarm(.phase(1)), .report(.ended(1, end)), .report(.restarting(after: .zero, .readyTimeout)),
                .spawn(2), .discard(1),
            ])
    }

    @Test("EXTEND_TIMEOUT lengthens a start and a stop, never shortens them, and doesn't put off a kill")
    func extend() {
        let worker = Subject()
        worker(.start)
        worker(.spawned(1))
        let deadline = worker.now + .seconds(60)
        #expect(worker(.extendTimeout(1, .seconds(5))) == [.arm(.phase(1), at: deadline)])
        #expect(worker(.extendTimeout(1, .seconds(90))) == [.arm(.phase(1), at: worker.now + .seconds(90))])
        #expect(worker.all(.deadline(.phase(1)), later: .seconds(60)) == [])
        worker(.ready(1))
        #expect(worker.all(.extendTimeout(1, .seconds(90))) == [])
        worker(.stop)
        #expect(worker(.extendTimeout(1, .seconds(30))) == [.arm(.phase(1), at: worker.now + .seconds(30))])
        #expect(worker(.deadline(.phase(1)), later: .seconds(30)).first == .kill(1))
        #expect(worker.all(.extendTimeout(1, .seconds(90))) == [])
    }

    @Test("EXTEND_TIMEOUT can't put anything off for more than ten times its time-out: every stop ends")
    func extendWithoutEnd() {
        let worker = Subject()
        worker(.start)
        worker(.spawned(1))
        let latest = worker.now + .seconds(600)
        #expect(worker(.extendTimeout(1, .seconds(1_000_000_000))) == [.arm(.phase(1), at: latest)])
        worker(.ready(1))
        worker(.stop)
        let end = worker.now + .seconds(100)
        for _ in 0..<5 {
            #expect(
                worker(.extendTimeout(1, .seconds(40)), later: .seconds(20)).last
                    == .arm(.phase(1), at: min(end, worker.now + .seconds(40))))
        }
        #expect(worker.now == end)
        #expect(worker(.deadline(.phase(1))).first == .kill(1))
    }

    @Test("a spawn that fails by exhaustion is tried again for ever; any other failure spends the budget")
    func spawnFailure() {
        let worker = Subject()
        worker(.start)
        #expect(worker(.spawnFailed(1, isExhaustion: true)) == [.discard(1), .spawn(2)])
        var number: UInt64 = 2
        for seconds in [1, 2, 4, 8, 8, 8, 8, 8] {
            let wait = Duration.seconds(seconds)
            #expect(
                worker(.spawnFailed(number, isExhaustion: true))
                    == [.discard(number), .arm(.restart, at: worker.now + wait)])
            #expect(worker.machine.state == .waiting)
            number += 1
            #expect(worker(.deadline(.restart), later: wait) == [.spawn(number)])
        }
        for _ in 0..<5 {
            worker(.spawnFailed(number, isExhaustion: false))
            number += 1
            #expect(worker(.deadline(.restart), later: .seconds(8)) == [.spawn(number)])
        }
        #expect(
            worker.all(.spawnFailed(number, isExhaustion: false)) == [.discard(number), .report(.failed)])
        #expect(worker.machine.state == .failed)
        #expect(worker.machine.lastEnd == End(reason: .spawn, exit: nil, isSuccess: false))
    }
}
