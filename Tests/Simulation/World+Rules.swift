import Supervision

/// What must hold after each event.
extension World {
    mutating func check() throws(Violation) {
        var recount = FleetSummary(services: fleet.serviceNames.count)
        var known = 0
        for service in fleet.serviceNames {
            let workers = fleet.workers(of: service)!
            for (number, machine) in workers.enumerated() {
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
            try checkSurge(of: service, workers)
            try checkRollout(of: service, workers)
        }
        try hold(
            known == processes.count, "the fleet knows all that lives", "\(processes.count) live, \(known) are known")
        try hold(recount == fleet.summary, "the summary is true", "it is \(fleet.summary), a recount \(recount)")
    }

    // MARK: Services

    /// No more successors run beside their predecessors than any policy allowed since there were none.
    private mutating func checkSurge(of service: String, _ workers: [WorkerMachine]) throws(Violation) {
        let wanted = fleet.wanted(of: service)!
        let successors = workers.count { $0.successor != nil }
        let policy = policyInForce(of: service, workers)
        let isBlueGreen = policy.strategy == .blueGreen || fleet.rollout(of: service)?.strategy == .blueGreen
        let allowed = isBlueGreen ? wanted : max(policy.surge(of: wanted), 1)
        allowances[service] = successors == 0 ? allowed : max(allowances[service] ?? 0, allowed)
        try hold(
            successors <= allowances[service]!, "no more successors than a roll-out may start",
            "\(successors) workers of \(service) have one, \(allowances[service]!) may")
        guard scenario.isCalm, !isPeace, wanted > 0 else { return }
        let ready = workers.prefix(wanted).count { $0.current?.phase == .ready }
        if ready == wanted { isUp.insert(service) }
        guard isUp.contains(service) else { return }
        let lack = isBlueGreen ? 0 : policy.unavailable(of: wanted)
        lacks[service] = ready == wanted ? lack : max(lacks[service] ?? 0, lack)
        try hold(
            ready >= wanted - lacks[service]!, "no roll-out takes away more than it may",
            "\(ready) of \(wanted) workers of \(service) are ready, \(lacks[service]!) may be missing")
    }

    private func policyInForce(of service: String, _ workers: [WorkerMachine]) -> RolloutPolicy {
        let revision = fleet.revisionInForce(of: service)
        return (workers.first { $0.revision == revision } ?? workers.first)?.policy.rollout ?? RolloutPolicy()
    }

    private func checkRollout(of service: String, _ workers: [WorkerMachine]) throws(Violation) {
        let wanted = fleet.wanted(of: service)!
        let rule = "a roll-out reaches whom it is meant for"
        for number in 0..<wanted where workers[number].successor != nil {
            try hold(
                fleet.isToBeReplaced(WorkerID(service: service, number: number)), rule,
                "\(service)/\(number) has a successor that nobody wants")
        }
        guard let rollout = fleet.rollout(of: service) else { return }
        let underWay = fleet.workersUnderWay(of: service)
        try hold(
            rollout.isUnderWay == !(rollout.waiting.isEmpty && underWay.isEmpty) || wanted == 0, rule,
            "the roll-out of \(service) is \(rollout.state), \(rollout.waiting) wait and \(underWay) are under way")
        try hold(
            Set(rollout.waiting).isDisjoint(with: underWay) && Set(rollout.waiting).count == rollout.waiting.count,
            rule,
            "the roll-out of \(service) has workers twice")
        guard !rollout.isUnderWay else { return }
        for number in 0..<wanted {
            try hold(
                workers[number].revision == fleet.revisionInForce(of: service), rule,
                "\(service)/\(number) would run \(workers[number].revision) though nothing is rolled out")
        }
    }

    // MARK: Workers

    /// How many incarnations the worker has.
    private func check(_ machine: WorkerMachine, _ worker: WorkerID) throws(Violation) -> Int {
        try checkDeadlines(machine, worker)
        let incarnations = machine.incarnations
        for incarnation in incarnations { try check(incarnation, worker) }
        // Two live ones at the most; the others were told to end.
        for incarnation in machine.retiring {
            try hold(
                incarnation.phase == .stopping || incarnation.phase == .killing, "never two incarnations that serve",
                "\(worker)@\(incarnation.number) is on its way out, and \(incarnation.phase)")
        }
        try hold(
            machine.successor == nil || machine.current != nil, "never two incarnations that serve",
            "\(worker) has a successor of nothing")
        let rule = "nobody starves"
        let hasRestart = armed[worker]?[.restart] != nil
        if machine.goal == .running {
            if machine.state != .failed && machine.state != .done {
                try hold(
                    !incarnations.isEmpty || hasRestart || machine.hold != nil, rule,
                    "\(worker) is to run, and nothing is pending")
            }
        } else {
            try hold(
                machine.current == nil && machine.successor == nil && !hasRestart, "what is stopped stays so",
                "\(worker) goes on")
        }
        if machine.isBeingReplaced {
            try hold(
                machine.current != nil && (machine.successor != nil || hasRestart), rule,
                "\(worker) is being replaced, and no successor is pending")
        }
        return incarnations.count
    }

    private func check(_ incarnation: Incarnation, _ worker: WorkerID) throws(Violation) {
        let key = Key(worker: worker, number: incarnation.number)
        guard let process = processes[key] else {
            throw Violation(
                rule: "the fleet knows all that lives", what: "\(worker)@\(key.number) isn't there", at: now)
        }
        try hold(
            incarnation.isFrozen == process.isFrozen || incarnation.phase == .killing, "what is frozen is left alone",
            "\(worker)@\(key.number) is frozen or not as nobody knows")
        try hold(
            !incarnation.isFrozen || armed[worker]?[.watchdog(key.number)] == nil, "what is frozen is left alone",
            "\(worker)@\(key.number) is frozen, and its watchdog isn't")
        let isOneshot = fleet.worker(worker)?.policy.type == .oneshot
        let isArmed = armed[worker]?[.phase(key.number)] != nil
        switch incarnation.phase {
        case .stopping, .killing, .draining:
            try hold(isArmed, "every phase ends", "\(worker)@\(key.number) is \(incarnation.phase) without a deadline")
        case .starting:
            try hold(
                isArmed || isOneshot, "every phase ends", "\(worker)@\(key.number) is starting without a deadline")
        case .ready:
            try hold(
                (incarnation.probe != nil) == (incarnation.health != nil && !incarnation.isFrozen),
                "who is to be probed is, and nobody else",
                "\(worker)@\(key.number) has the probe \(incarnation.probe.map { "\($0)" } ?? "none")")
        }
    }

    /// What a machine says that it waits for is what is armed, as a supervisor that takes it over knows no more.
    private func checkDeadlines(_ machine: WorkerMachine, _ worker: WorkerID) throws(Violation) {
        let rule = "what is waited for is what is armed"
        let (armed, said) = (armed[worker] ?? [:], machine.deadlines)
        for (deadline, one) in armed {
            guard let time = said[deadline] else {
                throw Violation(rule: rule, what: "\(worker) has \(deadline) armed and doesn't wait for it", at: now)
            }
            switch deadline {
            // It is armed anew only when it is due, and is never armed in the past.
            case .watchdog: try hold(one.at <= max(time, now), rule, "\(worker) barks late: \(deadline)")
            case .age: try hold(one.at >= time, rule, "\(worker) is too old too soon: \(deadline)")
            case .restart, .phase, .probe:
                try hold(one.at == time || time < now, rule, "\(worker) has \(deadline) armed for another time")
            }
        }
        for (deadline, at) in said where armed[deadline] == nil {
            if case .age = deadline, at <= now { continue }
            throw Violation(rule: rule, what: "\(worker) waits for \(deadline), which isn't armed", at: now)
        }
    }
}
