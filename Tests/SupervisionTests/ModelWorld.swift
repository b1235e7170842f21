@testable import Supervision

/// A world for a fleet: what kernel, programs and operator might do, by chance that follows from a seed, with a check
/// of everything that must hold at each step. Time passes in leaps from one event to the next.
struct ModelWorld {
    /// What must hold and doesn't.
    struct Violation: Error, CustomStringConvertible {
        let seed: UInt64
        let step: Int
        let what: String

        var description: String { "seed \(seed), step \(step): \(what)" }
    }

    private struct Key: Hashable {
        let worker: WorkerID
        let number: UInt64
    }

    /// An incarnation as the world sees it.
    private struct Process {
        enum Behaviour: CaseIterable { case serves, crashes, neverReady, hangsAtStop, leavesDescendants, touchesMemory }
        let behaviour: Behaviour
        var isSpawned = false
        var isTold = false
        var isLeaderGone = false
        var isFrozen = false
    }

    private struct Event {
        let at: Duration
        let worker: WorkerID
        let input: WorkerInput
        /// Not told to the fleet if its process is gone, as the world can't make it up.
        let isLate: Bool
    }

    let seed: UInt64
    private(set) var step = 0
    private(set) var spawnCount = 0
    private(set) var rolloutsDone = 0
    private(set) var rolloutsFailed = 0
    private var fleet: Fleet
    private var random: SeededRandom
    private var now = Duration.seconds(1)
    private var processes: [Key: Process] = [:]
    private var armed: [WorkerID: [WorkerDeadline: Duration]] = [:]
    private var events: [Event] = []
    /// The incarnations of which a probe is under way.
    private var probed: [Key: ProbeKind] = [:]
    private var spawnsNow = 0
    private let services = ["db", "job", "web"]

    init(seed: UInt64) {
        self.seed = seed
        fleet = Fleet(seed: seed)
        random = SeededRandom(seed: ~seed)
    }

    // MARK: Running

    /// Lives through so many steps, then takes everything down.
    mutating func run(steps: Int) throws {
        for _ in 0..<steps { try live() }
        for service in services { try perform(fleet.remove(service, at: now)) }
        var rest = 0
        while !fleet.serviceNames.isEmpty {
            rest += 1
            try hold(rest < 1000, "a removed service is not gone after 1000 events")
            try hold(try advance(), "a removed service is left and nothing is pending")
        }
        try hold(processes.isEmpty, "incarnations are left: \(processes.keys)")
        try hold(armed.values.allSatisfy { $0.isEmpty }, "deadlines are left: \(armed)")
        try hold(fleet.summary == FleetSummary(), "a tally is left: \(fleet.summary)")
    }

    private mutating func live() throws {
        if chance(0.03) {
            try command()
        } else if try !advance() {
            try command()
        }
    }

    private mutating func command() throws {
        step += 1
        let service = services.randomElement(using: &random)!
        let worker = WorkerID(service: service, number: Int.random(in: 0..<5, using: &random))
        switch Int.random(in: 0..<21, using: &random) {
        case 0...3:
            let policy = WorkerPolicy(
                type: service == "job" ? .oneshot : .service,
                readiness: chance(0.5) ? .notify : chance(0.5) ? .http : .exec, readyTimeout: .seconds(20),
                watchdog: chance(0.3) ? .seconds(3) : nil,
                health: service != "job" && chance(0.5)
                    ? HealthPolicy(interval: .seconds(2), failures: 2, startGrace: .seconds(1)) : nil,
                maxAge: chance(0.2) ? .seconds(30) : nil,
                restart: RestartPolicy(
                    condition: RestartPolicy.Condition.allCases.randomElement(using: &random)!,
                    delay: chance(0.1) ? .zero : .milliseconds(50), budget: 6),
                rollout: rolloutPolicy())
            let revision = chance(0.3) ? nil : ["good", "better", "bad"].randomElement(using: &random)!
            try perform(
                fleet.configure(
                    service, policy: policy, revision: revision ?? fleet.revisionInForce(of: service) ?? "good",
                    count: Int.random(in: 0..<5, using: &random), replacesWorkers: revision != nil,
                    startsAsleep: chance(0.2), at: now))
        case 4: try perform(fleet.remove(service, at: now))
        case 5: try tell(worker, .stop)
        case 6: try tell(worker, .replace(.replaced))
        case 7: try tell(worker, .kill)
        case 8, 9: try tell(worker, .freeze)
        case 10: try tell(worker, .thaw)
        case 11: try tell(worker, .reset)
        case 12: try perform(fleet.restart([worker, WorkerID(service: "web", number: 0)], at: now))
        case 13:
            let condition = StartCondition.allCases.randomElement(using: &random)!
            let dependencies =
                chance(0.3) ? [] : [Dependency(chance(0.5) ? "db" : "job", condition, isRequired: chance(0.5))]
            fleet.setDependencies(dependencies, of: "web")
            try perform(fleet.reconsiderOrder(at: now))
        case 14: try perform(fleet.sleep(service, at: now))
        case 15: try perform(fleet.wake(service, at: now))
        case 16: if let actions = try? fleet.pauseRollout(of: service, at: now) { try perform(actions) }
        case 17: if let actions = try? fleet.resumeRollout(of: service, at: now) { try perform(actions) }
        case 18: if let actions = try? fleet.undoRollout(of: service, at: now) { try perform(actions) }
        default: try tell(worker, .start)
        }
        try check()
    }

    private mutating func rolloutPolicy() -> RolloutPolicy {
        var policy = RolloutPolicy(
            strategy: chance(0.2) ? .blueGreen : .rolling, minReady: chance(0.3) ? .seconds(2) : .zero,
            failures: Int.random(in: 1...3, using: &random), onFailure: chance(0.5) ? .stop : .rollback)
        if chance(0.5) { policy.maxSurge = .count(Int.random(in: 0...2, using: &random)) }
        if chance(0.5) { policy.maxUnavailable = .percent(50) }
        if chance(0.3) { policy.parallel = 1 }
        return policy
    }

    /// Goes to the next event or deadline; false if there is none.
    private mutating func advance() throws -> Bool {
        let event = events.indices.min { events[$0].at < events[$1].at }
        let deadline = earliestDeadline
        guard event != nil || deadline != nil else { return false }
        step += 1
        let next = min(event.map { events[$0].at } ?? .seconds(1 << 40), deadline?.at ?? .seconds(1 << 40))
        if next > now { (now, spawnsNow) = (next, 0) }
        if let deadline, deadline.at <= now {
            armed[deadline.worker]![deadline.deadline] = nil
            try tell(deadline.worker, .deadline(deadline.deadline))
        } else if let event {
            try happen(events.remove(at: event))
        }
        try check()
        return true
    }

    private var earliestDeadline: (worker: WorkerID, deadline: WorkerDeadline, at: Duration)? {
        var earliest: (worker: WorkerID, deadline: WorkerDeadline, at: Duration)?
        for (worker, deadlines) in armed {
            for (deadline, at) in deadlines {
                if let other = earliest {
                    if at > other.at { continue }
                    // The order of a dictionary is another one in each process; what happens must not be.
                    if at == other.at, (other.worker, "\(other.deadline)") < (worker, "\(deadline)") { continue }
                }
                earliest = (worker, deadline, at)
            }
        }
        return earliest
    }

    private mutating func happen(_ event: Event) throws {
        if let number = event.input.number {
            let key = Key(worker: event.worker, number: number)
            guard let process = processes[key] else {
                if event.isLate { try tell(event.worker, event.input) }
                return
            }
            if case .leaderExited = event.input {
                if process.isLeaderGone { return }
                processes[key]!.isLeaderGone = true
            }
        }
        if case .probed(let number, let kind, _) = event.input {
            let key = Key(worker: event.worker, number: number)
            if probed[key] == kind { probed[key] = nil }
        }
        try tell(event.worker, event.input)
        if case .probed(let number, _, _) = event.input,
            fleet.worker(event.worker)?.isUnhealthy(number) == true
        {
            try tell(event.worker, .unhealthy(number))
        }
        // The same news may come twice, and late.
        if event.input.mayComeTwice && chance(0.2) { later(event.worker, event.input, in: 0...3, isLate: true) }
    }

    private mutating func tell(_ worker: WorkerID, _ input: WorkerInput) throws {
        try perform(fleet.handle(worker, input, at: now))
    }

    // MARK: The kernel's and the programs' part

    private mutating func perform(_ actions: [FleetAction]) throws {
        for action in actions {
            switch action {
            case .worker(let worker, let action): try perform(action, of: worker)
            case .forgetWorker(let worker):
                try hold(!processes.keys.contains { $0.worker == worker }, "\(worker) is forgotten and not gone")
                try hold(armed[worker, default: [:]].isEmpty, "\(worker) is forgotten with deadlines armed")
            case .forgetService(let service):
                try hold(!processes.keys.contains { $0.worker.service == service }, "\(service) is not gone")
            case .rollout(_, let event):
                switch event {
                case .done: rolloutsDone += 1
                case .stopped, .rollingBack: rolloutsFailed += 1
                case .started, .progress, .paused, .resumed, .rolledBack: break
                }
            }
        }
    }

    private mutating func perform(_ action: WorkerAction, of worker: WorkerID) throws {
        switch action {
        case .spawn(let number): try spawn(Key(worker: worker, number: number))
        case .signalLeader(let number), .abortLeader(let number), .signalAll(let number):
            let process = try process(worker, number, action)
            guard process.isSpawned, !process.isTold else { return }
            processes[Key(worker: worker, number: number)]!.isTold = true
            switch process.behaviour {
            case .hangsAtStop: break
            case .leavesDescendants:
                if !process.isLeaderGone { later(worker, .leaderExited(number, .code(0)), in: 0...2) }
            case .serves, .crashes, .neverReady, .touchesMemory:
                later(worker, .gone(number, .signal(15, coreDumped: false), isOutOfMemory: false), in: 0...12)
            }
        case .kill(let number):
            _ = try process(worker, number, action)
            // A process in an uninterruptible sleep keeps it waiting.
            later(
                worker, .gone(number, .signal(9, coreDumped: false), isOutOfMemory: false),
                in: 0...(chance(0.1) ? 25 : 1))
        case .freeze(let number):
            try hold(!(try process(worker, number, action).isFrozen), "\(worker)@\(number) is frozen twice")
            processes[Key(worker: worker, number: number)]!.isFrozen = true
        case .thaw(let number):
            try hold(try process(worker, number, action).isFrozen, "\(worker)@\(number) is thawed and not frozen")
            processes[Key(worker: worker, number: number)]!.isFrozen = false
        case .discard(let number):
            _ = try process(worker, number, action)
            processes[Key(worker: worker, number: number)] = nil
            let left = armed[worker, default: [:]].keys.filter { $0.number == number }
            try hold(
                probed[Key(worker: worker, number: number)] == nil, "\(worker)@\(number) is discarded and probed")
            try hold(left.isEmpty, "\(worker)@\(number) is discarded with deadlines armed: \(left)")
        case .arm(let deadline, let at):
            try hold(at > now, "\(worker) arms \(deadline) in the past")
            if let number = deadline.number { _ = try process(worker, number, action) }
            armed[worker, default: [:]][deadline] = at
        case .disarm(let deadline): armed[worker, default: [:]][deadline] = nil
        case .probe(let number, let kind):
            let process = try process(worker, number, action)
            try hold(!process.isFrozen, "\(worker)@\(number) is probed while frozen")
            try hold(
                probed.updateValue(kind, forKey: Key(worker: worker, number: number)) == nil,
                "\(worker)@\(number) has two probes")
            let passes = kind == .ready && process.behaviour == .neverReady ? 0 : 0.7
            later(worker, .probed(number, kind, passed: chance(passes)), in: 0...3)
        case .endProbe(let number):
            try hold(
                probed.removeValue(forKey: Key(worker: worker, number: number)) != nil,
                "a probe of \(worker)@\(number) is ended that isn't there")
        case .report: break
        }
    }

    private mutating func spawn(_ key: Key) throws {
        try hold(processes[key] == nil, "\(key) is spawned twice")
        (spawnCount, spawnsNow) = (spawnCount + 1, spawnsNow + 1)
        try hold(spawnsNow < 100, "100 spawns while no time passes")
        var process = Process(behaviour: Process.Behaviour.allCases.randomElement(using: &random)!)
        let (worker, number) = (key.worker, key.number)
        if fleet.revision(of: worker, number) == "bad", process.behaviour != .hangsAtStop {
            process = Process(behaviour: .neverReady)
            later(worker, .gone(number, .code(1), isOutOfMemory: false), in: 0...3)
        }
        if chance(0.1) {
            processes[key] = process
            events.append(
                Event(at: now, worker: worker, input: .spawnFailed(number, isExhaustion: chance(0.5)), isLate: false))
            return
        }
        process.isSpawned = true
        processes[key] = process
        events.append(Event(at: now, worker: worker, input: .spawned(number), isLate: false))
        switch process.behaviour {
        case .serves, .hangsAtStop: later(worker, .ready(number), in: 0...5)
        case .neverReady: break
        case .crashes:
            later(worker, .ready(number), in: 0...3)
            later(
                worker, .gone(number, .code(chance(0.3) ? 0 : 1), isOutOfMemory: chance(0.2)),
                in: 0...(chance(0.3) ? 200 : 4))
        case .leavesDescendants:
            later(worker, .ready(number), in: 0...3)
            later(worker, .leaderExited(number, .code(1)), in: 0...30)
        case .touchesMemory:
            later(worker, .ready(number), in: 0...3)
            for _ in 0..<5 { later(worker, .memoryHigh(number), in: 0...10) }
        }
        if chance(0.1) { later(worker, .stopping(number), in: 0...20) }
        if chance(0.1) { later(worker, .extendTimeout(number, .seconds(7)), in: 0...20) }
        if chance(0.05) { later(worker, .watchdogTrigger(number), in: 0...20) }
        for _ in 0..<Int.random(in: 0..<8, using: &random) { later(worker, .watchdog(number), in: 0...20) }
    }

    private mutating func later(
        _ worker: WorkerID, _ input: WorkerInput, in seconds: ClosedRange<Double>, isLate: Bool = false
    ) {
        let wait = Duration.milliseconds(1 + Int(1000 * Double.random(in: seconds, using: &random)))
        events.append(Event(at: now + wait, worker: worker, input: input, isLate: isLate))
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    // MARK: What must hold

    private func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Violation(seed: seed, step: step, what: what()) }
    }

    private func process(_ worker: WorkerID, _ number: UInt64, _ action: WorkerAction) throws -> Process {
        guard let process = processes[Key(worker: worker, number: number)] else {
            throw Violation(seed: seed, step: step, what: "\(worker): \(action) of what isn't there")
        }
        return process
    }

    private func check() throws {
        var recount = FleetSummary(services: fleet.serviceNames.count)
        var known = 0
        for service in fleet.serviceNames {
            for (number, machine) in fleet.workers(of: service)!.enumerated() {
                known += try check(machine, WorkerID(service: service, number: number))
                recount.workers += 1
                recount.ready += machine.state == .ready ? 1 : 0
                recount.failed += machine.state == .failed ? 1 : 0
                if machine.goal == .running && machine.hold?.isBlocked != true
                    && ![.ready, .frozen, .failed, .done].contains(machine.state)
                {
                    recount.isSettled = false
                }
            }
        }
        for service in fleet.serviceNames { try checkRollout(of: service) }
        try hold(known == processes.count, "\(processes.count) incarnations live, \(known) are known")
        try hold(recount == fleet.summary, "the summary is \(fleet.summary), a recount \(recount)")
    }

    /// What a machine says that it waits for is what is armed, as a supervisor that takes it over knows no more.
    private func checkDeadlines(_ machine: WorkerMachine, _ worker: WorkerID) throws {
        let (armed, said) = (armed[worker, default: [:]], machine.deadlines)
        for (deadline, at) in armed {
            guard let time = said[deadline] else {
                throw Violation(seed: seed, step: step, what: "\(worker) has \(deadline) armed and doesn't wait for it")
            }
            switch deadline {
            // It is armed anew only when it is due, and is never armed in the past.
            case .watchdog: try hold(at <= time, "\(worker) barks late: \(deadline)")
            case .age: try hold(at >= time, "\(worker) is too old too soon: \(deadline)")
            case .restart, .phase, .probe: try hold(at == time, "\(worker) has \(deadline) armed for another time")
            }
        }
        for (deadline, at) in said where armed[deadline] == nil {
            if case .age = deadline, at <= now { continue }
            throw Violation(seed: seed, step: step, what: "\(worker) waits for \(deadline), which isn't armed")
        }
    }

    private func checkRollout(of service: String) throws {
        let workers = fleet.workers(of: service)!
        let wanted = fleet.wanted(of: service)!
        for number in 0..<wanted where !fleet.isToBeReplaced(WorkerID(service: service, number: number)) {
            try hold(workers[number].successor == nil, "\(service)/\(number) has a successor that nobody wants")
        }
        guard let rollout = fleet.rollout(of: service) else { return }
        let underWay = fleet.workersUnderWay(of: service)
        try hold(
            rollout.isUnderWay == !(rollout.waiting.isEmpty && underWay.isEmpty) || wanted == 0,
            "the roll-out of \(service) is \(rollout.state), \(rollout.waiting) wait and \(underWay) are under way")
        try hold(
            Set(rollout.waiting).isDisjoint(with: underWay) && Set(rollout.waiting).count == rollout.waiting.count,
            "the roll-out of \(service) has workers twice")
        guard !rollout.isUnderWay else { return }
        for number in 0..<wanted {
            try hold(
                workers[number].revision == fleet.revisionInForce(of: service),
                "\(service)/\(number) would run \(workers[number].revision) though nothing is rolled out")
        }
    }

    /// How many incarnations the worker has.
    private func check(_ machine: WorkerMachine, _ worker: WorkerID) throws -> Int {
        try checkDeadlines(machine, worker)
        let incarnations = [machine.current, machine.successor].compactMap { $0 } + machine.retiring
        for incarnation in incarnations {
            let key = Key(worker: worker, number: incarnation.number)
            try hold(processes[key] != nil, "\(key) is known and not there")
            try hold(
                incarnation.isFrozen == processes[key]!.isFrozen || incarnation.phase == .killing,
                "\(key) is frozen or not as nobody knows")
            try hold(
                !incarnation.isFrozen || armed[worker]?[.watchdog(incarnation.number)] == nil,
                "\(key) is frozen, and its watchdog isn't")
            let isArmed = armed[worker]?[.phase(incarnation.number)] != nil
            switch incarnation.phase {
            case .stopping, .killing, .draining: try hold(isArmed, "\(key) is \(incarnation.phase) without a deadline")
            case .starting:
                let isAnswerDue = events.contains {
                    guard $0.worker == worker, $0.input.number == incarnation.number else { return false }
                    return switch $0.input {
                    case .spawned, .spawnFailed: true
                    default: false
                    }
                }
                try hold(
                    isArmed || isAnswerDue || worker.service == "job", "\(key) is starting without a deadline")
            case .ready:
                let isProbed = incarnation.probe != nil
                try hold(
                    isProbed == (incarnation.health != nil && !incarnation.isFrozen),
                    "\(key) is probed or not as it isn't")
            }
        }
        try hold(machine.successor == nil || machine.current != nil, "\(worker) has a successor of nothing")
        let hasRestart = armed[worker]?[.restart] != nil
        if machine.goal == .running && machine.state != .failed && machine.state != .done {
            try hold(
                !incarnations.isEmpty || hasRestart || machine.hold != nil,
                "\(worker) is to run, and nothing is pending")
        }
        if machine.goal != .running {
            try hold(
                machine.current == nil && machine.successor == nil && !hasRestart, "\(worker) goes on though stopped")
        }
        if machine.isBeingReplaced {
            try hold(
                machine.current != nil && (machine.successor != nil || hasRestart),
                "\(worker) is being replaced, and no successor is pending")
        }
        return incarnations.count
    }
}
