/// Roll-outs: how the workers of a service come from one specification to another.
extension Fleet {
    // MARK: Questions

    /// The latest roll-out of a service; nil if there was none.
    public func rollout(of service: String) -> Rollout? { services[service]?.rollout }

    /// The workers that are being replaced for the roll-out of a service at present, by their numbers.
    public func workersUnderWay(of service: String) -> [Int] {
        guard let service = services[service] else { return [] }
        return service.steps.filter(\.value.isOfRollout).keys.sorted()
    }

    /// The revision that the workers of a service run, or come to; nil if there is no such service.
    public func revisionInForce(of service: String) -> String? { services[service]?.revisionInForce }

    /// The revision that an incarnation of a worker runs; nil if nothing of it is left.
    public func revision(of id: WorkerID, _ number: UInt64) -> String? {
        worker(id)?.incarnations.first { $0.number == number }?.revision
    }

    /// How many workers of a service run which revision; those that are down count with what they would run.
    public func workersByRevision(of service: String) -> [String: Int] {
        guard let service = services[service] else { return [:] }
        return service.workers.prefix(service.wanted).reduce(into: [:]) { $0[$1.runningRevision, default: 0] += 1 }
    }

    /// The revision that a worker runs as others see it, or would run.
    public func runningRevision(of id: WorkerID) -> String? { worker(id)?.runningRevision }

    /// The revisions that anything of a service runs, or may come to run.
    public func revisions(of service: String) -> Set<String> { services[service]?.revisions ?? [] }

    /// Whether a service has workers that run another revision than the one in force, and nothing is done about it.
    public func isLeftBehind(_ service: String) -> Bool {
        guard let service = services[service], service.rollout?.isUnderWay != true else { return false }
        return service.workers.prefix(service.wanted).contains { $0.runningRevision != service.revisionInForce }
    }

    // MARK: Commands

    /// Lets no further worker be replaced for the roll-out of a service. What is under way goes on; a blue/green
    /// roll-out does not switch. Nor is a worker replaced for its age.
    public mutating func pauseRollout(of name: String, at now: Duration) throws(RolloutError) -> [FleetAction] {
        let rollout = try latestRollout(of: name)
        guard rollout.isUnderWay else { throw .state(rollout.state) }
        if rollout.isPaused { throw .isPaused(true) }
        services[name]!.rollout!.isPaused = true
        actions.append(.rollout(name, .paused))
        settle(name, at: now)
        return takeActions(at: now)
    }

    /// Lets a paused roll-out go on, and tries a stopped one again.
    public mutating func resumeRollout(of name: String, at now: Duration) throws(RolloutError) -> [FleetAction] {
        let rollout = try latestRollout(of: name)
        switch rollout.state {
        case .running, .rollingBack:
            guard rollout.isPaused else { throw .isPaused(false) }
            services[name]!.rollout!.isPaused = false
            actions.append(.rollout(name, .resumed))
        case .stopped: beginRollout(of: name, to: rollout.target, at: now)
        case .rolledBack, .done: throw .state(rollout.state)
        }
        settle(name, at: now)
        return takeActions(at: now)
    }

    /// Leads back to the revision before the latest roll-out, by another one.
    public mutating func undoRollout(of name: String, at now: Duration) throws(RolloutError) -> [FleetAction] {
        let rollout = try latestRollout(of: name)
        switch rollout.state {
        case .running, .stopped, .done: break
        case .rollingBack, .rolledBack: throw .state(rollout.state)
        }
        guard services[name]!.policies[rollout.former] != nil, rollout.former != rollout.target else {
            throw .formerIsUnknown
        }
        beginRollout(of: name, to: rollout.former, at: now)
        settle(name, at: now)
        return takeActions(at: now)
    }

    private func latestRollout(of name: String) throws(RolloutError) -> Rollout {
        guard let service = services[name], service.wanted > 0 else { throw .noService }
        guard let rollout = service.rollout else { throw .none }
        return rollout
    }

    // MARK: Beginning

    /// Begins a roll-out, which supersedes one that is under way.
    mutating func beginRollout(of name: String, to target: String, at now: Duration) {
        let service = services[name]!
        let count = min(service.wanted, service.workers.count)
        let strategy = service.policies[target]?.rollout.strategy ?? .rolling
        var waiting: [Int] = []
        // Those first whose replacement is interrupted.
        for number in service.steps.keys.sorted() + Array(0..<count) where number < count {
            let worker = service.workers[number]
            if worker.runningRevision != target, !waiting.contains(number) { waiting.append(number) }
        }
        for (number, step) in service.steps.sorted(by: { $0.key < $1.key }) {
            // One for another reason, within the revision that is wanted, goes on.
            if !step.isOfRollout && service.workers[number].revision == target { continue }
            giveUp(WorkerID(service: name, number: number), at: now)
        }
        for number in 0..<count {
            adopt(waiting.contains(number) ? service.revision : target, WorkerID(service: name, number: number))
        }
        services[name]!.rollout = Rollout(
            number: (service.rollout?.number ?? 0) + 1, strategy: strategy, target: target,
            former: service.revision != target ? service.revision : service.rollout?.target ?? target,
            waiting: waiting, startedAt: now)
        actions.append(
            .rollout(
                name,
                .started(from: services[name]!.rollout!.former, to: target, workers: waiting.count)))
    }

    /// From now on the worker's incarnations run that revision.
    mutating func adopt(_ revision: String, _ id: WorkerID) {
        guard let policy = services[id.service]?.policies[revision] else { return }
        services[id.service]!.workers[id.number].adopt(revision, policy)
    }

    /// Ends a step without its aim; what else it was to fulfil is wished for again.
    private mutating func giveUp(_ id: WorkerID, at now: Duration) {
        guard let step = services[id.service]!.steps.removeValue(forKey: id.number) else { return }
        services[id.service]!.requests += step.requests
        switch step.kind {
        case .surge, .held: tell(id, .giveUp, at: now)
        case .inPlace, .start: break
        }
    }

    // MARK: Going on

    /// Goes on with what is under way and begins what may begin.
    mutating func advanceReplacements(of name: String, at now: Duration) {
        while services[name]?.hasReplacements == true {
            var hasChanged = finishSteps(of: name, at: now)
            hasChanged = switchOver(name, at: now) || hasChanged
            hasChanged = beginSteps(of: name, at: now) || hasChanged
            hasChanged = endRollout(of: name, at: now) || hasChanged
            if !hasChanged { return }
        }
    }

    /// Ends the steps that got there or failed; whether there were any.
    private mutating func finishSteps(of name: String, at now: Duration) -> Bool {
        var hasChanged = false
        for number in services[name]!.steps.keys.sorted() {
            guard let step = services[name]!.steps[number] else { continue }
            let worker = services[name]!.workers[number]
            // What leads back to what is known to be good is tried for ever, as there is nothing better.
            if step.isOfRollout, let rollout = services[name]!.rollout, rollout.state == .running,
                rollout.target != services[name]!.revision, worker.hasFailed
            {
                failRollout(of: name, by: number, at: now)
                return true
            }
            guard number >= services[name]!.wanted || worker.isSettled else { continue }
            services[name]!.steps[number] = nil
            services[name]!.workers[number].isOnTrial = false
            hasChanged = true
            if step.isOfRollout, number < services[name]!.wanted { noteProgress(of: name, by: number) }
        }
        return hasChanged
    }

    private mutating func noteProgress(of name: String, by number: Int) {
        services[name]!.rollout!.done.append(number)
        let service = services[name]!
        let rollout = service.rollout!
        let left = rollout.waiting.count + service.steps.values.count(where: \.isOfRollout)
        actions.append(
            .rollout(
                name, .progress(worker: number, done: rollout.done.count, of: rollout.done.count + left)))
    }

    /// Lets successors that have waited for each other take over; whether there were any.
    private mutating func switchOver(_ name: String, at now: Duration) -> Bool {
        guard let service = services[name], let rollout = service.rollout, rollout.isMoving, rollout.waiting.isEmpty
        else { return false }
        let held = service.steps.filter { $0.value.kind == .held && service.workers[$0.key].isHeld }.keys.sorted()
        guard !held.isEmpty,
            service.steps.allSatisfy({ number, step in
                guard step.isOfRollout else { return true }
                let worker = service.workers[number]
                return worker.isHeld ? worker.successor?.isAvailable == true : worker.isSettled
            })
        else { return false }
        for number in held { tell(WorkerID(service: name, number: number), .takeOver, at: now) }
        return true
    }

    /// Whether a roll-out ended, as all workers are through.
    private mutating func endRollout(of name: String, at now: Duration) -> Bool {
        guard let service = services[name], let rollout = service.rollout, rollout.isUnderWay, rollout.waiting.isEmpty,
            !service.steps.values.contains(where: \.isOfRollout)
        else { return false }
        services[name]!.rollout!.endedAt = now
        services[name]!.rollout!.isPaused = false
        if rollout.state == .running {
            services[name]!.rollout!.state = .done
            services[name]!.revision = rollout.target
            actions.append(.rollout(name, .done(rollout.target)))
        } else {
            services[name]!.rollout!.state = .rolledBack
            actions.append(.rollout(name, .rolledBack(to: service.revision)))
        }
        let revisions = services[name]!.revisions
        services[name]!.policies = services[name]!.policies.filter { revisions.contains($0.key) }
        return true
    }

    // MARK: Failure

    /// Ends a roll-out whose release failed: nothing more comes to run it, and those that were under way to it go back.
    private mutating func failRollout(of name: String, by number: Int, at now: Duration) {
        let worker = services[name]!.workers[number]
        let failure = RolloutFailure(
            worker: number, incarnation: worker.lastFailure?.number ?? 0, end: worker.lastFailure?.end,
            failures: worker.failures)
        let (rollout, good) = (services[name]!.rollout!, services[name]!.revision)
        let rollsBack = worker.policy.rollout.onFailure == .rollback
        let underWay = services[name]!.steps.filter(\.value.isOfRollout).keys.sorted()
        services[name]!.rollout!.failure = failure
        services[name]!.rollout!.waiting = []
        services[name]!.rollout!.state = rollsBack ? .rollingBack : .stopped
        services[name]!.rollout!.isPaused = false
        if !rollsBack { services[name]!.rollout!.endedAt = now }
        for number in services[name]!.workers.indices { adopt(good, WorkerID(service: name, number: number)) }
        for number in underWay {
            let id = WorkerID(service: name, number: number)
            giveUp(id, at: now)
            let current = services[name]!.workers[number].current
            if current == nil {
                // It comes up with the good one, and need not wait for the failures of the bad one.
                tell(id, .reset, at: now)
            } else if current!.revision != good, current!.phase == .starting {
                tell(id, .replace(.replaced, .predecessorFirst), at: now)
            }
        }
        let replaced = services[name]!.workers.prefix(services[name]!.wanted).indices.filter {
            services[name]!.workers[$0].current?.revision == rollout.target
        }
        if rollsBack {
            services[name]!.rollout!.done = []
            services[name]!.rollout!.waiting = replaced
            actions.append(.rollout(name, .rollingBack(failure, workers: replaced.count)))
        } else {
            services[name]!.rollout!.done = replaced
            actions.append(.rollout(name, .stopped(failure)))
        }
    }
}
