import Specification
import Supervision

/// What is seen of a worker from outside: what it was told, what was executed for it and how that ended. It knows nothing
/// of how the driver and the state machines come to their decisions.
struct SeenWorker {
    /// What it may be wanted to be; both, while it isn't known whether a command was lost with a supervisor.
    var goals: Set<WorkerMachine.Goal> = [.running]
    /// Whether an operator may have frozen what runs of it.
    var mayBeFrozen = false
    /// What was executed last.
    private(set) var program = ""
    /// When the latest incarnation became the worker's only one.
    private var aloneSince: Int64 = 0
    /// When leaders ended of late, whatever for.
    private var ends: [Int64] = []
    /// Whether there have been so many ends that it may be failed.
    var mayBeFailed = false
    /// Whether a restart that somebody wished for may be yet to come: it waits until the worker is ready or has failed, and
    /// grants another budget.
    private var isRestartDue = false
    /// Whether something was executed since that wish.
    private var isExecuted = false
    /// When the last leader ended by itself, while nothing is executed for it.
    private var endedAt: Int64?
    /// The ends that restarts followed on, since something last happened that may make up for them.
    private var restarts: [Int64] = []

    private static let second: Int64 = 1_000_000_000

    /// It isn't known any more which restarts count.
    mutating func forgive() {
        restarts = []
        endedAt = nil
    }

    /// Somebody wishes that it be restarted.
    mutating func noteRestart() { (isRestartDue, isExecuted) = (true, false) }

    /// It is ready.
    mutating func ready() { if isExecuted { isRestartDue = false } }

    /// A process was executed for it. Returns what is wrong with that.
    mutating func executed(_ program: String, isAlone: Bool, _ policy: RestartPolicy, at now: Int64) -> String? {
        self.program = program
        isExecuted = true
        if isRestartDue { forgive() }
        guard isAlone else { return nil }
        mayBeFrozen = false
        aloneSince = now
        guard let endedAt else { return nil }
        self.endedAt = nil
        restarts.append(endedAt)
        let count = restarts.count
        // All of them were paid for between the first of these ends and now.
        if count > policy.budget, now - restarts[count - policy.budget - 1] < policy.window.nanoseconds {
            return "is restarted once more than \(policy.budget) times in \(policy.window)"
        }
        guard count > 1 else { return nil }
        var wait = policy.delay / .seconds(1)
        for _ in 2..<count { wait = min(wait * policy.multiplier, policy.maximumDelay / .seconds(1)) }
        let least = Int64(wait * (1 - policy.jitter) * 1e9)
        // A microsecond for what is rounded.
        if now - endedAt + 1000 < least {
            return
                "is restarted after \(Double(now - endedAt) / 1e9) s, restart \(count) in a row, and not \(Double(least) / 1e9)"
        }
        return nil
    }

    /// A leader ended.
    mutating func ended(byItself: Bool, isLast: Bool, _ service: SeenService, at now: Int64) {
        // What is found out late, as by a supervisor that has still to be started, is paid for late.
        let slack = 30 * Self.second
        ends = ends.filter { now - $0 < service.window.nanoseconds + slack } + [now]
        if ends.count > service.leastBudget { mayBeFailed = true }
        guard isLast else { return }
        // It was stable, or nearly.
        if now - aloneSince >= service.window.nanoseconds - Self.second { restarts = [] }
        endedAt = byItself ? now : nil
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { Int64(self / .nanoseconds(1)) }
}

/// What is known of a service from outside.
struct SeenService {
    /// The counts that may be in force.
    private var counts: [Int]
    /// The specifications that may be.
    private(set) var specifications: [ServiceSpecification]

    init(_ specification: ServiceSpecification) {
        (counts, specifications) = ([], [specification])
        if case .count(let count) = specification.workers { counts = [count] }
    }

    /// Somebody asks for so many workers.
    mutating func note(count: Int) { counts.append(count) }

    /// Somebody asks for another specification.
    mutating func note(_ specification: ServiceSpecification) { specifications.append(specification) }

    /// So many are wanted, and no more serve, so that what was wanted before is over.
    mutating func settle(wanted: Int) { counts = [wanted] }

    /// The specification of this digest is in force for all workers.
    mutating func settle(digest: String) {
        guard specifications.count > 1, let found = specifications.last(where: { $0.digest == digest }) else { return }
        specifications = [found]
    }

    /// How many may serve, those included that are about to be replaced.
    var most: Int {
        let wanted = counts.max() ?? 0
        let surges = specifications.map(\.policy.rollout).map {
            $0.strategy == .blueGreen ? wanted : $0.surge(of: wanted)
        }
        return wanted + (surges.max() ?? 0)
    }

    /// After how many restarts a worker may be failed.
    var leastBudget: Int { specifications.map(\.policy.restart.budget).min() ?? 0 }

    /// How workers are restarted; nil if that isn't known.
    var restart: RestartPolicy? { specifications.count == 1 ? specifications[0].policy.restart : nil }

    /// In which time restarts are counted, at the most.
    var window: Duration { specifications.map(\.policy.restart.window).max() ?? .zero }
}
