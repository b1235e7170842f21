@testable import Supervision

/// A world in which nothing dies of itself but what a bad release starts, so that every worker that is not ready is so
/// for being replaced. Time and chance are as in ``ModelWorld``.
struct RolloutWorld {
    private let seed: UInt64
    private let policy: WorkerPolicy
    private let count: Int
    private var fleet: Fleet
    private var random: SeededRandom
    private var now = Duration.seconds(1)
    private var events: [(at: Duration, worker: WorkerID, input: WorkerInput)] = []
    private var armed: [WorkerID: [WorkerDeadline: Duration]] = [:]
    /// The releases that never become ready.
    private var bad: Set<String> = []
    private var isUp = false
    private var step = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: ~seed)
        fleet = Fleet(seed: seed)
        count = Int.random(in: 1...8, using: &random)
        var rollout = RolloutPolicy(
            strategy: seed % 4 == 0 ? .blueGreen : .rolling, minReady: seed % 3 == 0 ? .seconds(2) : .zero,
            failures: Int.random(in: 1...3, using: &random), onFailure: seed % 2 == 0 ? .stop : .rollback)
        if rollout.strategy == .rolling {
            rollout.maxSurge = seed % 5 == 0 ? .percent(30) : .count(Int.random(in: 0...3, using: &random))
            rollout.maxUnavailable = seed % 7 == 0 ? .percent(40) : .count(Int.random(in: 0...3, using: &random))
            if seed % 6 == 1 { rollout.parallel = Int.random(in: 1...3, using: &random) }
        }
        policy = WorkerPolicy(
            readiness: .notify, readyTimeout: .seconds(20), maxAge: seed % 9 == 0 ? .seconds(60) : nil, rollout: rollout
        )
    }

    mutating func run(releases: Int) throws {
        try perform(
            fleet.configure("web", policy: policy, revision: "0", count: count, replacesWorkers: false, at: now))
        while available < count { try advance() }
        isUp = true
        for number in 1...releases {
            let name = "\(number)"
            if chance(0.4) { bad.insert(name) }
            try release(name)
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                if chance(0.06) { try disturb() }
                try advance()
            }
        }
        // What is good gets through, whatever came before.
        if let actions = try? fleet.resumeRollout(of: "web", at: now) { try perform(actions) }
        try release("last")
        try settle()
        try hold(fleet.rollout(of: "web")?.state == .done, "the last roll-out is not done")
        try hold(revisions == Array(repeating: "last", count: count), "not all run the last release: \(revisions)")
        // What is bad doesn't, and leaves the others.
        bad.insert("worst")
        try release("worst")
        try settle()
        let state: Rollout.State = policy.rollout.onFailure == .stop ? .stopped : .rolledBack
        try hold(fleet.rollout(of: "web")?.state == state, "the bad roll-out is \(fleet.rollout(of: "web")!.state)")
        try hold(revisions == Array(repeating: "last", count: count), "the bad release runs: \(revisions)")
    }

    private var revisions: [String] { fleet.workers(of: "web")!.map { $0.current?.revision ?? "-" } }
    private var ready: Int { fleet.workers(of: "web")!.count { $0.current?.phase == .ready } }
    private var available: Int { fleet.workers(of: "web")!.count { $0.current?.isAvailable == true } }

    private mutating func release(_ name: String) throws {
        try perform(
            fleet.configure("web", policy: policy, revision: name, count: count, replacesWorkers: true, at: now))
        try check()
    }

    private mutating func disturb() throws {
        let worker = WorkerID(service: "web", number: Int.random(in: 0..<count, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: if let actions = try? fleet.pauseRollout(of: "web", at: now) { try perform(actions) }
        case 1: if let actions = try? fleet.resumeRollout(of: "web", at: now) { try perform(actions) }
        case 2: if let actions = try? fleet.undoRollout(of: "web", at: now) { try perform(actions) }
        case 3: try perform(fleet.restart([worker], at: now))
        default:
            guard let current = fleet.worker(worker)?.current else { return }
            try tell(worker, .memoryHigh(current.number))
        }
        try check()
    }

    /// Goes on until nothing is being replaced any more but for age.
    private mutating func settle() throws {
        var steps = 0
        while fleet.rollout(of: "web")!.isUnderWay || available < count {
            steps += 1
            try hold(steps < 5000, "nothing comes to an end")
            try advance()
        }
    }

    // MARK: Time

    private mutating func advance() throws {
        step += 1
        var next: (at: Duration, index: Int)?
        for (index, event) in events.enumerated() where next == nil || event.at < next!.at { next = (event.at, index) }
        var deadline: (at: Duration, worker: WorkerID, deadline: WorkerDeadline)?
        for (worker, deadlines) in armed.sorted(by: { $0.key < $1.key }) {
            for (kind, at) in deadlines.sorted(by: { "\($0.key)" < "\($1.key)" })
            where deadline == nil || at < deadline!.at {
                deadline = (at, worker, kind)
            }
        }
        if let deadline, next == nil || deadline.at <= next!.at {
            now = max(now, deadline.at)
            armed[deadline.worker]![deadline.deadline] = nil
            try tell(deadline.worker, .deadline(deadline.deadline))
        } else if let next {
            now = max(now, next.at)
            let event = events.remove(at: next.index)
            try tell(event.worker, event.input)
        }
        try check()
    }

    private mutating func later(_ worker: WorkerID, _ input: WorkerInput, _ seconds: ClosedRange<Double>) {
        let wait = Duration.milliseconds(1 + Int(1000 * Double.random(in: seconds, using: &random)))
        events.append((now + wait, worker, input))
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    // MARK: Kernel and programs

    private mutating func tell(_ worker: WorkerID, _ input: WorkerInput) throws {
        try perform(fleet.handle(worker, input, at: now))
    }

    private mutating func perform(_ actions: [FleetAction]) throws {
        for case .worker(let worker, let action) in actions {
            switch action {
            case .spawn(let number):
                events.append((now, worker, .spawned(number)))
                if !bad.contains(fleet.revision(of: worker, number)!) {
                    later(worker, .ready(number), 0...5)
                } else if chance(0.7) {
                    later(worker, .gone(number, .code(1), isOutOfMemory: false), 0...3)
                }
            case .signalLeader(let number), .kill(let number):
                later(worker, .gone(number, .signal(15, coreDumped: false), isOutOfMemory: false), 0...6)
            case .arm(let deadline, let at): armed[worker, default: [:]][deadline] = at
            case .disarm(let deadline): armed[worker, default: [:]][deadline] = nil
            case .signalAll, .abortLeader, .freeze, .thaw, .discard, .report, .probe, .endProbe: break
            }
        }
    }

    // MARK: What must hold

    private func check() throws {
        guard isUp else { return }
        let workers = fleet.workers(of: "web")!
        let limits = policy.rollout
        let surplus = workers.count { $0.successor != nil }
        let isBlueGreen = limits.strategy == .blueGreen
        let surge = isBlueGreen ? count : limits.surge(of: count)
        try hold(surplus <= surge, "\(surplus) successors run, \(surge) may")
        let lacking = isBlueGreen ? 0 : limits.unavailable(of: count)
        try hold(ready >= count - lacking, "only \(ready) of \(count) are ready, \(lacking) may lack")
        // Each worker that a bad release has not reached runs what serves.
        for (number, worker) in workers.enumerated() where worker.current?.phase == .ready {
            try hold(!bad.contains(worker.current!.revision), "web/\(number) is ready with a bad release")
        }
    }

    private func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw ModelWorld.Violation(seed: seed, step: step, what: what()) }
    }
}
