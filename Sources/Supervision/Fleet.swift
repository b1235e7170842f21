/// What a fleet wants done.
public enum FleetAction: Hashable, Sendable {
    /// Something for one of its workers.
    case worker(WorkerID, WorkerAction)
    /// Forget a worker that is wanted no more; nothing of it is left.
    case forgetWorker(WorkerID)
    /// Forget a service that is wanted no more; nothing of it is left.
    case forgetService(String)
    /// Tell the world about the roll-out of a service.
    case rollout(String, RolloutEvent)
}

/// How a fleet is doing.
public struct FleetSummary: Hashable, Sendable {
    /// How many services there are.
    public var services = 0
    /// How many workers there are, whatever their state.
    public var workers = 0
    /// How many of them are ready.
    public var ready = 0
    /// How many are down though they should run: their budget is spent or their policy doesn't restart them.
    public var failed = 0
    /// Whether no worker is on its way up: each is ready or will not be.
    public var isSettled = true

    package init(services: Int = 0, workers: Int = 0, ready: Int = 0, failed: Int = 0, isSettled: Bool = true) {
        self.services = services
        self.workers = workers
        self.ready = ready
        self.failed = failed
        self.isSettled = isSettled
    }
}

/// All services and their workers: the life of each, what changes a new specification makes, and how all are doing.
///
/// A pure value, like ``WorkerMachine``.
public struct Fleet: Sendable {
    var services: [String: FleetService] = [:]
    /// Which services start after which others, and stop before them.
    var order = StartOrder()
    /// The services of which a worker may be held.
    var held: Set<String> = []
    /// The workers that are told to stop when those are gone that depend on them.
    var postponed: [String: [Int: Postponement]] = [:]
    /// The services of which something has changed that others may wait for.
    var moved: Set<String> = []
    /// What keeps the workers of services from being started, as far as it was asked for since something changed.
    var gates: [String: Hold?] = [:]
    /// The highest number of an incarnation of a forgotten worker. One that comes back under its name goes on from
    /// there, so that nothing late can hit it.
    var lastForgottenNumber: UInt64 = 0
    /// What runs of workers although nobody told so, by the incarnation's number; see ``noteRunning(_:_:)``.
    var unexpected: [WorkerID: UInt64] = [:]
    private(set) var tally: [WorkerState: Int] = [:]
    private var comingUp = 0
    private var random: SeededRandom
    var actions: [FleetAction] = []

    /// A fleet without services, whose random waits follow from `seed`.
    public init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    // MARK: Questions

    /// How the fleet is doing.
    public var summary: FleetSummary {
        func count(_ states: WorkerState...) -> Int { states.reduce(0) { $0 + tally[$1, default: 0] } }
        return FleetSummary(
            services: services.count, workers: tally.values.reduce(0, +), ready: count(.ready),
            failed: count(.failed), isSettled: comingUp == 0)
    }

    /// Whether nothing runs and nothing is going to without a command.
    public var isDown: Bool {
        postponed.isEmpty && services.values.allSatisfy { $0.workers.allSatisfy(\.isDown) }
    }

    /// The names of the services, sorted.
    public var serviceNames: [String] { services.keys.sorted() }

    /// The workers of a service in the order of their numbers; nil if there is no such service.
    public func workers(of service: String) -> [WorkerMachine]? { services[service]?.workers }

    /// One worker, or nil if there is none of that name.
    public func worker(_ id: WorkerID) -> WorkerMachine? {
        guard let workers = services[id.service]?.workers, workers.indices.contains(id.number) else { return nil }
        return workers[id.number]
    }

    /// How many workers of a service are wanted; nil if there is no such service.
    public func wanted(of service: String) -> Int? { services[service]?.wanted }

    /// Whether a worker is being replaced, or is to be when its turn comes.
    public func isToBeReplaced(_ id: WorkerID) -> Bool {
        guard let service = services[id.service], service.workers.indices.contains(id.number) else { return false }
        return service.isToBeReplaced(id.number)
    }

    // MARK: Changes

    /// Adds a service, or changes one to what is given here.
    ///
    /// - Parameters:
    ///   - service: Its name.
    ///   - policy: How workers of that revision are supervised, those that run it already included.
    ///   - revision: Which specification this is.
    ///   - count: How many workers it is to have. Those too many are stopped, those missing are started.
    ///   - replacesWorkers: Whether those that run another revision are replaced by a roll-out, unless that is under
    ///     way already. Otherwise they stay as they are.
    ///   - startsAsleep: Whether the workers of a service that is added are not started before ``wake(_:at:)``.
    ///   - now: When it is.
    public mutating func configure(
        _ service: String, policy: WorkerPolicy, revision: String, count: Int, replacesWorkers: Bool,
        startsAsleep: Bool = false, at now: Duration
    ) -> [FleetAction] {
        var existing = 0..<0
        let healthBefore = services[service]?.policies[revision]?.health
        if let old = services[service] { existing = 0..<min(old.wanted, count) }
        // Nothing of it is to stay, so that there is nothing to replace either.
        if existing.isEmpty {
            for number in services[service]?.workers.indices ?? 0..<0 {
                services[service]!.workers[number].adopt(revision, policy)
            }
            var fresh = FleetService(revision: revision)
            fresh.isAsleep = services[service]?.isAsleep ?? startsAsleep
            fresh.workers = services[service]?.workers ?? []
            services[service] = fresh
        }
        services[service]!.policies[revision] = policy
        services[service]!.wanted = count
        services[service]!.keepBelow(count)
        for number in services[service]!.workers.indices where services[service]!.workers[number].revision == revision {
            services[service]!.workers[number].policy = policy
            guard existing.contains(number) else { continue }
            let id = WorkerID(service: service, number: number)
            tell(id, .policyChanged, at: now)
            if healthBefore != policy.health { tell(id, .healthPolicyChanged, at: now) }
        }
        if replacesWorkers, services[service]!.needsRollout(to: revision) {
            beginRollout(of: service, to: revision, at: now)
        }
        let inForce = services[service]!.revisionInForce
        while services[service]!.workers.count < count {
            services[service]!.workers.append(
                WorkerMachine(
                    policy: services[service]!.policyInForce, revision: inForce,
                    numberingAfter: lastNumber(of: WorkerID(service: service, number: services[service]!.workers.count))
                ))
            tally[.stopped, default: 0] += 1
        }
        let isAsleep = services[service]!.isAsleep
        for number in existing.endIndex..<count {
            let id = WorkerID(service: service, number: number)
            adopt(inForce, id)
            tell(id, isAsleep ? .sleep : .start, at: now)
            if !isAsleep { services[service]!.noteStart(of: number) }
        }
        for number in (count..<services[service]!.workers.count).reversed() {
            tell(WorkerID(service: service, number: number), .remove, at: now)
        }
        settle(service, at: now)
        return takeActions(at: now)
    }

    /// Restarts workers: those that run are replaced, those that are down are started.
    public mutating func restart(_ ids: [WorkerID], at now: Duration) -> [FleetAction] {
        for id in ids {
            guard let service = services[id.service], id.number < service.wanted else { continue }
            withdraw(id)
            if service.workers[id.number].goal == .running {
                note(ReplacementRequest(number: id.number, reason: .manual, incarnation: nil), of: id.service)
            } else {
                tell(id, .start, at: now)
            }
        }
        for name in Set(ids.map(\.service)).sorted() { settle(name, at: now) }
        return takeActions(at: now)
    }

    /// Stops those workers of a service that run until it is woken. What was stopped by command or has failed stays so.
    public mutating func sleep(_ service: String, at now: Duration) -> [FleetAction] {
        guard let workers = services[service]?.workers else { return [] }
        services[service]!.isAsleep = true
        for (number, worker) in workers.enumerated() where worker.goal == .running && worker.rest == .none {
            tell(WorkerID(service: service, number: number), .sleep, at: now)
        }
        settle(service, at: now)
        return takeActions(at: now)
    }

    /// Starts those workers of a service that sleep.
    public mutating func wake(_ service: String, at now: Duration) -> [FleetAction] {
        guard let workers = services[service]?.workers else { return [] }
        services[service]!.isAsleep = false
        for (number, worker) in workers.enumerated() where worker.goal == .asleep {
            tell(WorkerID(service: service, number: number), .start, at: now)
        }
        settle(service, at: now)
        return takeActions(at: now)
    }

    /// Whether workers that a service gets are not started before it is woken.
    public func startsAsleep(_ service: String) -> Bool { services[service]?.isAsleep == true }

    /// Whether any worker of a service sleeps.
    public func isAsleep(_ service: String) -> Bool {
        services[service]?.workers.contains { $0.goal == .asleep } == true
    }

    /// Stops a service and forgets it when nothing of it is left.
    public mutating func remove(_ service: String, at now: Duration) -> [FleetAction] {
        guard let known = services[service] else { return [] }
        return configure(
            service, policy: known.policyInForce, revision: known.revisionInForce, count: 0, replacesWorkers: false,
            at: now)
    }

    /// Tells a worker what happened. One that the fleet doesn't know is gone, and the news came too late.
    public mutating func handle(_ id: WorkerID, _ input: WorkerInput, at now: Duration) -> [FleetAction] {
        // One that is wanted no more must not be revived: it would never be forgotten.
        if input == .start, let service = services[id.service], id.number >= service.wanted { return [] }
        if let (reason, incarnation) = input.replacement {
            // It has to wait for its turn.
            note(ReplacementRequest(number: id.number, reason: reason, incarnation: incarnation), of: id.service)
        } else {
            tell(id, input, at: now)
        }
        settle(id.service, at: now)
        return takeActions(at: now)
    }

    /// Puts a service that an earlier fleet had in this one's place, with its workers.
    mutating func insert(_ service: FleetService, named name: String) {
        services[name] = service
        for worker in service.workers {
            tally[worker.state, default: 0] += 1
            comingUp += worker.isComingUp ? 1 : 0
        }
    }

    // MARK: Helpers

    mutating func takeActions(at now: Duration) -> [FleetAction] {
        settleOrder(at: now)
        defer { actions = [] }
        return actions
    }

    mutating func tell(_ id: WorkerID, _ input: WorkerInput, at now: Duration) {
        if !order.isEmpty, postpones(id, input) { return }
        tellAtOnce(id, input, at: now)
    }

    mutating func tellAtOnce(_ id: WorkerID, _ input: WorkerInput, at now: Duration) {
        guard let index = services.index(forKey: id.service),
            services.values[index].workers.indices.contains(id.number)
        else { return }
        if !order.isEmpty {
            if input.mayStart { services.values[index].workers[id.number].gate = gate(of: id.service) }
            noteMove(id.service)
        }
        let before = services.values[index].workers[id.number].state
        comingUp -= services.values[index].workers[id.number].isComingUp ? 1 : 0
        for action in services.values[index].workers[id.number].handle(input, at: now, using: &random) {
            actions.append(.worker(id, action))
        }
        if services.values[index].workers[id.number].hold != nil { held.insert(id.service) }
        let after = services.values[index].workers[id.number].state
        comingUp += services.values[index].workers[id.number].isComingUp ? 1 : 0
        if before != after {
            tally[before, default: 0] -= 1
            tally[after, default: 0] += 1
        }
    }

    /// Goes on with the replacement of workers, and forgets those that are wanted no more.
    mutating func settle(_ name: String, at now: Duration) {
        guard services[name] != nil else { return }
        if services[name]!.wanted > 0 { advanceReplacements(of: name, at: now) }
        while let service = services[name], service.workers.count > service.wanted, service.workers.last!.isOver {
            let worker = services[name]!.workers.removeLast()
            tally[worker.state, default: 0] -= 1
            lastForgottenNumber = max(lastForgottenNumber, worker.lastNumber)
            actions.append(.forgetWorker(WorkerID(service: name, number: services[name]!.workers.count)))
        }
        if services[name]!.wanted == 0 && services[name]!.workers.isEmpty {
            services[name] = nil
            order.set([], of: name)
            held.remove(name)
            actions.append(.forgetService(name))
        }
    }
}
