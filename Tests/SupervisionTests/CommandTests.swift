import Testing

@testable import Supervision

@Suite("Killing by command") struct KillTests {
    @Test("all of it is killed and restarted at once, without waits and at no cost to the budget") func restart() {
        let worker = Subject.ready()
        for number in 1...UInt64(20) {
            #expect(
                worker.all(.kill).prefix(2) == [.report(.killed(number, byCommand: true)), .kill(number)])
            #expect(worker.machine.state == .killing)
            #expect(worker(.died(number, by: 9)).contains(.spawn(number + 1)))
            #expect(worker.machine.lastEnd?.reason == .manual)
            worker(.spawned(number + 1))
            worker(.ready(number + 1))
        }
        #expect(worker.machine.state == .ready)
        #expect(worker.machine.restartsByReason == [.manual: 20])
        #expect(worker.machine.kills == 20)
    }

    @Test("one that isn't to be restarted stays down") func never() {
        let worker = Subject.ready(.test(condition: .never))
        worker(.kill)
        worker(.died(1, by: 9))
        #expect(worker.machine.state == .failed)
    }

    @Test("a second kill changes nothing; one that hangs is killed again at the deadline") func twice() {
        let worker = Subject.ready()
        worker(.kill)
        #expect(worker.all(.kill) == [])
        #expect(
            worker(.deadline(.phase(1)), later: .seconds(10))
                == [.kill(1), .arm(.phase(1), at: worker.now + .seconds(10))])
    }

    @Test("what is being stopped is killed without waiting for its deadline, and stays down") func stopping() {
        let worker = Subject.ready()
        worker(.stop)
        #expect(worker(.kill).first == .kill(1))
        #expect(worker.events(.died(1, by: 9)) == [.stopped])
        #expect(worker.machine.state == .stopped)
    }

    @Test("a worker that is down has nothing to kill") func down() {
        #expect(Subject().all(.kill) == [])
    }

    @Test("a successor on its way is killed too") func successor() {
        let worker = Subject.ready()
        worker(.replace(.replaced))
        worker(.spawned(2))
        #expect(worker(.kill).filter { if case .kill = $0 { true } else { false } } == [.kill(1), .kill(2)])
    }
}

@Suite("Freezing") struct FreezeTests {
    @Test("one that is ready is frozen once, and goes on when thawed") func once() {
        let worker = Subject.ready()
        #expect(worker.all(.freeze) == [.freeze(1), .report(.frozen(1))])
        #expect(worker.machine.state == .frozen)
        #expect(worker.all(.freeze) == [])
        #expect(worker.all(.thaw) == [.thaw(1), .report(.thawed(1))])
        #expect(worker.machine.state == .ready)
        #expect(worker.all(.thaw) == [])
    }

    @Test("one that isn't ready is left alone") func starting() {
        let worker = Subject()
        #expect(worker.all(.freeze) == [])
        worker(.start)
        #expect(worker.all(.freeze) == [])
        worker(.spawned(1))
        #expect(worker.all(.freeze) == [])
    }

    @Test("a frozen one need not answer its watchdog, and has a whole period when thawed") func watchdog() {
        let worker = Subject.ready(.test(watchdog: .seconds(3)))
        #expect(worker(.freeze) == [.freeze(1), .disarm(.watchdog(1))])
        #expect(worker(.deadline(.watchdog(1)), later: .seconds(100)) == [])
        #expect(worker(.thaw) == [.thaw(1), .arm(.watchdog(1), at: worker.now + .seconds(3))])
        #expect(worker(.deadline(.watchdog(1)), later: .seconds(3)).contains(.abortLeader(1)))
    }

    @Test("a stop sends its signal first, and thaws it then, so that it finds the signal before all else")
    func stop() {
        let worker = Subject.ready()
        worker(.freeze)
        #expect(
            worker(.stop) == [.signalLeader(1), .thaw(1), .arm(.phase(1), at: worker.now + .seconds(10))])
    }

    @Test("a replacement leaves it frozen until its successor is ready") func replace() {
        let worker = Subject.ready()
        worker(.freeze)
        worker(.replace(.replaced))
        worker(.spawned(2))
        #expect(worker.machine.state == .frozen)
        #expect(worker(.ready(2)).contains(.thaw(1)))
        #expect(worker.machine.state == .ready)
    }

    @Test("its death is noticed and it is restarted") func death() {
        let worker = Subject.ready()
        worker(.freeze)
        #expect(worker(.died(1, by: 9)).contains(.spawn(2)))
        #expect(worker.machine.state == .starting)
    }
}

@Suite("A reset") struct ResetTests {
    @Test("revives one that has failed, with a whole budget") func failed() {
        let worker = Subject.ready()
        var number: UInt64 = 1
        func exhaust() {
            while worker.machine.state != .failed {
                if worker(.exited(number)).contains(.spawn(number + 1)) || worker.machine.state == .waiting {
                    if worker.machine.state == .waiting { worker(.deadline(.restart), later: .seconds(8)) }
                    number += 1
                    worker(.spawned(number))
                }
            }
        }
        exhaust()
        let before = number
        #expect(worker(.reset) == [.spawn(number + 1)])
        number += 1
        worker(.spawned(number))
        exhaust()
        #expect(number - before == 6)
    }

    @Test("ends the wait for a restart") func waiting() {
        let worker = Subject.ready()
        worker(.exited(1))
        worker(.spawned(2))
        worker(.exited(2))
        #expect(worker.machine.state == .waiting)
        #expect(worker(.reset) == [.disarm(.restart), .spawn(3)])
    }

    @Test("leaves alone what runs, what is done and what was stopped") func others() {
        #expect(Subject.ready().all(.reset) == [])
        let stopped = Subject.ready()
        stopped(.stop)
        stopped(.exited(1, 0))
        #expect(stopped.all(.reset) == [])
        let done = Subject.ready(.test(condition: .onFailure))
        done(.exited(1, 0))
        #expect(done.machine.state == .done)
        #expect(done.all(.reset) == [])
    }
}

@Suite("The record of an incarnation that is gone") struct PastIncarnationTests {
    @Test("says when it began, was ready, was told to stop and was gone") func stop() {
        let worker = Subject()
        let beginning = worker.now
        worker(.start)
        worker(.spawned(1))
        worker(.ready(1), later: .seconds(2))
        worker(.stop, later: .seconds(10))
        worker(.exited(1, 0), later: .seconds(3))
        let past = PastIncarnation(
            number: 1, startedAt: beginning, readyAt: beginning + .seconds(2), endingSince: beginning + .seconds(12),
            goneAt: beginning + .seconds(15), reason: .stopped, exit: .code(0))
        #expect(worker.gone == [past])
        #expect(past.stopDuration == .seconds(3))
    }

    @Test("is made for each: current, successor and predecessor, and those that were never executed") func each() {
        let worker = Subject.ready()
        worker(.replace(.manual))
        worker(.spawned(2))
        worker(.exited(2))
        worker(.deadline(.restart), later: .seconds(1))
        worker(.spawned(3))
        worker(.ready(3))
        worker(.exited(1, 0))
        worker(.died(3, by: 11))
        worker(.spawnFailed(4, isExhaustion: false))
        #expect(worker.gone.map(\.number) == [2, 1, 3, 4])
        #expect(worker.gone.map(\.reason) == [.exit, .manual, .signal, .spawn])
        #expect(worker.gone.map { $0.stopDuration != nil } == [false, true, false, false])
    }
}

@Suite("A restart by command") struct RestartCommandTests {
    private func fleet(_ count: Int) -> Fleet {
        var fleet = Fleet(seed: 1)
        _ = fleet.configure("web", policy: .test(), revision: "a", count: count, replacesWorkers: false, at: .zero)
        for number in 0..<count {
            let id = WorkerID(service: "web", number: number)
            _ = fleet.handle(id, .spawned(1), at: .zero)
            _ = fleet.handle(id, .ready(1), at: .zero)
        }
        return fleet
    }

    private func ids(_ numbers: Int...) -> [WorkerID] { numbers.map { WorkerID(service: "web", number: $0) } }

    private func spawned(_ actions: [FleetAction]) -> [Int] {
        actions.compactMap { if case .worker(let id, .spawn) = $0 { id.number } else { nil } }
    }

    @Test("replaces one after another, each when the successor before it is ready") func order() {
        var fleet = fleet(3)
        #expect(spawned(fleet.restart(ids(0, 1, 2), at: .seconds(1))) == [0])
        for number in 0..<3 {
            let id = ids(number)[0]
            #expect(fleet.isToBeReplaced(id))
            _ = fleet.handle(id, .spawned(2), at: .seconds(2))
            let next = fleet.handle(id, .ready(2), at: .seconds(3))
            #expect(spawned(next) == (number < 2 ? [number + 1] : []))
            #expect(!fleet.isToBeReplaced(id))
            #expect(fleet.worker(id)?.restartsByReason == [.manual: 1])
        }
    }

    @Test("starts what is down, passes over what was stopped meanwhile") func down() {
        var fleet = fleet(3)
        _ = fleet.handle(ids(2)[0], .stop, at: .seconds(1))
        _ = fleet.handle(ids(2)[0], .exited(1, 0), at: .seconds(1))
        #expect(spawned(fleet.restart(ids(0, 1, 2), at: .seconds(2))) == [2, 0])
        _ = fleet.handle(ids(1)[0], .stop, at: .seconds(3))
        _ = fleet.handle(ids(0)[0], .spawned(2), at: .seconds(4))
        #expect(spawned(fleet.handle(ids(0)[0], .ready(2), at: .seconds(4))) == [])
        #expect(!fleet.isToBeReplaced(ids(1)[0]))
        #expect(fleet.worker(ids(1)[0])?.goal == .stopped)
    }

    @Test("given twice, it restarts again what was restarted, and only once what still waits") func twice() {
        var fleet = fleet(2)
        #expect(spawned(fleet.restart(ids(0, 1), at: .seconds(1))) == [0])
        #expect(spawned(fleet.restart(ids(0, 1), at: .seconds(1))) == [])
        var order: [Int] = []
        for _ in 0..<3 {
            let number = order.count % 2
            let id = ids(number)[0]
            let incarnation = fleet.worker(id)!.lastNumber
            order.append(number)
            _ = fleet.handle(id, .spawned(incarnation), at: .seconds(200))
            _ = fleet.handle(id, .ready(incarnation), at: .seconds(200))
            _ = fleet.handle(id, .exited(incarnation - 1, 0), at: .seconds(200))
        }
        #expect((0..<2).map { fleet.worker(ids($0)[0])!.restarts } == [2, 1])
        #expect(!fleet.isToBeReplaced(ids(0)[0]) && !fleet.isToBeReplaced(ids(1)[0]))
    }
}
