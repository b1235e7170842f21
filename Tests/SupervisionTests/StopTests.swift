import Testing

@testable import Supervision

@Suite("Stopping") struct StopTests {
    @Test("signal, deadline, kill, gone") func order() {
        let worker = Subject.ready()
        #expect(
            worker.all(.stop) == [
                .report(.stopping(1, .stopped)), .signalLeader(1), .arm(.phase(1), at: worker.now + .seconds(10)),
            ])
        #expect(worker.machine.state == .stopping)
        #expect(worker(.deadline(.phase(1)), later: .seconds(10)).first == .kill(1))
        #expect(worker.machine.state == .killing)
        #expect(worker.all(.died(1, by: 9)) == [.disarm(.phase(1)), .report(.stopped), .discard(1)])
        #expect(worker.machine.state == .stopped)
        #expect(worker.machine.isOver)
        // It was commanded.
        #expect(worker.machine.lastEnd == nil)
    }

    @Test("a second stop, or a removal, of what is stopping changes nothing but what is wanted") func twice() {
        let worker = Subject.ready()
        worker(.stop)
        #expect(worker.all(.stop, later: .seconds(5)) == [])
        #expect(worker.all(.remove) == [])
        #expect(worker.machine.goal == .removed)
        #expect(worker.all(.stop) == [])
        #expect(worker.machine.goal == .removed)
        worker(.exited(1, 0))
        #expect(worker.all(.remove) == [])
        #expect(worker.all(.stop) == [])
    }

    @Test("a worker that was never started is stopped") func neverStarted() {
        let worker = Subject()
        #expect(worker.all(.stop) == [])
        #expect(worker.all(.remove) == [])
        #expect(worker.machine.isOver)
    }

    @Test("one whose execution isn't known yet is stopped, too") func spawning() {
        let worker = Subject()
        worker(.start)
        #expect(worker(.stop) == [.signalLeader(1), .arm(.phase(1), at: worker.now + .seconds(10))])
        #expect(worker.all(.spawned(1)) == [.report(.started(1))])
        #expect(worker.machine.state == .stopping)
        #expect(worker(.deadline(.phase(1)), later: .seconds(10)).first == .kill(1))
    }

    @Test("one that starts or drains is told; one that was told has its deadline already") func phases() {
        let starting = Subject()
        starting(.start)
        starting(.spawned(1))
        #expect(starting(.stop).first == .signalLeader(1))
        let draining = Subject.ready()
        draining(.stopping(1))
        #expect(draining(.stop).first == .signalLeader(1))
        let stopping = Subject.ready()
        stopping(.leaderExited(1, .code(1)))
        #expect(stopping.all(.stop) == [])
        #expect(stopping(.deadline(.phase(1)), later: .seconds(10)).first == .kill(1))
        #expect(stopping.all(.stop) == [])
        #expect(stopping.events(.exited(1)) == [.stopped])
    }

    @Test("one that waits for its restart waits no more") func waiting() {
        let worker = Subject.ready()
        worker(.exited(1))
        worker(.exited(2))
        #expect(worker.all(.stop) == [.disarm(.restart), .report(.stopped)])
        #expect(worker.machine.state == .stopped)
    }

    @Test("one that failed is stopped at once") func failed() {
        let worker = Subject.ready(.test(condition: .never))
        worker(.exited(1))
        #expect(worker.machine.state == .failed)
        #expect(worker.all(.stop) == [.report(.stopped)])
        #expect(worker.machine.state == .stopped)
    }

    @Test("a start during a stop waits until what is stopping is gone") func startDuringStop() {
        let worker = Subject.ready()
        worker(.stop)
        #expect(worker.all(.start) == [])
        #expect(worker.machine.state == .stopping)
        #expect(worker.all(.exited(1, 0)) == [.disarm(.phase(1)), .spawn(2), .discard(1)])
        #expect(worker.machine.state == .starting)
    }

    @Test("a start and a stop during a stop leave it stopped") func changeOfMind() {
        let worker = Subject.ready()
        worker(.stop)
        worker(.start)
        #expect(worker.all(.stop) == [])
        #expect(worker.events(.exited(1, 0)) == [.stopped])
    }

    @Test("STOPPING=1 drains for as long as a stop may take; then it is told, and killed") func draining() {
        let worker = Subject.ready()
        #expect(worker(.stopping(1)) == [.arm(.phase(1), at: worker.now + .seconds(10))])
        #expect(worker.machine.state == .draining)
        #expect(worker.all(.stopping(1), later: .seconds(5)) == [])
        #expect(worker(.deadline(.phase(1)), later: .seconds(5)).first == .signalLeader(1))
        #expect(worker.machine.state == .stopping)
        #expect(worker(.deadline(.phase(1)), later: .seconds(10)).first == .kill(1))
        #expect(worker(.died(1, by: 9)).contains(.spawn(2)))
        #expect(worker.machine.lastEnd?.isSuccess == false)
    }

    @Test("what a leader leaves behind is told to stop, killed at the deadline, and restarted only when gone")
    func descendants() {
        let worker = Subject.ready()
        #expect(
            worker(.leaderExited(1, .code(3)))
                == [.signalAll(1), .arm(.phase(1), at: worker.now + .seconds(10))])
        #expect(worker.machine.state == .stopping)
        #expect(worker(.deadline(.phase(1)), later: .seconds(10)).first == .kill(1))
        #expect(worker(.exited(1, 3)) == [.disarm(.phase(1)), .spawn(2), .discard(1)])
        #expect(worker.machine.lastEnd == End(reason: .exit, exit: .code(3), isSuccess: false))
    }

    @Test("descendants of a leader that was told have as long as it had") func descendantsOfStopped() {
        let worker = Subject.ready()
        worker(.stop)
        #expect(worker(.leaderExited(1, .code(0)), later: .seconds(4)) == [.signalAll(1)])
        #expect(worker(.deadline(.phase(1)), later: .seconds(6)).first == .kill(1))
    }
}
