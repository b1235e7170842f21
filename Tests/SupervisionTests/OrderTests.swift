import Testing

@testable import Supervision

@Suite("The start order") struct StartOrderTests {
    @Test("a service that comes after another waits until that is started, ready or completed")
    func conditions() {
        let fleet = OrderSubject(
            [
                "a": [Dependency("db", .started, isRequired: true)], "b": [Dependency("db", .ready, isRequired: true)],
                "c": [Dependency("job", .completed, isRequired: true)],
            ], oneshots: ["job"])
        #expect(fleet.spawnedNow() == ["db", "job"])
        #expect(
            fleet.holds.sorted() == [
                "a/0 waits for db to be started", "b/0 waits for db to be ready", "c/0 waits for job to be completed",
            ])
        #expect(fleet.state("b") == .waiting)
        #expect(!fleet.fleet.summary.isSettled)
        fleet.tell("db", .spawned(1))
        #expect(fleet.spawnedNow() == ["a"])
        fleet.tell("db", .ready(1))
        #expect(fleet.spawnedNow() == ["b"])
        fleet.tell("job", .spawned(1))
        #expect(fleet.spawnedNow() == [])
        fleet.exit("job")
        #expect(fleet.spawnedNow() == ["c"])
        #expect(fleet.state("job") == .done && fleet.completed == ["job"])
    }

    @Test("each worker of the first service must be there, and all of the second start at once")
    func everyWorker() {
        let fleet = OrderSubject(
            ["web": [Dependency("db", .ready, isRequired: true)]], workers: ["db": 3, "web": 2])
        #expect(fleet.spawnedNow() == ["db", "db", "db"])
        fleet.becomeReady("db", worker: 0)
        fleet.becomeReady("db", worker: 2)
        #expect(fleet.spawnedNow() == [])
        fleet.becomeReady("db", worker: 1)
        #expect(fleet.spawnedNow() == ["web", "web"])
    }

    @Test("a service without workers keeps nobody waiting")
    func noWorkers() {
        let fleet = OrderSubject(["web": [Dependency("db", .ready, isRequired: true)]], workers: ["db": 0])
        #expect(fleet.spawnedNow() == ["web"])
    }

    @Test("a restart and a replacement wait for nobody")
    func restart() {
        let fleet = OrderSubject(["web": [Dependency("db", .ready, isRequired: true)]], condition: .always)
        fleet.becomeReady("db")
        fleet.becomeReady("web")
        fleet.exit("db", 1)
        fleet.exit("web", 1)
        #expect(fleet.spawnedNow() == ["db", "web", "db", "web"])
    }

    @Test("what requires one that failed for good is not started, says why, and starts when that comes up after all")
    func requiredFails() {
        let fleet = OrderSubject([
            "web": [Dependency("db", .ready, isRequired: true)], "top": [Dependency("web", .ready, isRequired: true)],
        ])
        fleet.tell("db", .spawned(1))
        fleet.exit("db", 1)
        #expect(fleet.spawnedNow() == ["db"])
        #expect(fleet.hold("web")?.isBlocked == true && fleet.hold("web")?.description == "db, which has failed")
        #expect(fleet.hold("top")?.description == "web, which can't start itself")
        #expect(fleet.fleet.summary.isSettled && fleet.fleet.isDown)
        fleet.tell("db", .start)
        #expect(!fleet.fleet.summary.isSettled && !fleet.fleet.isDown)
        #expect(
            fleet.hold("web")?.description == "db to be ready" && fleet.hold("top")?.description == "web to be ready")
        fleet.becomeReady("db")
        fleet.becomeReady("web")
        #expect(fleet.spawnedNow() == ["db", "web", "top"])
    }

    @Test("what only comes after one that fails, is stopped or can't start is started all the same")
    func afterFails() {
        let fleet = OrderSubject([
            "web": [Dependency("db", .ready, isRequired: true)], "log": [Dependency("web", .ready, isRequired: false)],
            "api": [Dependency("db", .ready, isRequired: false)],
        ])
        #expect(fleet.spawnedNow() == ["db"])
        fleet.tell("db", .spawned(1))
        fleet.exit("db", 1)
        #expect(fleet.spawnedNow().sorted() == ["api", "log"])
        #expect(fleet.state("web") == .waiting)
    }

    @Test("one that is restarted on its way up is waited for")
    func crashesFirst() {
        let fleet = OrderSubject(["web": [Dependency("db", .ready, isRequired: true)]], condition: .always)
        fleet.tell("db", .spawned(1))
        fleet.exit("db", 1)
        #expect(fleet.holds == ["web/0 waits for db to be ready"])
        fleet.becomeReady("db")
        #expect(fleet.spawnedNow() == ["db", "db", "web"])
    }

    @Test("a worker that can't start is no obstacle to the replacement of the others")
    func roll() {
        let order = [Dependency("db", .ready, isRequired: true)]
        let fleet = OrderSubject(["web": order], workers: ["web": 3])
        fleet.becomeReady("db")
        for worker in 0..<3 { fleet.becomeReady("web", worker: worker) }
        for worker in 0..<2 {
            fleet.tell("web", .stop, worker: worker)
            fleet.exit("web", worker: worker)
        }
        fleet.exit("db", 1)
        for worker in 0..<2 { fleet.tell("web", .start, worker: worker) }
        #expect(fleet.hold("web")?.isBlocked == true)
        _ = fleet.spawnedNow()
        var copy = fleet.fleet
        let actions = copy.configure(
            "web", policy: .test(condition: .never), revision: "b", count: 3, replacesWorkers: true, at: fleet.now)
        #expect(actions.withoutReports == [.web(2, .spawn(2))])
    }

    @Test("a worker that waits can be stopped, and another order lets it start")
    func otherOrder() {
        let order = ["web": [Dependency("db", .ready, isRequired: true)]]
        let stopped = OrderSubject(order)
        stopped.tell("web", .stop)
        stopped.becomeReady("db")
        #expect(stopped.spawnedNow() == ["db"])
        #expect(stopped.state("web") == .stopped)
        var fleet = Fleet(seed: 1)
        fleet.setDependencies(order["web"]!, of: "web")
        for name in ["db", "web"] {
            _ = fleet.configure(name, policy: .test(), revision: "a", count: 1, replacesWorkers: false, at: .zero)
        }
        fleet.setDependencies([], of: "web")
        #expect(
            fleet.reconsiderOrder(at: .zero) == [.worker(WorkerID(service: "web", number: 0), .spawn(1))])
    }

    @Test("a start takes along what it requires and is down, in order")
    func startsRequired() {
        let fleet = OrderSubject(
            [
                "web": [Dependency("db", .ready, isRequired: true), Dependency("log", .ready, isRequired: false)],
                "db": [Dependency("job", .completed, isRequired: true)],
            ], oneshots: ["job"])
        fleet.exit("job", 1)
        fleet.command("log", "web", input: .stop)
        _ = fleet.spawnedNow()
        let web = WorkerID(service: "web", number: 0)
        #expect(fleet.fleet.down(requiredBy: [web]).map(\.service) == ["job"])
        fleet.command("web", "job", input: .start)
        #expect(fleet.spawnedNow() == ["job"])
        #expect(fleet.fleet.down(requiredBy: [web]) == [])
        fleet.exit("job")
        fleet.becomeReady("db")
        #expect(fleet.spawnedNow() == ["db", "web"])
    }
}

@Suite("The stop order") struct StopOrderTests {
    static let chain = [
        "web": [Dependency("db", .ready, isRequired: true)], "db": [Dependency("disk", .ready, isRequired: false)],
    ]

    private func running() -> OrderSubject {
        let fleet = OrderSubject(Self.chain)
        for service in ["disk", "db", "web"] { fleet.becomeReady(service) }
        return fleet
    }

    @Test("what others depend on stops when those are gone")
    func reverse() {
        let fleet = running()
        fleet.removeAll()
        #expect(fleet.toldNow() == ["web"])
        #expect(fleet.fleet.isToStop(WorkerID(service: "disk", number: 0)))
        fleet.exit("web")
        #expect(fleet.toldNow() == ["db"])
        fleet.exit("db")
        #expect(fleet.toldNow() == ["disk"])
        fleet.exit("disk")
        #expect(fleet.fleet.serviceNames == [] && fleet.fleet.isDown)
        #expect(fleet.fleet.summary == FleetSummary())
    }

    @Test("a stop by command takes along what requires it, and nothing that only comes after it")
    func byCommand() {
        let fleet = running()
        #expect(fleet.fleet.up(requiring: [WorkerID(service: "disk", number: 0)]) == [])
        let web = WorkerID(service: "web", number: 0)
        #expect(fleet.fleet.up(requiring: [WorkerID(service: "db", number: 0)]) == [web])
        fleet.command("db", "web", input: .stop)
        #expect(fleet.toldNow() == ["web"])
        #expect(fleet.state("db") == .ready)
        fleet.exit("web")
        #expect(fleet.toldNow() == ["db"])
        fleet.exit("db")
        #expect(fleet.state("db") == .stopped && fleet.state("disk") == .ready)
    }

    @Test("one of several workers may stop without those that require the service")
    func oneOfTwo() {
        let fleet = OrderSubject(Self.chain, workers: ["db": 2])
        #expect(fleet.fleet.up(requiring: [WorkerID(service: "db", number: 0)]) == [])
        fleet.tell("db", .stop, worker: 1)
        #expect(fleet.fleet.up(requiring: [WorkerID(service: "db", number: 0)]).map(\.service) == ["web"])
    }

    @Test("what is about to stop goes on if it is started again")
    func startAgain() {
        let fleet = running()
        fleet.command("db", "web", input: .stop)
        fleet.tell("db", .start)
        fleet.exit("web")
        #expect(fleet.toldNow() == ["web"])
        #expect(fleet.state("db") == .ready)
    }

    @Test("one that hangs in the kernel keeps nobody waiting")
    func stuck() {
        let fleet = running()
        fleet.removeAll()
        fleet.passDeadline("web", after: .seconds(10))
        #expect(fleet.toldNow() == ["web"])
        fleet.passDeadline("web", after: .seconds(10))
        #expect(fleet.toldNow() == ["db"])
    }

    @Test("a service that comes back while it is to go stays")
    func comesBack() {
        let fleet = running()
        fleet.removeAll()
        var copy = fleet.fleet
        _ = copy.configure("disk", policy: .test(), revision: "a", count: 1, replacesWorkers: false, at: fleet.now)
        #expect(!copy.isToStop(WorkerID(service: "disk", number: 0)))
        #expect(copy.worker(WorkerID(service: "disk", number: 0))?.state == .ready)
    }

    @Test("the longest chain takes what its services take one after another")
    func longest() {
        let fleet = running()
        let times: [String: Duration] = ["web": .seconds(1), "db": .seconds(2), "disk": .seconds(4), "x": .seconds(5)]
        let longest = fleet.fleet.longestStop(times)
        #expect(longest.time == .seconds(7) && longest.services == 3)
        #expect(fleet.fleet.longestStop(["web": .seconds(1), "disk": .seconds(4)]).time == .seconds(5))
        #expect(fleet.fleet.longestStop([:]).time == .zero)
    }
}

@Suite("Circles in an order") struct CircleTests {
    private func order(_ names: String...) -> StartOrder {
        var order = StartOrder(["x": [Dependency(names[0], .ready, isRequired: false)]])
        for (index, name) in names.enumerated() {
            order.set([Dependency(names[(index + 1) % names.count], .ready, isRequired: true)], of: name)
        }
        return order
    }

    @Test("a circle of any length is found, once, and nothing that only leads there")
    func lengths() {
        #expect(order("a").circles == [["a", "a"]])
        #expect(order("a", "b").circles == [["a", "b", "a"]])
        #expect(order("web", "db", "cache").circles == [["cache", "web", "db", "cache"]])
        #expect(order("a", "b", "c", "d", "e").circles == [["a", "b", "c", "d", "e", "a"]])
        let names = (0..<10_000).map { String(100_000 + $0) }
        var long = StartOrder()
        for (name, next) in zip(names, names.dropFirst()) {
            long.set([Dependency(next, .started, isRequired: true)], of: name)
        }
        #expect(long.circles == [])
        long.set([Dependency(names[0], .started, isRequired: true)], of: names[9999])
        #expect(long.circles == [names + [names[0]]])
    }

    @Test("several circles are found")
    func several() {
        var two = order("a", "b")
        two.set([Dependency("d", .ready, isRequired: true)], of: "c")
        two.set([Dependency("c", .ready, isRequired: true), Dependency("a", .ready, isRequired: true)], of: "d")
        #expect(two.circles == [["a", "b", "a"], ["c", "d", "c"]])
    }

    @Test("services are sorted so that each comes after what it depends on")
    func sorted() {
        let order = StartOrder([
            "a": [Dependency("b", .ready, isRequired: true)], "b": [Dependency("c", .ready, isRequired: false)],
        ])
        #expect(order.sorted(["a", "b", "c", "x"]) == ["c", "x", "b", "a"])
        #expect(order.sorted(["a", "c"]) == ["c", "a"])
    }
}
