/// How the workers of a service are replaced, whatever the reason: all go through the same limits.
extension Fleet {
    // MARK: Requests

    /// Notes the wish that a worker be replaced, unless it comes too late.
    mutating func note(_ request: ReplacementRequest, of name: String) {
        guard let service = services[name], request.number < service.wanted else { return }
        let worker = service.workers[request.number]
        guard worker.goal == .running else { return }
        // A oneshot is not to run twice for what it meets with.
        if request.incarnation != nil, worker.policy.type == .oneshot { return }
        if let incarnation = request.incarnation, worker.current?.number != incarnation { return }
        if service.requests.contains(where: { $0.number == request.number && $0.isUrgent == request.isUrgent }) {
            return
        }
        if request.incarnation != nil, worker.isBeingReplaced {
            // Its successor is on its way, and only if that is given up there is something to do.
            if service.steps[request.number]?.requests.contains(request) == false {
                services[name]!.steps[request.number]!.requests.append(request)
            }
        } else {
            services[name]!.requests.append(request)
        }
    }

    // MARK: Steps

    /// Begins what may begin; whether there was anything.
    mutating func beginSteps(of name: String, at now: Duration) -> Bool {
        var hasChanged = false
        if let rollout = services[name]!.rollout, rollout.isMoving, rollout.strategy == .blueGreen,
            rollout.state == .running
        {
            for number in rollout.waiting where services[name]!.steps[number] == nil {
                let kind: ReplacementStep.Kind =
                    switch services[name]!.workers[number].current?.phase {
                    case nil, .stopping, .killing: .start
                    case .starting, .ready, .draining: .held
                    }
                begin(number, .replaced, kind, of: name, isOfRollout: true, at: now)
                hasChanged = true
            }
        }
        while let next = nextStep(of: name) {
            begin(next.number, next.reason, next.kind, of: name, isOfRollout: next.isOfRollout, at: now)
            hasChanged = true
        }
        return hasChanged
    }

    private struct NextStep {
        let number: Int
        let reason: EndReason
        let kind: ReplacementStep.Kind
        let isOfRollout: Bool
    }

    /// The next worker whose turn it is; drops requests that are for nothing.
    private mutating func nextStep(of name: String) -> NextStep? {
        services[name]!.dropStaleRequests()
        let service = services[name]!
        let limits = service.policyInForce.rollout
        let counted = service.steps.values.filter { $0.kind == .surge || $0.kind == .inPlace }
        guard counted.count < limits.parallel(of: service.wanted) else { return nil }
        let rollout = service.rollout.flatMap { $0.isMoving && isRolling($0) ? $0 : nil }
        let isPaused = service.rollout.map { $0.isUnderWay && $0.isPaused } ?? false
        let maySurge = counted.count { $0.kind == .surge } < limits.surge(of: service.wanted)
        lazy var mayLack = service.unavailable < limits.unavailable(of: service.wanted)

        func step(_ number: Int, _ reason: EndReason, isOfRollout: Bool) -> NextStep? {
            guard number < service.wanted, service.steps[number] == nil else { return nil }
            let kind: ReplacementStep.Kind
            switch service.workers[number].current?.phase {
            case nil, .stopping, .killing: kind = .start
            // Nobody is served by it.
            case .starting: kind = .inPlace
            case .ready, .draining:
                if maySurge { kind = .surge } else if mayLack { kind = .inPlace } else { return nil }
            }
            // What the roll-out does with a worker fulfils what else is wished of it.
            return NextStep(
                number: number, reason: reason, kind: kind,
                isOfRollout: isOfRollout || rollout?.waiting.contains(number) == true)
        }

        for request in service.requests where request.isUrgent {
            if let step = step(request.number, request.reason, isOfRollout: false) { return step }
        }
        for number in rollout?.waiting ?? [] {
            if let step = step(number, .replaced, isOfRollout: true) { return step }
        }
        for request in service.requests where !request.isUrgent && !(request.reason == .age && isPaused) {
            if let step = step(request.number, request.reason, isOfRollout: false) { return step }
        }
        return nil
    }

    private func isRolling(_ rollout: Rollout) -> Bool {
        rollout.strategy == .rolling || rollout.state == .rollingBack
    }

    private mutating func begin(
        _ number: Int, _ reason: EndReason, _ kind: ReplacementStep.Kind, of name: String, isOfRollout: Bool,
        at now: Duration
    ) {
        let id = WorkerID(service: name, number: number)
        let requests = services[name]!.requests.filter { $0.number == number }
        services[name]!.requests.removeAll { $0.number == number }
        services[name]!.steps[number] = ReplacementStep(kind: kind, isOfRollout: isOfRollout, requests: requests)
        if isOfRollout {
            services[name]!.rollout!.waiting.removeAll { $0 == number }
            let revision = services[name]!.revisionInForce
            adopt(revision, id)
            services[name]!.workers[number].isOnTrial = revision != services[name]!.revision
        }
        switch kind {
        case .surge: tell(id, .replace(reason), at: now)
        case .inPlace: tell(id, .replace(reason, .predecessorFirst), at: now)
        case .held: tell(id, .replace(reason, .held), at: now)
        case .start:
            // It may be down, and then there's nothing to wait for.
            tell(id, .replace(reason), at: now)
            // Another specification deserves another chance, at once.
            if isOfRollout, services[name]!.workers[number].current == nil { tell(id, .reset, at: now) }
        }
    }
}

extension FleetService {
    /// Whether anything is being replaced, or is to be.
    var hasReplacements: Bool { !steps.isEmpty || !requests.isEmpty || rollout?.isUnderWay == true }

    /// Forgets the requests that are for nothing any more.
    fileprivate mutating func dropStaleRequests() {
        requests.removeAll { [workers, wanted] request in
            guard request.number < wanted, workers[request.number].goal == .running else { return true }
            return request.incarnation != nil && workers[request.number].current?.number != request.incarnation
        }
    }

    /// How many workers are down and on their way up. Those that have failed don't count: nothing would ever be replaced.
    fileprivate var unavailable: Int {
        workers.prefix(wanted).enumerated().count { number, worker in
            worker.current?.isAvailable != true && (worker.isComingUp || steps[number] != nil)
        }
    }
}
