import HeapModule
package import Supervision

/// A world for a fleet: the kernel, the programs, the operator and the supervisor around it, as a scenario has them. Time
/// passes in leaps from one event to the next, and after each of them everything that must hold is checked.
package struct World {
    /// One execution of a worker.
    struct Key: Hashable {
        let worker: WorkerID
        let number: UInt64
    }

    /// What is going to happen.
    struct Scheduled: Comparable {
        enum What {
            /// A process, the kernel or a probe has news. Late news was sent before its incarnation was gone.
            case input(WorkerID, WorkerInput, isLate: Bool)
            case deadline(WorkerID, WorkerDeadline)
            case disturbance(Disturbance)
            case supervisorReturns
        }

        let at: Duration
        /// What was asked for first happens first.
        let sequence: UInt64
        let what: What

        static func < (a: Scheduled, b: Scheduled) -> Bool { (a.at, a.sequence) < (b.at, b.sequence) }
        static func == (a: Scheduled, b: Scheduled) -> Bool { a.sequence == b.sequence }
    }

    struct ArmedDeadline {
        let at: Duration
        let sequence: UInt64
    }

    let scenario: Scenario
    var fleet: Fleet
    var now = Duration.seconds(1)
    /// What came of it so far.
    package var tally = Tally()

    var processes: [Key: SimulatedProcess] = [:]
    var armed: [WorkerID: [WorkerDeadline: ArmedDeadline]] = [:]
    /// The probes that are under way.
    var probed: [Key: ProbeKind] = [:]
    /// Until when nothing can be executed.
    var exhaustedUntil = Duration.zero
    /// The releases that never become ready.
    var badRevisions: Set<String> = []
    /// What each worker's restarts ought to be.
    var accounts: [WorkerID: RestartAccount] = [:]
    /// How many successors each service was allowed since it last had none.
    var allowances: [String: Int] = [:]
    /// The services of a calm world that were all up once, from when on a roll-out may not take away too much.
    var isUp: Set<String> = []
    /// How many of a service's workers may be missing, likewise.
    var lacks: [String: Int] = [:]
    /// Whether the scenario is over, so that nothing more goes wrong.
    var isPeace = false
    /// What the supervisor that died has left.
    var remains: Remains?
    var executionsNow = 0
    var trace = Trace()
    let isTraced: Bool

    private var queue: Heap<Scheduled> = []
    private var sequence: UInt64 = 0
    private var pending: [FleetAction] = []
    private var isWorking = false

    init(_ scenario: Scenario, isTraced: Bool) {
        self.scenario = scenario
        self.isTraced = isTraced
        fleet = Fleet(seed: scenario.seed)
        for disturbance in scenario.disturbances {
            schedule(.disturbance(disturbance.disturbance), at: now + disturbance.at)
        }
    }

    // MARK: Time

    /// Lives through the scenario, then through the peace after it, and takes everything down.
    mutating func run() throws(Violation) {
        while let next = queue.min, next.at <= .seconds(1) + scenario.length { try advance() }
        isPeace = true
        try makePeace()
        try comeToOrder()
        if scenario.isCalm { try refuse() }
        try takeDown()
        tally.virtualTime = now
    }

    @discardableResult
    mutating func schedule(_ what: Scheduled.What, at: Duration) -> UInt64 {
        sequence += 1
        queue.insert(Scheduled(at: at, sequence: sequence, what: what))
        return sequence
    }

    /// Goes to the next event; false if there is none.
    @discardableResult
    mutating func advance() throws(Violation) -> Bool {
        while let next = queue.popMin() {
            if case .deadline(let worker, let deadline) = next.what {
                // It was disarmed, or armed for another time.
                guard armed[worker]?[deadline]?.sequence == next.sequence else { continue }
                armed[worker]![deadline] = nil
            }
            if next.at > now { (now, executionsNow) = (next.at, 0) }
            tally.events += 1
            try happen(next.what)
            if remains == nil { try check() }
            return true
        }
        return false
    }

    private mutating func happen(_ what: Scheduled.What) throws(Violation) {
        switch what {
        case .input(let worker, let input, let isLate): try happen(input, to: worker, isLate: isLate)
        case .deadline(let worker, let deadline): try tell(worker, .deadline(deadline))
        case .disturbance(let disturbance): try happen(disturbance)
        case .supervisorReturns: try supervisorReturns()
        }
    }

    // MARK: The driver's part

    /// Tells the fleet what happened to a worker, and does what it wants.
    mutating func tell(_ worker: WorkerID, _ input: WorkerInput) throws(Violation) {
        trace("\(worker)  ← \(input)")
        let before = fleet.worker(worker)
        let isLate = input.incarnation.map { number in before?.incarnations.contains { $0.number == number } != true }
        let actions = fleet.handle(worker, input, at: now)
        if isLate == true {
            try hold(
                actions.isEmpty && fleet.worker(worker) == before, "nothing late hits another incarnation",
                "\(worker) heeded \(input) of an incarnation that is gone: \(actions)")
        }
        account(for: worker, input, before)
        try perform(actions)
    }

    /// Does what the fleet wants, in order; what comes of it is done behind it.
    mutating func perform(_ actions: [FleetAction]) throws(Violation) {
        pending += actions
        guard !isWorking else { return }
        isWorking = true
        defer { isWorking = false }
        var done = 0
        while done < pending.count {
            let next = pending[done]
            done += 1
            trace("    → \(next)")
            try perform(next)
        }
        pending.removeAll(keepingCapacity: true)
    }

    mutating func arm(_ worker: WorkerID, _ deadline: WorkerDeadline, at: Duration) {
        let sequence = schedule(.deadline(worker, deadline), at: at)
        armed[worker, default: [:]][deadline] = ArmedDeadline(at: at, sequence: sequence)
    }

    /// Keeps a sentence of what happens now for those who look for the reason of a violation.
    mutating func trace(_ sentence: @autoclosure () -> String) {
        if isTraced { trace.note("\(now.clock)  \(sentence())") }
    }

    func hold(_ condition: Bool, _ rule: String, _ what: @autoclosure () -> String) throws(Violation) {
        if !condition { throw Violation(rule: rule, what: what(), at: now) }
    }
}

/// What a world has seen.
package struct Tally: Hashable, Sendable {
    package var events = 0
    package var executions = 0
    package var ends: [EndReason: Int] = [:]
    package var rolloutsDone = 0
    package var rolloutsFailed = 0
    package var supervisorDeaths = 0
    package var failures = 0
    package var virtualTime = Duration.zero

    package init() {}

    package static func += (a: inout Tally, b: Tally) {
        a.events += b.events
        a.executions += b.executions
        a.ends.merge(b.ends, uniquingKeysWith: +)
        a.rolloutsDone += b.rolloutsDone
        a.rolloutsFailed += b.rolloutsFailed
        a.supervisorDeaths += b.supervisorDeaths
        a.failures += b.failures
        a.virtualTime += b.virtualTime
    }
}

extension WorkerInput {
    /// The incarnation that it concerns; nil for what concerns the worker.
    var incarnation: UInt64? {
        switch self {
        case .start, .stop, .remove, .replace, .kill, .freeze, .thaw, .reset, .hold, .sleep, .takeOver, .giveUp,
            .policyChanged, .healthPolicyChanged:
            nil
        case .spawned(let number), .spawnFailed(let number, _), .ready(let number), .stopping(let number),
            .watchdog(let number), .watchdogTrigger(let number), .extendTimeout(let number, _),
            .memoryHigh(let number), .unhealthy(let number), .probed(let number, _, _), .leaderExited(let number, _),
            .gone(let number, _, _):
            number
        case .deadline(let deadline): deadline.incarnation
        }
    }
}

extension WorkerDeadline {
    /// The incarnation that it concerns; nil for what concerns the worker.
    var incarnation: UInt64? {
        switch self {
        case .restart: nil
        case .phase(let number), .watchdog(let number), .probe(let number), .age(let number): number
        }
    }
}
