import Testing

@testable import Supervision

@Suite("Replacement") struct ReplacementTests {
    @Test("a predecessor that dies while its successor starts leaves its place to it") func predecessorDies() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.spawned(2))
        #expect(worker(.exited(1)) == [.discard(1)])
        #expect(worker.machine.current?.number == 2)
        #expect(worker.machine.successor == nil)
        #expect(worker.machine.state == .starting)
        #expect(!worker.machine.isBeingReplaced)
        #expect(worker(.ready(2)) == [.disarm(.phase(2))])
        #expect(worker.machine.state == .ready)
    }

    @Test("a predecessor that dies while its successor waits to be tried again is restarted by its own series")
    func predecessorDiesWhileWaiting() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.exited(2))
        #expect(worker(.exited(1)) == [.disarm(.restart), .spawn(3), .discard(1)])
        #expect(worker.machine.current?.number == 3)
    }

    @Test("a successor that fails again and again is tried at growing intervals; the predecessor serves on")
    func successorFails() {
        let worker = Subject.ready()
        #expect(worker(.replace(.replaced)) == [.spawn(2)])
        var number: UInt64 = 2
        for seconds in [1, 2, 4, 8, 8, 8, 8, 8, 8] {
            let wait = Duration.seconds(seconds)
            // Both ways of failing.
            if number % 2 == 0 {
                worker(.spawned(number))
                #expect(worker(.exited(number)).contains(.arm(.restart, at: worker.now + wait)))
            } else {
                #expect(
                    worker(.spawnFailed(number, isExhaustion: false))
                        == [.discard(number), .arm(.restart, at: worker.now + wait)])
            }
            #expect(worker.machine.state == .ready)
            #expect(worker.machine.isBeingReplaced)
            number += 1
            #expect(worker(.deadline(.restart), later: wait) == [.spawn(number)])
        }
        worker(.spawned(number))
        worker(.ready(number))
        #expect(worker.machine.current?.number == number)
        #expect(worker.machine.retiring.map(\.number) == [1])
    }

    @Test("a successor that isn't ready in time is stopped, killed, and tried again") func successorHangs() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.spawned(2))
        #expect(worker(.deadline(.phase(2)), later: .seconds(60)).first == .signalLeader(2))
        #expect(worker(.deadline(.phase(2)), later: .seconds(10)).first == .kill(2))
        #expect(worker.machine.state == .ready)
        worker(.died(2, by: 9))
        #expect(worker.machine.lastEnd?.reason == .readyTimeout)
        #expect(worker(.deadline(.restart), later: .seconds(1)) == [.spawn(3)])
    }

    @Test("a replacement during a replacement gives up the successor, which is outdated") func again() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.spawned(2))
        #expect(
            worker(.replace(.replaced)) == [
                .signalLeader(2), .arm(.phase(2), at: worker.now + .seconds(10)),
                .arm(.restart, at: worker.now + .seconds(1)),
            ])
        #expect(worker.machine.state == .ready)
        #expect(worker.all(.ready(2)) == [])
        #expect(worker(.deadline(.restart), later: .seconds(1)) == [.spawn(3)])
        worker(.spawned(3))
        worker(.exited(2))
        worker(.ready(3))
        #expect(worker.machine.current?.number == 3)
    }

    @Test("an outdated successor is given up even if its predecessor is on its way down")
    func againWhilePredecessorStops() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.spawned(2))
        worker(.leaderExited(1, .code(1)))
        #expect(worker.machine.state == .stopping)
        #expect(worker(.replace(.replaced)).first == .signalLeader(2))
        #expect(worker(.exited(1)).contains(.discard(1)))
        worker(.ready(2))
        #expect(worker.machine.current?.number != 2)
    }

    @Test("one that starts or drains is replaced, too; one that stops has its successor anyway") func phases() {
        let starting = Subject()
        starting(.start)
        starting(.spawned(1))
        #expect(starting(.replace(.replaced)) == [.spawn(2)])
        let draining = Subject.ready()
        draining(.stopping(1))
        #expect(draining(.replace(.replaced)) == [.spawn(2)])
        let stopping = Subject.ready()
        stopping(.leaderExited(1, .code(0)))
        #expect(stopping.all(.replace(.replaced)) == [])
        #expect(stopping(.exited(1, 0)).contains(.spawn(2)))
    }

    @Test(
        "a worker that waits for its restart has no need of a replacement, a failed one gets another chance, a stopped one stays down"
    )
    func down() {
        let waiting = Subject.ready()
        waiting(.exited(1))
        waiting(.exited(2))
        #expect(waiting.all(.replace(.replaced)) == [])
        let failed = Subject.ready(.test(condition: .never))
        failed(.exited(1))
        #expect(failed.machine.state == .failed)
        #expect(failed(.replace(.replaced)) == [.spawn(2)])
        let stopped = Subject()
        #expect(stopped.all(.replace(.replaced)) == [])
    }

    @Test("a stop ends predecessor and successor") func stop() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        let actions = worker(.stop)
        #expect(actions.filter { $0 == .signalLeader(1) || $0 == .signalLeader(2) }.count == 2)
        #expect(!worker.machine.isBeingReplaced)
        #expect(worker.events(.exited(1)) == [])
        #expect(worker.events(.exited(2)) == [.stopped])
        #expect(worker.machine.isOver)
    }

    @Test("a replaced predecessor that was stable lets the restarts of its successor begin anew") func stable() {
        let worker = Subject.ready()
        worker(.exited(1))
        worker(.exited(2))
        worker(.deadline(.restart), later: .seconds(1))
        worker(.spawned(3))
        worker(.ready(3))
        worker(.replace(.replaced), later: .seconds(100))
        worker(.spawned(4))
        worker(.ready(4))
        #expect(worker(.exited(4)) == [.spawn(5), .discard(4)])
    }
}
