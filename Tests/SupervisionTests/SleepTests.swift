import Testing

@testable import Supervision

@Suite("A service on demand") struct SleepTests {
    private let web = WorkerID(service: "web", number: 0)

    private func makeFleet(_ count: Int = 2, startsAsleep: Bool = true) -> (fleet: Fleet, actions: [FleetAction]) {
        var fleet = Fleet(seed: 1)
        let actions = fleet.configure(
            "web", policy: .test(), revision: "a", count: count, replacesWorkers: false, startsAsleep: startsAsleep,
            at: .seconds(1))
        return (fleet, actions.withoutReports)
    }

    private func states(_ fleet: Fleet) -> [WorkerState] { fleet.workers(of: "web")?.map(\.state) ?? [] }

    @Test("begins asleep, which is settled and not down, and wakes as a whole") func wake() {
        var (fleet, actions) = makeFleet()
        #expect(actions.isEmpty && states(fleet) == [.asleep, .asleep] && fleet.isAsleep("web"))
        #expect(fleet.summary.isSettled && !fleet.isDown)
        #expect(fleet.wake("web", at: .seconds(2)).withoutReports == [.web(0, .spawn(1)), .web(1, .spawn(1))])
        #expect(!fleet.isAsleep("web") && fleet.wake("web", at: .seconds(2)).isEmpty)
    }

    @Test("stops what runs, and tells when all of it sleeps") func sleep() {
        var (fleet, _) = makeFleet(1)
        _ = fleet.wake("web", at: .seconds(2))
        _ = fleet.handle(web, .spawned(1), at: .seconds(2))
        _ = fleet.handle(web, .ready(1), at: .seconds(2))
        let actions = fleet.sleep("web", at: .seconds(3))
        #expect(actions.contains(.web(0, .report(.stopping(1, .idle)))))
        #expect(actions.contains(.web(0, .signalLeader(1))))
        #expect(states(fleet) == [.stopping])
        let end = fleet.handle(web, .gone(1, .code(0), isOutOfMemory: false), at: .seconds(4))
        #expect(end.contains(.web(0, .report(.asleep))) && states(fleet) == [.asleep])
        #expect(fleet.workers(of: "web")?[0].restarts == 0)
    }

    @Test("that is woken while it stops starts again when the old incarnation is gone") func wokenAtOnce() {
        var (fleet, _) = makeFleet(1)
        _ = fleet.wake("web", at: .seconds(2))
        _ = fleet.handle(web, .spawned(1), at: .seconds(2))
        _ = fleet.handle(web, .ready(1), at: .seconds(2))
        _ = fleet.sleep("web", at: .seconds(3))
        #expect(fleet.wake("web", at: .seconds(3)).withoutReports.isEmpty)
        let actions = fleet.handle(web, .gone(1, .code(0), isOutOfMemory: false), at: .seconds(4)).withoutReports
        #expect(actions.contains(.web(0, .spawn(2))))
    }

    @Test("takes commands for single workers: one that was stopped is not woken, and doesn't sleep") func commands() {
        var (fleet, _) = makeFleet()
        _ = fleet.handle(web, .stop, at: .seconds(2))
        #expect(states(fleet) == [.stopped, .asleep])
        #expect(fleet.wake("web", at: .seconds(3)).withoutReports == [.web(1, .spawn(1))])
        _ = fleet.sleep("web", at: .seconds(4))
        #expect(fleet.workers(of: "web")?[0].state == .stopped)
        #expect(fleet.handle(web, .start, at: .seconds(5)).withoutReports == [.web(0, .spawn(1))])
    }

    @Test("stays asleep whatever its specification and its number of workers become") func configured() {
        var (fleet, _) = makeFleet()
        let actions = fleet.configure(
            "web", policy: .test(), revision: "b", count: 3, replacesWorkers: true, at: .seconds(2))
        #expect(actions.withoutReports.isEmpty && states(fleet) == [.asleep, .asleep, .asleep])
        #expect(fleet.remove("web", at: .seconds(3)).contains(.forgetService("web")))
    }

    @Test("leaves alone what has failed") func failed() {
        var fleet = Fleet(seed: 1)
        _ = fleet.configure(
            "web", policy: .test(condition: .never), revision: "a", count: 1, replacesWorkers: false, at: .seconds(1))
        _ = fleet.handle(web, .spawned(1), at: .seconds(1))
        _ = fleet.handle(web, .exited(1), at: .seconds(2))
        #expect(states(fleet) == [.failed])
        _ = fleet.sleep("web", at: .seconds(3))
        #expect(states(fleet) == [.failed])
    }
}
