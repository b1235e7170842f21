import Testing

@testable import Supervision

@Suite("memory.high") struct MemoryHighTests {
    @Test("touching it starts a successor, and the predecessor is stopped only when that is ready") func order() {
        let worker = Subject.ready()
        let actions = worker.all(.memoryHigh(1))
        #expect(
            actions == [
                .report(.replacing(1, .memoryHigh)), .report(.restarting(after: .zero, .memoryHigh)), .spawn(2),
            ])
        #expect(worker.machine.state == .ready)
        #expect(worker.machine.isBeingReplaced)
        worker(.spawned(2))
        #expect(worker.machine.current?.number == 1)
        #expect(
            worker.all(.ready(2), later: .seconds(3)) == [
                .disarm(.phase(2)), .report(.ready(2, after: .seconds(3))),
                .report(.replaced(1, by: 2, .memoryHigh)), .report(.stopping(1, .memoryHigh)), .signalLeader(1),
                .arm(.phase(1), at: worker.now + .seconds(10)),
            ])
        #expect(worker.machine.current?.number == 2)
        #expect(!worker.machine.isBeingReplaced)
        #expect(worker.machine.lastEnd == End(reason: .memoryHigh, exit: nil, isSuccess: true))
        #expect(worker.all(.died(1, by: 15)) == [.disarm(.phase(1)), .discard(1)])
        #expect(worker.machine.restarts == 1)
    }

    @Test("touching it again and again while a successor is on its way changes nothing") func repeated() {
        let worker = Subject.ready()
        worker(.memoryHigh(1))
        #expect(worker.all(.memoryHigh(1)) == [])
        worker(.spawned(2))
        #expect(worker.all(.memoryHigh(1)) == [])
        #expect(worker.all(.memoryHigh(2)) == [])
    }

    @Test("touching it again does not put off a successor that waits to be started") func repeatedWhileWaiting() {
        let worker = Subject.ready()
        worker(.memoryHigh(1))
        worker(.exited(2))
        let restartAt = worker.now + .seconds(1)
        #expect(worker.all(.memoryHigh(1), later: .milliseconds(900)) == [])
        #expect(worker.machine.restarts == 2)
        #expect(worker.now < restartAt)
        #expect(worker(.deadline(.restart), later: .milliseconds(100)) == [.spawn(3)])
    }

    @Test("touching it again does not make a successor that waits start sooner, however long the first one served")
    func repeatedWhenStable() {
        let worker = Subject.ready()
        worker(.memoryHigh(1), later: .seconds(1000))
        #expect(worker(.exited(2)) == [.arm(.restart, at: worker.now + .seconds(1)), .discard(2)])
        #expect(worker.all(.memoryHigh(1)) == [])
    }

    @Test("workers that touch it one after another wait longer and longer, and spend no budget") func chain() {
        let worker = Subject.ready()
        var waits: [Duration] = []
        for number in 1...UInt64(20) {
            let events = worker.events(.memoryHigh(number))
            guard case .restarting(let wait, .memoryHigh) = events.last else {
                Issue.record("no restart after incarnation \(number): \(events)")
                return
            }
            waits.append(wait)
            if wait > .zero { #expect(worker(.deadline(.restart), later: wait) == [.spawn(number + 1)]) }
            worker(.spawned(number + 1))
            worker(.ready(number + 1))
            worker(.exited(number, 0))
        }
        #expect(Array(waits.prefix(6)) == [0, 1, 2, 4, 8, 8].map { Duration.seconds($0) })
        #expect(worker.machine.state == .ready)
        // The whole budget is there for real failures.
        #expect(worker(.exited(21)) == [.spawn(22), .discard(21)])
    }

    @Test("a worker that isn't wanted, or is on its way down, isn't replaced") func goingDown() {
        let worker = Subject.ready()
        worker(.leaderExited(1, .code(1)))
        #expect(worker.all(.memoryHigh(1)) == [])
        let stopped = Subject.ready()
        stopped(.stop)
        #expect(stopped.all(.memoryHigh(1)) == [])
    }
}
