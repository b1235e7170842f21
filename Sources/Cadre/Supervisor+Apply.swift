import ControlGroups
import Logging
import Reactor
public import Specification
import Supervision
import Systemd

/// Changes of what is to run, by the specification.
extension Supervisor {
    /// What ``apply(rights:)`` would change: how the specification as it is written now differs from what runs, changes by
    /// ``scale(_:rights:)`` and ``limit(_:_:force:rights:)`` included.
    ///
    /// - Throws: what is wrong with the specification, or that there is nothing to read.
    public func plan() throws -> Plan {
        try requireRunning()
        return plan(to: try read())
    }

    /// Reads the specification again and changes what runs to it (see ``apply(_:rights:)``); if it's wrong nothing changes.
    ///
    /// - Parameter rights: which services it may change; with less than all, nothing outside of services.
    /// - Throws: what is wrong with the specification, or that there is nothing to read. It has been logged.
    /// - Returns: what changes, and the order by whose outcome all is changed.
    @discardableResult
    public func apply(rights: ServiceRights = .all) throws -> (plan: Plan, order: Order) {
        manager.reloading()
        defer { manager.ready() }
        do {
            try requireRunning()
            return try apply(try read(), rights: rights)
        } catch {
            events.log(.error, .reloadRejected, "reload rejected, nothing is changed: \(error)")
            throw error
        }
    }

    private func plan(to new: Specification) -> Plan {
        var plan = Plan(from: specification, to: new, cpus: availableProcessors())
        // Some workers may run what a roll-out that was stopped has left behind.
        for index in plan.services.indices where fleet.isLeftBehind(plan.services[index].name) {
            let action = plan.services[index].action
            guard action == .untouched || action == .change else { continue }
            plan.services[index].action = .change
            plan.services[index].replacesWorkers = true
        }
        return plan
    }

    private func read() throws -> Specification {
        guard let read = options.reload else {
            throw CommandError.conflict(
                "this supervisor was given its services directly, there is no file to read again")
        }
        return try read()
    }

    /// Changes what runs to `new`: adds and stops services, starts and stops workers, and changes limits and policies
    /// while workers run. Where that can't be, workers are replaced by a roll-out. What is the same stays untouched.
    ///
    /// - Throws: ``CommandError`` if a limit cannot be changed, or what `Options.prepare` throws; then nothing changes.
    @discardableResult
    public func apply(
        _ new: Specification, rights: ServiceRights = .all
    ) throws -> (plan: Plan, order: Order) {
        try requireRunning()
        let plan = plan(to: new)
        try rights.require(plan)
        let planned = Dictionary(uniqueKeysWithValues: plan.services.map { ($0.name, $0) })
        // What may fail comes first.
        let commit = try options.prepare?(new)
        let changed = new.services.filter { planned[$0.name]?.action == .change }
        do {
            try setLimits(changed.map { ($0.name, $0.limits) })
        } catch {
            commit?(false)
            throw error
        }
        commit?(true)
        specification = new
        unwritten.specification = true
        // What is not done by the time this supervisor dies is done by the one that follows.
        writeState()
        var scope = Scope()
        let former = latestRollouts(of: plan.services.map(\.name))
        for service in plan.services where service.action == .remove {
            scope.add(service, workers: fleet.workers(of: service.name) ?? [])
        }
        removeAll(plan.services.filter { $0.action == .remove }.map(\.name))
        let different = new.services.filter { planned[$0.name]?.action ?? .untouched != .untouched }
        for service in different {
            if let plan = planned[service.name] { scope.add(plan, workers: fleet.workers(of: service.name) ?? []) }
        }
        configureInOrder(different, of: new.services) { service in
            configure(service, replacesWorkers: planned[service.name]?.replacesWorkers ?? false)
        }
        // One may have failed already.
        let rollouts = latestRollouts(of: plan.services.map(\.name)).filter { former[$0.key] != $0.value }
        let order = note(scope, rollouts)
        events.log(.notice, .reloaded, "reloaded: \(plan.summary)")
        return (plan, order)
    }

    // MARK: By command

    /// Changes how many workers services have; it holds until a specification is applied that says otherwise.
    ///
    /// - Parameters:
    ///   - counts: by the names of services, or patterns for them.
    ///   - rights: whose services may be concerned.
    /// - Throws: ``CommandError`` if there is no such service or no such count; then nothing changes.
    @discardableResult
    public func scale(
        _ counts: [String: CountChange], rights: ServiceRights = .all
    ) throws(CommandError) -> Order {
        try requireRunning()
        var planned: [String: Int] = [:]
        for (name, change) in counts.sorted(by: { $0.key < $1.key }) {
            for service in try services(matching: [name]) {
                let current = fleet.wanted(of: service) ?? 0
                do throws(FormatError) {
                    let count = try change.applied(to: current, cpus: availableProcessors())
                    try specification.requirePorts(for: service, workers: count, cpus: availableProcessors())
                    guard planned.updateValue(count, forKey: service) == nil else {
                        throw FormatError("it is named more than once")
                    }
                } catch {
                    throw .invalid("\(service): \(error)")
                }
            }
        }
        try rights.require(planned.keys)
        var scope = Scope()
        var changed: [ServiceSpecification] = []
        for (name, count) in planned.sorted(by: { $0.key < $1.key }) {
            let current = fleet.wanted(of: name) ?? 0
            guard count != current, var service = specified(name) else { continue }
            service.workers = .count(count)
            replaceSpecification(of: service)
            scope.add(name, from: current, to: count)
            changed.append(service)
            events.log(.notice, .scaled, "\(name) has \(count) workers now, after \(current)", service: name)
        }
        configureInOrder(changed, of: specification.services) { configure($0, replacesWorkers: false) }
        return note(scope)
    }

    /// Changes the limits of services while their workers run; it holds until a specification is applied that says
    /// otherwise.
    ///
    /// - Parameters:
    ///   - names: the services, or patterns for them.
    ///   - change: what becomes of the limits.
    ///   - rights: whose services may be concerned.
    ///   - force: whether `memory.max` may be set below what a worker holds, so that the kernel kills it.
    /// - Returns: the names of the services that are meant.
    /// - Throws: ``CommandError``; then nothing changes.
    @discardableResult
    public func limit(
        _ names: [String], _ change: LimitChange, force: Bool = false, rights: ServiceRights = .all
    ) throws(CommandError) -> [String] {
        try requireRunning()
        let names = try services(matching: names)
        try rights.require(names)
        var limits: [(String, ResourceLimits)] = []
        for name in names {
            guard let service = specified(name) else { continue }
            do throws(LimitChangeError) {
                limits.append((name, try change.applied(to: service.limits)))
            } catch {
                throw .invalid("\(name): \(error)")
            }
        }
        if !force { for (name, limits) in limits { try requireRoom(for: limits, in: name) } }
        try setLimits(limits)
        for (name, limits) in limits {
            guard var service = specified(name), service.limits != limits else { continue }
            service.limits = limits
            replaceSpecification(of: service)
            events.log(.notice, .limited, "\(name) has other limits now", service: name)
        }
        return names
    }

    /// The services that names or patterns stand for, sorted.
    private func services(matching names: [String]) throws(CommandError) -> [String] {
        var services: Set<String> = []
        // The fleet knows none that has no workers.
        let all = Set(fleet.serviceNames).union(specification.services.map(\.name)).sorted()
        for name in names {
            let pattern: NamePattern
            do throws(NamePatternError) { pattern = try NamePattern(name) } catch { throw .invalid("\(error)") }
            let found = all.filter { (fleet.wanted(of: $0) ?? 0) > 0 || specified($0) != nil }
                .filter(pattern.matches(service:))
            if found.isEmpty {
                throw .unknown(UnknownNameError(name: name, services: all))
            }
            services.formUnion(found)
        }
        return services.sorted()
    }

    // MARK: Steps

    /// The workers that a change concerns.
    struct Scope {
        var workers: [WorkerID] = []
        /// Those of them that are to go.
        var leaving: Set<WorkerID> = []
        /// The last incarnation of each that is to be replaced.
        var ended: [WorkerID: UInt64] = [:]

        mutating func add(_ plan: ServicePlan, workers present: [WorkerMachine]) {
            // Some may be on their way out since an earlier change.
            add(plan.name, from: max(plan.workersBefore, present.count), to: plan.workersAfter)
            guard plan.replacesWorkers else { return }
            for number in 0..<min(plan.workersBefore, plan.workersAfter) where number < present.count {
                ended[WorkerID(service: plan.name, number: number)] = present[number].lastNumber
            }
            workers = Set(workers).union(ended.keys).sorted()
        }

        mutating func add(_ service: String, from old: Int, to new: Int) {
            let ids = (min(old, new)..<max(old, new)).map { WorkerID(service: service, number: $0) }
            workers += ids
            if new < old { leaving.formUnion(ids) }
        }
    }

    private func note(_ scope: Scope, _ rollouts: [String: Order.Rollout] = [:]) -> Order {
        let order = orders.note(
            scope.workers, .running, ended: scope.ended, leaving: scope.leaving,
            rollouts: rollouts)
        touched.formUnion(scope.workers)
        noteProgress()
        return order
    }

    /// What a service is specified to be; nil for one that is on its way out.
    func specified(_ name: String) -> ServiceSpecification? { specification.services.first { $0.name == name } }

    func replaceSpecification(of service: ServiceSpecification) {
        keep(service)
        guard let index = specification.services.firstIndex(where: { $0.name == service.name }) else { return }
        specification.services[index] = service
        unwritten.specification = true
        setSpecification(service)
    }

    private func setSpecification(_ specification: ServiceSpecification) {
        guard let service = services[specification.name] else { return }
        service.specification = specification
        unwritten.services.insert(specification.name)
    }

    func configure(_ service: ServiceSpecification, replacesWorkers: Bool) {
        if !knowsAll { setAside(service.name) }
        // There may be one that was removed a moment ago and is still on its way out.
        if !replacesWorkers, let former = services[service.name]?.specification,
            former.healthProbe != service.healthProbe
        {
            changeHealthProbe(of: service.name, to: service.healthProbe)
        }
        setSpecification(service)
        keep(service)
        adjustSockets(of: service)
        let count = service.workers.resolved(cpus: availableProcessors())
        // The fleet forgets a service that has no workers.
        fleet.setDependencies(service.dependencies, of: service.name)
        let actions = fleet.configure(
            service.name, policy: service.policy, revision: service.digest, count: count,
            replacesWorkers: replacesWorkers, startsAsleep: service.isOnDemand, at: Reactor.now)
        for number in (fleet.workers(of: service.name) ?? []).indices {
            noteWish(for: WorkerID(service: service.name, number: number))
        }
        perform(actions)
        noteDemand(of: service)
        forgetRevisions(of: service.name)
    }
}
