/// The order in which services start and stop.
///
/// A worker that is told to start while what its service depends on isn't there yet is held, see
/// ``WorkerMachine/hold``. Only starts from nothing are: one that ended is restarted at once, and one that is replaced
/// has its successor, however its service's dependencies are at that time. A worker that is told to stop while workers
/// that depend on it are stopping goes on until those are gone.
extension Fleet {
    /// A command to stop that has to wait for others' end.
    enum Postponement: Hashable, Sendable, Codable {
        case stop
        case remove

        var input: WorkerInput {
            switch self {
            case .stop: .stop
            case .remove: .remove
            }
        }
    }

    // MARK: Questions

    /// Services in an order in which each comes after those it depends on.
    public func inStartOrder(_ services: [String]) -> [String] { order.sorted(services) }

    /// Workers in an order in which each comes after those it depends on.
    public func inStartOrder(_ workers: [WorkerID]) -> [WorkerID] {
        guard !order.isEmpty else { return workers }
        let byService = Dictionary(grouping: workers, by: \.service)
        return order.sorted(Array(byService.keys)).flatMap { byService[$0] ?? [] }
    }

    /// What the longest chain of services that wait for each other takes to stop: the time, if each has the given one,
    /// and how many services it has.
    public func longestStop(_ times: [String: Duration]) -> (time: Duration, services: Int) {
        let chain = order.heaviestChain(times)
        return (chain.sum, chain.count)
    }

    /// The workers that must be started for these to start: those of services that theirs require, if only by way of
    /// others, and that are stopped or have failed. They come in start order.
    public func down(requiredBy workers: [WorkerID]) -> [WorkerID] {
        guard !order.isEmpty else { return [] }
        var found: Set<String> = []
        var queue = Set(workers.map(\.service)).sorted()
        while let service = queue.popLast() {
            for dependency in order.dependencies(of: service) where dependency.isRequired {
                if found.insert(dependency.service).inserted { queue.append(dependency.service) }
            }
        }
        return order.sorted(Array(found)).flatMap { service in
            workersWanted(of: service).filter { id in
                guard !workers.contains(id), let worker = worker(id) else { return false }
                return worker.goal != .running || worker.rest == .failed || isToStop(id)
            }
        }
    }

    /// The workers that must be stopped with these: those of services that require, if only by way of others, one of
    /// which nothing is left to run. What has completed isn't needed any more. They come in start order.
    public func up(requiring workers: [WorkerID]) -> [WorkerID] {
        guard !order.isEmpty else { return [] }
        var stopping = Set(workers)
        var found: [String] = []
        var queue = Set(workers.map(\.service)).sorted()
        while let service = queue.popLast() {
            guard order.hasDependents(service), workersWanted(of: service).allSatisfy({ isDown($0, or: stopping) })
            else { continue }
            for dependent in order.dependents(of: service) where !found.contains(dependent) {
                let dependency = order.dependencies(of: dependent).first { $0.service == service }
                guard let dependency, dependency.isRequired, dependency.condition != .completed else { continue }
                found.append(dependent)
                stopping.formUnion(workersWanted(of: dependent))
                queue.append(dependent)
            }
        }
        return order.sorted(found).flatMap { service in
            workersWanted(of: service).filter { !workers.contains($0) && !isDown($0, or: []) }
        }
    }

    private func isDown(_ id: WorkerID, or stopping: Set<WorkerID>) -> Bool {
        stopping.contains(id) || worker(id)?.goal != .running || isToStop(id)
    }

    private func workersWanted(of service: String) -> [WorkerID] {
        (0..<(wanted(of: service) ?? 0)).map { WorkerID(service: service, number: $0) }
    }

    /// Whether a worker was told to stop, and goes on until those are gone that depend on it.
    public func isToStop(_ id: WorkerID) -> Bool { postponed[id.service]?[id.number] != nil }

    // MARK: Changes

    /// Says what a service comes after; to be called before the service is configured with workers that are to wait.
    public mutating func setDependencies(_ dependencies: [Dependency], of service: String) {
        guard order.dependencies(of: service) != dependencies.sorted(by: { $0.service < $1.service }) else { return }
        order.set(dependencies, of: service)
        noteMove(service)
        // It may be held no more for what it doesn't depend on any more.
        if workers(of: service)?.contains(where: { $0.hold != nil }) == true { held.insert(service) }
    }

    /// Tells several workers the same before anything comes of it: those that depend on others are started after them,
    /// and stopped before them.
    public mutating func handle(_ ids: [WorkerID], _ input: WorkerInput, at now: Duration) -> [FleetAction] {
        let sorted = inStartOrder(ids)
        for id in input == .stop ? sorted.reversed() : sorted where input != .start || isWanted(id) {
            tell(id, input, at: now)
        }
        for service in Set(ids.map(\.service)).sorted() { settle(service, at: now) }
        return takeActions(at: now)
    }

    private func isWanted(_ id: WorkerID) -> Bool { id.number < (wanted(of: id.service) ?? 0) }

    /// Lets go on what has nothing to wait for since ``setDependencies(_:of:)``.
    public mutating func reconsiderOrder(at now: Duration) -> [FleetAction] { takeActions(at: now) }

    /// Stops at once whatever goes on until others are gone.
    public mutating func stopPostponed(at now: Duration) -> [FleetAction] {
        for service in postponed.keys.sorted() { stopPostponed(of: service, at: now) }
        return takeActions(at: now)
    }

    // MARK: Steps

    /// Whether a worker must not be told this yet. It is told later, then.
    mutating func postpones(_ id: WorkerID, _ input: WorkerInput) -> Bool {
        let postponement: Postponement
        switch input {
        case .stop: postponement = postponed[id.service]?[id.number] == .remove ? .remove : .stop
        case .remove: postponement = .remove
        case .start:
            // The latest command counts.
            withdraw(id)
            return false
        case .sleep, .replace, .kill, .freeze, .thaw, .reset, .hold, .takeOver, .giveUp, .policyChanged, .spawned,
            .spawnFailed, .ready, .stopping,
            .watchdog,
            .watchdogTrigger, .extendTimeout, .memoryHigh, .healthPolicyChanged, .probed, .unhealthy, .leaderExited,
            .gone, .deadline:
            return false
        }
        // Of what does not run nobody has a use.
        guard order.hasDependents(id.service), worker(id)?.runs == true, mustOutlast(id.service) else {
            withdraw(id)
            return false
        }
        postponed[id.service, default: [:]][id.number] = postponement
        noteMove(id.service)
        return true
    }

    /// Forgets that a worker is to stop.
    mutating func withdraw(_ id: WorkerID) {
        guard postponed[id.service]?.removeValue(forKey: id.number) != nil else { return }
        if postponed[id.service]?.isEmpty == true { postponed[id.service] = nil }
    }

    /// Whether workers that depend on this service are on their way down.
    private func mustOutlast(_ service: String) -> Bool {
        order.dependents(of: service).contains { dependent in
            postponed[dependent] != nil || workers(of: dependent)?.contains(where: \.isGoingDown) == true
        }
    }

    /// What keeps a worker of a service from being started at present.
    mutating func gate(of service: String) -> Hold? {
        if let known = gates[service] { return known }
        let causes = order.dependencies(of: service).compactMap(cause)
        let gate = causes.isEmpty ? nil : Hold(causes: causes)
        gates.updateValue(gate, forKey: service)
        return gate
    }

    /// Notes that something about a service has changed, or may have.
    mutating func noteMove(_ service: String) {
        moved.insert(service)
        gates.removeAll()
    }

    /// A service without workers keeps nobody waiting.
    private func cause(_ dependency: Dependency) -> Hold.Cause? {
        var isComing = false
        var obstacle: Hold.Obstacle?
        for worker in workers(of: dependency.service)?.prefix(wanted(of: dependency.service) ?? 0) ?? [] {
            switch worker.progress(toward: dependency.condition) {
            case .there: break
            case .coming:
                isComing = true
                // For who comes after it, that is all there is to know.
                if !dependency.isRequired { return Hold.Cause(dependency: dependency, obstacle: nil) }
            case .never(let reason): obstacle = obstacle ?? reason
            }
        }
        if dependency.isRequired, isComing || obstacle != nil {
            return Hold.Cause(dependency: dependency, obstacle: obstacle)
        }
        return nil
    }

    /// Lets go on what waited for a change that has happened.
    mutating func settleOrder(at now: Duration) {
        gates.removeAll()
        while let service = moved.min() {
            moved.remove(service)
            for waiting in held.sorted() {
                guard waiting == service || order.dependencies(of: waiting).contains(where: { $0.service == service })
                else { continue }
                reconsider(waiting, at: now)
            }
            for waiting in postponed.keys.sorted() where !mustOutlast(waiting) { stopPostponed(of: waiting, at: now) }
        }
    }

    private mutating func reconsider(_ service: String, at now: Duration) {
        let gate = gate(of: service)
        for (number, worker) in (workers(of: service) ?? []).enumerated()
        where worker.hold != nil && worker.hold != gate {
            tell(WorkerID(service: service, number: number), .hold(gate), at: now)
        }
        if gate == nil || workers(of: service)?.contains(where: { $0.hold != nil }) != true { held.remove(service) }
    }

    private mutating func stopPostponed(of service: String, at now: Duration) {
        guard let workers = postponed.removeValue(forKey: service) else { return }
        for (number, postponement) in workers.sorted(by: { $0.key > $1.key }) {
            tellAtOnce(WorkerID(service: service, number: number), postponement.input, at: now)
        }
        settle(service, at: now)
    }
}

extension WorkerMachine {
    /// How far a worker is on the way to what others wait for.
    enum Progress: Hashable {
        case there
        case coming
        case never(Hold.Obstacle)
    }

    /// How far it is on the way to a condition.
    func progress(toward condition: StartCondition) -> Progress {
        // Who connects wakes it, and waits for it.
        if goal == .asleep { return condition == .completed ? .never(.stopped) : .there }
        if goal != .running { return .never(.stopped) }
        switch rest {
        case .done: return .there
        case .failed: return .never(.failed)
        case .none: break
        }
        if let hold { return hold.isBlocked ? .never(.blocked) : .coming }
        let isThere =
            switch condition {
            case .started: current?.isExecuted == true
            case .ready: current?.phase == .ready
            case .completed: false
            }
        return isThere ? .there : .coming
    }

    /// Whether anything of it is left.
    var runs: Bool { current != nil || successor != nil || !retiring.isEmpty }

    /// Whether it is wanted no more and something of it is left that may still end. What hangs in the kernel keeps nobody
    /// waiting.
    var isGoingDown: Bool {
        goal != .running && !(([current, successor].compactMap { $0 } + retiring).allSatisfy(\.isStuck))
    }
}

extension WorkerInput {
    /// Whether it may start a worker of which nothing runs.
    var mayStart: Bool {
        switch self {
        case .start, .reset, .replace: true
        case .stop, .sleep, .remove, .kill, .freeze, .thaw, .hold, .takeOver, .giveUp, .policyChanged, .spawned,
            .spawnFailed, .ready, .stopping, .watchdog,
            .watchdogTrigger, .extendTimeout, .memoryHigh, .healthPolicyChanged, .probed, .unhealthy, .leaderExited,
            .gone, .deadline:
            false
        }
    }
}
