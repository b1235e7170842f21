import Specification
import Supervision
import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("how far a change is") struct GoalTests {
    private let before = makeSnapshot([("web", 3)])

    /// `before` with other states and incarnations.
    private func now(_ workers: (state: String, incarnation: UInt64?)...) -> Snapshot {
        var snapshot = before
        for (number, worker) in workers.enumerated() {
            snapshot.services[0].workers[number].state = worker.state
            snapshot.services[0].workers[number].incarnation = worker.incarnation
        }
        return snapshot
    }

    @Test("a restart has reached a worker when a later incarnation is ready, or has failed for good") func restart() {
        let goal = Goal(of: .restart, before: before)
        #expect(goal.aims.count == 3)
        #expect(goal.reached(in: before) == 0)
        #expect(goal.reached(in: now(("ready", 2), ("starting", 2), ("ready", 1))) == 1)
        #expect(goal.reached(in: now(("ready", 2), ("failed", nil), ("waiting", nil))) == 2)
    }

    @Test("a start has reached a worker when it is ready, failed or done") func start() {
        let stopped = now(("stopped", nil), ("stopped", nil), ("stopped", nil))
        let goal = Goal(of: .start, before: stopped)
        #expect(goal.reached(in: stopped) == 0)
        #expect(goal.reached(in: now(("ready", 2), ("done", nil), ("failed", nil))) == 3)
    }

    @Test("a reset and a thaw leave alone what is stopped", arguments: [WorkerCommand.reset, .thaw])
    func untouched(command: WorkerCommand) {
        let goal = Goal(of: command, before: now(("stopped", nil), ("frozen", 1), ("failed", nil)))
        #expect(goal.aims.keys.sorted() == [WorkerID(service: "web", number: 1), WorkerID(service: "web", number: 2)])
    }

    @Test("a stop, a kill and a freeze have theirs") func others() {
        let stop = Goal(of: .stop, before: before)
        #expect(stop.reached(in: now(("stopped", nil), ("stopping", 1), ("killing", 1))) == 1)
        let kill = Goal(of: .kill, before: before)
        #expect(kill.reached(in: now(("killing", 1), ("waiting", nil), ("starting", 2))) == 2)
        let freeze = Goal(of: .freeze, before: before)
        #expect(freeze.reached(in: now(("frozen", 1), ("ready", 1), ("frozen", 1))) == 2)
    }

    @Test("a change of numbers concerns the difference alone") func scaling() {
        var more = makeSnapshot([("web", 5)])
        more.services[0].workers[4].state = "starting"
        let up = Goal(scaling: before, to: more)
        #expect(up.aims.count == 2 && up.reached(in: more) == 1)
        var fewer = before
        fewer.services[0].wanted = 1
        let down = Goal(scaling: before, to: fewer)
        #expect(down.aims.count == 2 && down.reached(in: fewer) == 0)
        fewer.services[0].workers.removeLast()
        #expect(down.reached(in: fewer) == 1)
    }

    @Test("a plan's is what it adds, removes and replaces") func plan() {
        func service(_ name: String, _ program: String, _ count: Int) -> ServiceSpecification {
            var service = ServiceSpecification(name: name, command: [program])
            service.workers = .count(count)
            return service
        }
        let before = makeSnapshot([("old", 1), ("same", 2), ("web", 2)])
        let plan = Plan(
            from: Specification(services: [service("old", "a", 1), service("same", "a", 2), service("web", "a", 2)]),
            to: Specification(services: [service("new", "a", 1), service("same", "a", 2), service("web", "b", 3)]),
            cpus: 1)
        let goal = Goal(plan, before: before)
        let expected: [String: Goal.Aim] = [
            "new/0": .settled(after: 0), "old/0": .absent, "web/0": .settled(after: 1), "web/1": .settled(after: 1),
            "web/2": .settled(after: 0),
        ]
        #expect(Dictionary(uniqueKeysWithValues: goal.aims.map { ("\($0.key)", $0.value) }) == expected)
    }

    @Test("the bar shows how far it is, and the title gives way where there is no room") func bar() {
        var bar = ProgressBar(title: "restarting web", elapsed: .seconds(12))
        #expect(bar.line(columns: 79).text == "restarting web  12s")
        (bar.done, bar.total) = (5, 10)
        #expect(bar.line(columns: 79).text == "restarting web  [#####.....]  5/10  12s")
        bar.done = 10
        #expect(bar.line(columns: 79).text == "restarting web  [##########]  10/10, finishing  12s")
        bar.done = 3
        bar.title = String(repeating: "long ", count: 40)
        let line = bar.line(columns: 39)
        #expect(line.columns == 39 && line.text.hasSuffix("[###.......]  3/10  12s"))
        #expect(bar.line(columns: 10).columns == 10)
    }
}
