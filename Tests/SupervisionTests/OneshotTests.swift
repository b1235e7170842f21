import Testing

@testable import Supervision

@Suite("A oneshot") struct OneshotTests {
    private func oneshot(_ condition: RestartPolicy.Condition = .onFailure) -> Subject {
        var policy = WorkerPolicy.test(readiness: .exec, watchdog: .seconds(5), condition: condition)
        policy.type = .oneshot
        return Subject(policy)
    }

    @Test("it is starting until it has done its work, however long that takes and whatever it says")
    func starting() {
        let worker = oneshot()
        #expect(worker(.start) == [.spawn(1)])
        #expect(worker(.spawned(1)) == [])
        #expect(worker(.ready(1), later: .seconds(1000)) == [])
        #expect(worker.machine.state == .starting)
        #expect(worker(.memoryHigh(1)) == [])
        #expect(worker.events(.exited(1, 0)).last == .done)
        #expect(worker.machine.state == .done && worker.machine.isDown)
    }

    @Test("its failure is treated by its policy, its success never", arguments: RestartPolicy.Condition.allCases)
    func policy(_ condition: RestartPolicy.Condition) {
        let worker = oneshot(condition)
        worker(.start)
        worker(.spawned(1))
        #expect(worker(.exited(1, 3)).contains(.spawn(2)) == (condition != .never))
        #expect(worker.machine.state == (condition == .never ? .failed : .starting))
        if condition == .never { worker(.start) }
        worker(.spawned(2))
        worker(.exited(2, 0))
        #expect(worker.machine.state == .done)
    }

    @Test("a signal that stops a service in order leaves a oneshot's work undone")
    func signal() {
        let worker = oneshot(.never)
        worker(.start)
        worker(.spawned(1))
        worker(.died(1, by: 15))
        #expect(worker.machine.state == .failed)
    }

    @Test("a start runs it again, and so does a replacement")
    func again() {
        let worker = oneshot()
        worker(.start)
        worker(.exited(1, 0))
        #expect(worker(.start) == [.spawn(2)])
        worker(.exited(2, 0))
        #expect(worker(.replace(.replaced)) == [.spawn(3)])
    }

    @Test("one that is replaced while it works is stopped first: there are never two of it")
    func replacedAtWork() {
        let worker = oneshot()
        worker(.start)
        worker(.spawned(1))
        #expect(worker(.replace(.replaced)).contains(.signalLeader(1)))
        #expect(worker.machine.successor == nil && worker.machine.state == .stopping)
        #expect(worker(.exited(1, 0)).contains(.spawn(2)))
        #expect(worker.machine.state == .starting)
        #expect(worker.machine.restartsByReason == [.replaced: 1])
    }
}
