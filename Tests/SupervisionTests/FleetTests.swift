import Testing

@testable import Supervision

/// A fleet under test, with a clock that moves only when told to.
final class FleetSubject {
    private(set) var fleet = Fleet(seed: 1)
    private(set) var now = Duration.seconds(1000)
    var policy = WorkerPolicy.test()

    /// The services' actions but for reports.
    @discardableResult
    func configure(_ count: Int, service: String = "web", replaces: Bool = false) -> [FleetAction] {
        if replaces { revision += 1 }
        return note(
            fleet.configure(
                service, policy: policy, revision: "r\(revision)", count: count, replacesWorkers: replaces, at: now))
    }

    /// The latest revision that was configured; the first one is 1.
    private(set) var revision = 1
    /// What was told of roll-outs.
    private(set) var rolloutEvents: [RolloutEvent] = []

    private func note(_ actions: [FleetAction]) -> [FleetAction] {
        for case .rollout(_, let event) in actions { rolloutEvents.append(event) }
        return actions.withoutReports
    }

    @discardableResult
    func restart(_ workers: Int...) -> [FleetAction] {
        note(fleet.restart(workers.map { WorkerID(service: "web", number: $0) }, at: now))
    }

    @discardableResult
    func command(_ body: (inout Fleet, Duration) throws -> [FleetAction]) rethrows -> [FleetAction] {
        note(try body(&fleet, now))
    }

    var rollout: Rollout? { fleet.rollout(of: "web") }
    /// The revisions that workers run.
    var revisions: [String] { fleet.workers(of: "web")!.map { $0.current?.revision ?? "-" } }

    @discardableResult
    func remove(_ service: String = "web") -> [FleetAction] { fleet.remove(service, at: now).withoutReports }

    @discardableResult
    func tell(_ worker: Int, _ input: WorkerInput, later: Duration = .zero) -> [FleetAction] {
        now += later
        return note(fleet.handle(WorkerID(service: "web", number: worker), input, at: now))
    }

    func becomeReady(_ worker: Int, _ number: UInt64 = 1) {
        tell(worker, .spawned(number))
        tell(worker, .ready(number))
    }

    var states: [WorkerState] { fleet.workers(of: "web")!.map(\.state) }
    var isEmpty: Bool { fleet.workers(of: "web") == nil }
    func current(_ worker: Int) -> UInt64? { fleet.workers(of: "web")![worker].current?.number }
    func successor(_ worker: Int) -> UInt64? { fleet.workers(of: "web")![worker].successor?.number }

    /// `count` ready workers.
    static func ready(_ count: Int) -> FleetSubject {
        let fleet = FleetSubject()
        fleet.configure(count)
        for worker in 0..<count { fleet.becomeReady(worker) }
        return fleet
    }
}

extension [FleetAction] {
    var withoutReports: [FleetAction] {
        filter { action in
            switch action {
            case .worker(_, .report), .rollout: false
            case .worker, .forgetWorker, .forgetService: true
            }
        }
    }
}

extension FleetAction {
    static func web(_ worker: Int, _ action: WorkerAction) -> FleetAction {
        .worker(WorkerID(service: "web", number: worker), action)
    }
}

@Suite("A fleet") struct FleetTests {
    @Test("a change of the count touches only the difference") func count() {
        let fleet = FleetSubject()
        #expect(fleet.configure(2) == [.web(0, .spawn(1)), .web(1, .spawn(1))])
        fleet.becomeReady(0)
        fleet.becomeReady(1)
        #expect(fleet.configure(2) == [])
        #expect(fleet.configure(4) == [.web(2, .spawn(1)), .web(3, .spawn(1))])
        fleet.becomeReady(2)
        fleet.becomeReady(3)
        let deadline = fleet.now + .seconds(10)
        #expect(
            fleet.configure(2) == [
                .web(3, .signalLeader(1)), .web(3, .arm(.phase(1), at: deadline)),
                .web(2, .signalLeader(1)), .web(2, .arm(.phase(1), at: deadline)),
            ])
        #expect(fleet.states == [.ready, .ready, .stopping, .stopping])
        // Numbers are forgotten from the end, so that they have no gap.
        #expect(fleet.tell(2, .exited(1, 0)) == [.web(2, .disarm(.phase(1))), .web(2, .discard(1))])
        #expect(
            fleet.tell(3, .exited(1, 0)) == [
                .web(3, .disarm(.phase(1))), .web(3, .discard(1)),
                .forgetWorker(WorkerID(service: "web", number: 3)),
                .forgetWorker(WorkerID(service: "web", number: 2)),
            ])
        #expect(fleet.states == [.ready, .ready])
    }

    @Test("a removed service is forgotten when nothing of it is left") func remove() {
        let fleet = FleetSubject.ready(1)
        #expect(fleet.remove("db") == [])
        fleet.remove()
        #expect(!fleet.fleet.isDown)
        let last = fleet.tell(0, .exited(1, 0))
        #expect(
            last.suffix(2) == [.forgetWorker(WorkerID(service: "web", number: 0)), .forgetService("web")])
        #expect(fleet.isEmpty)
        #expect(fleet.fleet.isDown)
        #expect(fleet.fleet.summary == FleetSummary())
        #expect(fleet.tell(0, .exited(1, 0)) == [])
    }

    @Test("a service removed and wanted again comes up when what was stopping is gone") func removeAndReturn() {
        let fleet = FleetSubject.ready(1)
        fleet.remove()
        #expect(fleet.configure(1) == [])
        #expect(fleet.tell(0, .exited(1, 0)).contains(.web(0, .spawn(2))))
    }

    @Test("a worker that is on its way out for good is not started by a command") func ghost() {
        let fleet = FleetSubject.ready(2)
        fleet.configure(1)
        #expect(fleet.tell(1, .start) == [])
        fleet.tell(1, .exited(1, 0))
        #expect(fleet.states == [.ready])
    }

    @Test("the numbers of incarnations go on when a worker is forgotten and comes back") func numbers() {
        let fleet = FleetSubject.ready(2)
        fleet.configure(1)
        fleet.tell(1, .exited(1, 0))
        #expect(fleet.configure(2) == [.web(1, .spawn(2))])
        fleet.remove()
        fleet.tell(1, .exited(2, 0))
        fleet.tell(0, .exited(1, 0))
        #expect(fleet.isEmpty)
        #expect(fleet.configure(1) == [.web(0, .spawn(3))])
    }

    @Test("other services are left alone") func siblings() {
        let fleet = FleetSubject.ready(1)
        #expect(fleet.configure(1, service: "db").count == 1)
        #expect(fleet.fleet.serviceNames == ["db", "web"])
        fleet.remove("db")
        #expect(fleet.states == [.ready])
    }
}

@Suite("A roll through a fleet") struct RollTests {
    @Test("workers are replaced one after another, each when the one before it is ready") func order() {
        let fleet = FleetSubject.ready(3)
        #expect(fleet.configure(3, replaces: true) == [.web(0, .spawn(2))])
        for worker in 0..<3 {
            #expect(fleet.states.filter { $0 == .ready }.count == 3)
            #expect((0..<3).compactMap { fleet.successor($0) } == [2])
            #expect(fleet.successor(worker) == 2)
            #expect(
                fleet.tell(worker, .spawned(2)).contains(.web(worker, .arm(.phase(2), at: fleet.now + .seconds(60)))))
            let actions = fleet.tell(worker, .ready(2))
            #expect(actions.contains(.web(worker, .signalLeader(1))))
            #expect(actions.contains(.web(worker + 1, .spawn(2))) == (worker < 2))
            fleet.tell(worker, .exited(1, 0))
        }
        #expect((0..<3).map { fleet.current($0) } == [2, 2, 2])
    }

    @Test("a release that never becomes ready stops at the first worker, whose predecessor serves on") func badRelease()
    {
        let fleet = FleetSubject.ready(3)
        fleet.configure(3, replaces: true)
        for number in UInt64(2)...4 {
            fleet.tell(0, .spawned(number))
            #expect(fleet.tell(0, .exited(number)).contains(.web(0, .discard(number))))
            let next = fleet.tell(0, .deadline(.restart), later: .seconds(10))
            #expect(next == (number < 4 ? [.web(0, .spawn(number + 1))] : []))
            #expect(fleet.states == [.ready, .ready, .ready])
        }
        #expect(fleet.current(1) == 1)
        #expect(fleet.successor(1) == nil)
    }

    @Test("workers that are down are no obstacle") func down() {
        let fleet = FleetSubject.ready(3)
        fleet.tell(0, .stop)
        fleet.tell(0, .exited(1, 0))
        #expect(fleet.configure(3, replaces: true) == [.web(1, .spawn(2))])
        #expect(fleet.states == [.stopped, .ready, .ready])
    }

    @Test("fewer workers in the middle of a roll are no obstacle", arguments: [1, 2]) func scaleDown(_ count: Int) {
        let fleet = FleetSubject.ready(3)
        fleet.configure(3, replaces: true)
        fleet.becomeReady(0, 2)
        fleet.tell(0, .exited(1, 0))
        #expect(fleet.successor(1) == 2)
        fleet.configure(count)
        if count == 2 { fleet.becomeReady(1, 2) }
        for worker in (1..<3).reversed() {
            for number in UInt64(1)...2 { fleet.tell(worker, .exited(number, 0)) }
        }
        #expect(fleet.fleet.workers(of: "web")!.count == count)
        #expect(fleet.current(0) == 2)
        #expect(fleet.successor(0) == nil)
    }

    @Test("a second roll begins anew and gives up the successor that is outdated meanwhile") func again() {
        let fleet = FleetSubject.ready(2)
        fleet.configure(2, replaces: true)
        fleet.becomeReady(0, 2)
        fleet.tell(0, .exited(1, 0))
        fleet.tell(1, .spawned(2))
        let actions = fleet.configure(2, replaces: true)
        #expect(actions.contains(.web(1, .signalLeader(2))))
        #expect(fleet.successor(0) == nil && fleet.successor(1) == 3)
        fleet.becomeReady(1, 3)
        #expect(fleet.current(1) == 3)
        fleet.becomeReady(0, 3)
        #expect(fleet.current(0) == 3)
    }
}

@Suite("The summary of a fleet") struct FleetSummaryTests {
    @Test("it counts services, workers, the ready and the failed") func counts() {
        let fleet = FleetSubject.ready(2)
        fleet.policy = .test(condition: .never)
        fleet.configure(1, service: "db")
        fleet.configure(3)
        #expect(
            fleet.fleet.summary
                == FleetSummary(services: 2, workers: 4, ready: 2, failed: 0, isSettled: false))
        fleet.tell(1, .exited(1))
        #expect(
            fleet.fleet.summary
                == FleetSummary(services: 2, workers: 4, ready: 1, failed: 1, isSettled: false))
    }

    @Test("a fleet is settled when each worker is ready or will not be") func settled() {
        let fleet = FleetSubject()
        #expect(fleet.fleet.summary.isSettled)
        fleet.configure(2)
        #expect(!fleet.fleet.summary.isSettled)
        fleet.becomeReady(0)
        #expect(!fleet.fleet.summary.isSettled)
        fleet.becomeReady(1)
        #expect(fleet.fleet.summary.isSettled)
        fleet.tell(1, .stop)
        #expect(fleet.fleet.summary.isSettled)
    }

    @Test("a worker that stops only to be started again is not settled") func comingBack() {
        let fleet = FleetSubject()
        fleet.configure(1)
        fleet.tell(0, .spawned(1))
        fleet.tell(0, .deadline(.phase(1)), later: .seconds(60))
        #expect(fleet.states == [.stopping])
        #expect(!fleet.fleet.summary.isSettled)
        fleet.tell(0, .stop)
        #expect(fleet.fleet.summary.isSettled)
        fleet.tell(0, .start)
        #expect(fleet.states == [.stopping])
        #expect(!fleet.fleet.summary.isSettled)
    }

    @Test("a fleet whose workers are done or failed is down") func down() {
        let fleet = FleetSubject()
        fleet.policy = .test(condition: .onFailure)
        fleet.configure(1)
        fleet.becomeReady(0)
        #expect(!fleet.fleet.isDown)
        fleet.tell(0, .exited(1, 0))
        #expect(fleet.states == [.done])
        #expect(fleet.fleet.isDown)
    }
}
