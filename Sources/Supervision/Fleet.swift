/// What a fleet wants done.
public enum FleetAction: Hashable, Sendable {
    /// Something for one of its workers.
    case worker(WorkerID, WorkerAction)
    /// Forget a worker that is wanted no more; nothing of it is left.
    case forgetWorker(WorkerID)
    /// Forget a service that is wanted no more; nothing of it is left.
    case forgetService(String)
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
}

/// All services and their workers: the life of each, what changes a new specification makes, and how all are doing.
///
/// A pure value, like ``WorkerMachine``.
public struct Fleet: Sendable {
    struct Service: Hashable, Sendable, Codable {
        var policy: WorkerPolicy
        /// How many workers are wanted; there may be more on their way out. A worker's number is its index.
        var wanted = 0
        var workers: [WorkerMachine] = []
        /// The workers that are to be replaced, in that order: they run an outdated specification, or somebody wishes
        /// so.
        var queue: [Wish] = []
        /// The one of them that is being replaced now.
        var replacing: Int?
        /// Whether its workers are down until somebody needs them.
        var isAsleep = false
    }

    /// That a worker be replaced.
    struct Wish: Hashable, Sendable, Codable {
        var number: Int
        var reason: EndReason
    }

    var services: [String: Service] = [:]
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
    private(set) var tally: [WorkerState: Int] = [:]
    private var comingUp = 0
    private var random: SeededRandom
    private var actions: [FleetAction] = []

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
        return service.replacing == id.number || service.queue.contains { $0.number == id.number }
            || service.workers[id.number].isBeingReplaced
    }

    // MARK: Changes

    /// Adds a service, or changes one to what is given here.
    ///
    /// - Parameters:
    ///   - count: How many workers it is to have. Those too many are stopped, those missing are started.
    ///   - replacesWorkers: Whether those that run are outdated: they are replaced one after another, each when its
    ///     predecessor's successor is ready. Otherwise they stay as they are.
    ///   - startsAsleep: Whether the workers of a service that is added are not started before ``wake(_:at:)``.
    public mutating func configure(
        _ service: String, policy: WorkerPolicy, count: Int, replacesWorkers: Bool, startsAsleep: Bool = false,
        at now: Duration
    ) -> [FleetAction] {
        var existing = 0..<0
        let healthBefore = services[service]?.policy.health
        if let old = services[service] {
            existing = 0..<min(old.wanted, count)
        } else {
            services[service] = Service(policy: policy, isAsleep: startsAsleep)
        }
        services[service]!.policy = policy
        services[service]!.wanted = count
        for number in services[service]!.workers.indices { services[service]!.workers[number].policy = policy }
        // Outdated ones keep to what they were started with, which is what they answer to.
        if !replacesWorkers, healthBefore != policy.health {
            for number in existing { tell(WorkerID(service: service, number: number), .healthPolicyChanged, at: now) }
        }
        while services[service]!.workers.count < count {
            services[service]!.workers.append(WorkerMachine(policy: policy, numberingAfter: lastForgottenNumber))
            tally[.stopped, default: 0] += 1
        }
        let isAsleep = services[service]!.isAsleep
        for number in existing.endIndex..<count {
            tell(WorkerID(service: service, number: number), isAsleep ? .sleep : .start, at: now)
        }
        for number in (count..<services[service]!.workers.count).reversed() {
            tell(WorkerID(service: service, number: number), .remove, at: now)
        }
        if replacesWorkers {
            services[service]!.queue = existing.map { Wish(number: $0, reason: .replaced) }
            services[service]!.replacing = nil
        } else {
            services[service]!.queue.removeAll { $0.number >= count }
            if let replacing = services[service]!.replacing, replacing >= count { services[service]!.replacing = nil }
        }
        settle(service, at: now)
        return takeActions(at: now)
    }

    /// Restarts workers: those that run are replaced one after another within a service, each when its predecessor's
    /// successor is ready; those that are down are started.
    public mutating func restart(_ ids: [WorkerID], at now: Duration) -> [FleetAction] {
        for id in ids {
            guard let service = services[id.service], id.number < service.wanted else { continue }
            withdraw(id)
            if service.workers[id.number].goal == .running {
                if !service.queue.contains(where: { $0.number == id.number }) {
                    services[id.service]!.queue.append(Wish(number: id.number, reason: .manual))
                }
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

    /// Whether any worker of a service sleeps.
    public func isAsleep(_ service: String) -> Bool {
        services[service]?.workers.contains { $0.goal == .asleep } == true
    }

    /// Stops a service and forgets it when nothing of it is left.
    public mutating func remove(_ service: String, at now: Duration) -> [FleetAction] {
        guard let policy = services[service]?.policy else { return [] }
        return configure(service, policy: policy, count: 0, replacesWorkers: false, at: now)
    }

    /// Tells a worker what happened. One that the fleet doesn't know is gone, and the news came too late.
    public mutating func handle(_ id: WorkerID, _ input: WorkerInput, at now: Duration) -> [FleetAction] {
        // One that is wanted no more must not be revived: it would never be forgotten.
        if input == .start, let service = services[id.service], id.number >= service.wanted { return [] }
        tell(id, input, at: now)
        settle(id.service, at: now)
        return takeActions(at: now)
    }

    /// Puts a service that an earlier fleet had in this one's place, with its workers.
    mutating func insert(_ service: Service, named name: String) {
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

    /// Goes on with the replacement of outdated workers, and forgets those that are wanted no more.
    mutating func settle(_ name: String, at now: Duration) {
        guard let service = services[name] else { return }
        if service.wanted > 0 { advanceReplacement(name, at: now) }
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

    private mutating func advanceReplacement(_ name: String, at now: Duration) {
        while let service = services[name] {
            if let number = service.replacing {
                let worker = service.workers[number]
                // One that can't start without a command must not keep the others waiting.
                if worker.goal == .running, worker.hold?.isBlocked != true {
                    switch worker.state {
                    case .waiting, .starting, .draining, .stopping, .killing: return
                    case .ready, .frozen, .failed, .done, .stopped, .asleep: break
                    }
                }
                guard !worker.isBeingReplaced else { return }
                services[name]!.replacing = nil
            }
            guard let wish = service.queue.first else { return }
            let (number, reason) = (wish.number, wish.reason)
            services[name]!.queue.removeFirst()
            guard number < service.wanted else { continue }
            services[name]!.replacing = number
            // It may be down, and then there's nothing to wait for.
            tell(WorkerID(service: name, number: number), .replace(reason), at: now)
        }
    }
}
