import Testing

@testable import Supervision

/// Services that depend on each other by chance, whose workers come up, fail and stop by chance.
private struct OrderWorld {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private let names: [String]
    private let dependencies: [String: [Dependency]]
    private var fleet: Fleet
    private var random: SeededRandom
    /// What each worker does: whether it gets ready, and its exit code if it ends.
    private var isGood: [String: Bool] = [:]
    private var oneshots: Set<String> = []
    private var now = Duration.seconds(1)
    /// What the world owes the fleet.
    private var answers: [(worker: WorkerID, input: WorkerInput)] = []
    private var running: Set<WorkerID> = []
    private var spawnOrder: [WorkerID] = []
    private var isStopping = false

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        fleet = Fleet(seed: seed)
        names = (0..<Int.random(in: 2...14, using: &random)).map { "s\($0 + 10)" }.shuffled(using: &random)
        var dependencies: [String: [Dependency]] = [:]
        for name in names where Bool.random(using: &random) { oneshots.insert(name) }
        for (index, name) in names.enumerated() {
            isGood[name] = Int.random(in: 0..<8, using: &random) > 0
            for other in names[..<index] where Int.random(in: 0..<3, using: &random) == 0 {
                let conditions: [StartCondition] =
                    oneshots.contains(other) ? [.started, .completed] : [.started, .ready]
                dependencies[name, default: []].append(
                    Dependency(
                        other, conditions.randomElement(using: &random)!, isRequired: Bool.random(using: &random)))
            }
        }
        self.dependencies = dependencies
    }

    mutating func run() throws {
        for name in names { fleet.setDependencies(dependencies[name] ?? [], of: name) }
        for name in fleet.inStartOrder(names) {
            let type = oneshots.contains(name) ? ServiceType.oneshot : .service
            let policy = WorkerPolicy(type: type, readiness: .notify, restart: RestartPolicy(condition: .never))
            let count = Int.random(in: 0...3, using: &random)
            try take(
                fleet.configure(name, policy: policy, revision: "a", count: count, replacesWorkers: false, at: now))
        }
        try settle()
        try checkNothingIsStranded()
        isStopping = true
        for name in fleet.inStartOrder(names).reversed() { try take(fleet.remove(name, at: now)) }
        try settle()
        try hold(fleet.serviceNames == [], "left when all is stopped: \(fleet.serviceNames)")
        try hold(fleet.isDown && fleet.summary == FleetSummary(), "not down")
    }

    /// Answers, in any order, until the fleet wants nothing more.
    private mutating func settle() throws {
        var steps = 0
        while !answers.isEmpty {
            steps += 1
            try hold(steps < 10_000, "no end")
            let answer = answers.remove(at: Int.random(in: 0..<answers.count, using: &random))
            now += .milliseconds(1)
            if case .gone = answer.input { running.remove(answer.worker) }
            try take(fleet.handle(answer.worker, answer.input, at: now))
        }
    }

    private mutating func take(_ actions: [FleetAction]) throws {
        for case .worker(let worker, let action) in actions {
            switch action {
            case .spawn(let number):
                try hold(!isStopping, "\(worker) is started while all stops")
                try checkStart(of: worker)
                running.insert(worker)
                spawnOrder.append(worker)
                // These come in this order, as for any process.
                try take(fleet.handle(worker, .spawned(number), at: now))
                let isGood = isGood[worker.service]!
                if oneshots.contains(worker.service) {
                    answers.append((worker, .exited(number, isGood ? 0 : 1)))
                } else {
                    answers.append((worker, isGood ? .ready(number) : .exited(number, 1)))
                }
            case .signalLeader(let number):
                try checkStop(of: worker)
                if !answers.contains(where: { $0.worker == worker && $0.input == .exited(number, 0) }) {
                    answers.append((worker, .exited(number, 0)))
                }
            default: break
            }
        }
    }

    private func checkStart(of worker: WorkerID) throws {
        for dependency in dependencies[worker.service] ?? [] {
            for machine in fleet.workers(of: dependency.service) ?? [] {
                let progress = machine.progress(toward: dependency.condition)
                switch progress {
                case .there: break
                case .coming: throw Violation(description: "\(worker) starts before \(dependency)")
                case .never: try hold(!dependency.isRequired, "\(worker) starts without \(dependency)")
                }
            }
        }
    }

    private func checkStop(of worker: WorkerID) throws {
        for name in names where (dependencies[name] ?? []).contains(where: { $0.service == worker.service }) {
            try hold(!running.contains { $0.service == name }, "\(worker) is stopped before \(name)")
        }
    }

    /// What does not run is done, has failed, or requires one that can't be had.
    private func checkNothingIsStranded() throws {
        for name in names {
            for (number, worker) in (fleet.workers(of: name) ?? []).enumerated() {
                if let hold = worker.hold {
                    try self.hold(hold.isBlocked, "\(name)/\(number) waits for ever for \(hold)")
                } else {
                    let wanted: WorkerState =
                        isGood[name]! ? (oneshots.contains(name) ? .done : .ready) : .failed
                    try hold(worker.state == wanted, "\(name)/\(number) is \(worker.state), not \(wanted)")
                }
            }
        }
        try hold(fleet.summary.isSettled, "it is not settled")
    }

    private func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: what()) }
    }
}

@Suite struct OrderSimulationTests {
    @Test("whatever the order, nothing starts before its time, all that can does, and all stops in reverse")
    func orders() throws {
        for seed in UInt64(0)..<2000 {
            var world = OrderWorld(seed: seed)
            do {
                try world.run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }
}
