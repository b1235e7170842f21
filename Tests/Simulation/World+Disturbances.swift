import Supervision

/// What operators and fate do.
extension World {
    mutating func happen(_ disturbance: Disturbance) throws(Violation) {
        trace("\(disturbance)")
        switch disturbance {
        case .supervisorDies(let time):
            if remains == nil { supervisorDies(for: time) }
            return
        case .massacre(let service): return massacre(service)
        case .exhaustion(let time):
            exhaustedUntil = max(exhaustedUntil, now + time)
            return
        case .configure(_, let setting): note(setting.release)
        case .remove, .command, .all, .sleep, .wake, .pause, .resume, .undo, .supervisorStalls: break
        }
        // While there is no supervisor nobody takes commands.
        guard remains == nil else { return }
        switch disturbance {
        case .configure(let service, let setting): try configure(service, setting)
        case .remove(let service): try perform(fleet.remove(service, at: now))
        case .command(let command, let service, let numbers):
            try perform(command, numbers.map { WorkerID(service: service, number: $0) })
        case .all(let command):
            let all = fleet.serviceNames.flatMap { service in
                fleet.workers(of: service)!.indices.map { WorkerID(service: service, number: $0) }
            }
            try perform(command, all)
        case .sleep(let service): try perform(fleet.sleep(service, at: now))
        case .wake(let service): try perform(fleet.wake(service, at: now))
        case .pause(let service):
            if let actions = try? fleet.pauseRollout(of: service, at: now) { try perform(actions) }
        case .resume(let service):
            if let actions = try? fleet.resumeRollout(of: service, at: now) { try perform(actions) }
        case .undo(let service): if let actions = try? fleet.undoRollout(of: service, at: now) { try perform(actions) }
        case .supervisorStalls(let time): now += time
        case .supervisorDies, .massacre, .exhaustion: break
        }
    }

    private mutating func note(_ release: Disturbance.Release) {
        if release.isBad { badRevisions.insert(release.revision) }
    }

    mutating func configure(_ service: String, _ setting: Disturbance.Setting) throws(Violation) {
        fleet.setDependencies(setting.dependencies, of: service)
        try perform(
            fleet.configure(
                service, policy: setting.policy, revision: setting.release.revision, count: setting.count,
                replacesWorkers: true, startsAsleep: setting.startsAsleep, at: now))
    }

    private mutating func perform(_ command: Disturbance.Command, _ workers: [WorkerID]) throws(Violation) {
        switch command {
        case .restart: try perform(fleet.restart(workers, at: now))
        case .start: try perform(fleet.handle(workers, .start, at: now))
        case .stop: try perform(fleet.handle(workers, .stop, at: now))
        case .kill: for worker in workers { try tell(worker, .kill) }
        case .freeze: for worker in workers { try tell(worker, .freeze) }
        case .thaw: for worker in workers { try tell(worker, .thaw) }
        case .reset: for worker in workers { try tell(worker, .reset) }
        }
    }

    private mutating func massacre(_ service: String) {
        for key in processes.keys.filter({ $0.worker.service == service }).sorted(by: {
            ($0.worker, $0.number) < ($1.worker, $1.number)
        }) {
            schedule(
                .input(
                    key.worker, .gone(key.number, .signal(9, coreDumped: false), isOutOfMemory: false), isLate: false),
                at: now)
        }
    }

    // MARK: The end

    /// The release that all services end with, and one that none may come to run.
    private static let last = Disturbance.Release(number: 1_000_000, isBad: false)
    private static let worst = Disturbance.Release(number: 1_000_001, isBad: true)

    /// From now on nothing fails; somebody puts right what was wrong.
    mutating func makePeace() throws(Violation) {
        exhaustedUntil = .zero
        while remains != nil { try advance() }
        for service in fleet.serviceNames {
            let workers = fleet.workers(of: service)!.indices.map { WorkerID(service: service, number: $0) }
            try perform(fleet.wake(service, at: now))
            for worker in workers {
                for input in [WorkerInput.thaw, .reset, .start] { try tell(worker, input) }
            }
            if let actions = try? fleet.resumeRollout(of: service, at: now) { try perform(actions) }
            let policy = fleet.workers(of: service)!.first?.policy ?? WorkerPolicy()
            try configure(
                service,
                Disturbance.Setting(
                    release: Self.last, policy: policy, count: max(fleet.wanted(of: service)!, 1), dependencies: []))
        }
    }

    /// Everything that is wanted has to run, and no more than that.
    mutating func comeToOrder() throws(Violation) {
        let end = now + .seconds(6 * 3600)
        while let lack = lack() {
            try hold(now < end, "what is wanted is there when faults have ended", lack)
            try hold(try advance(), "what is wanted is there when faults have ended", "\(lack), and nothing is pending")
        }
    }

    /// A bad release doesn't get through, and leaves those that serve as they are.
    mutating func refuse() throws(Violation) {
        let rule = "a bad release is refused"
        note(Self.worst)
        for service in fleet.serviceNames {
            let policy = fleet.workers(of: service)!.first!.policy!
            try configure(
                service,
                Disturbance.Setting(
                    release: Self.worst, policy: policy, count: fleet.wanted(of: service)!, dependencies: []))
            try comeToOrder()
            let state: Rollout.State = policy.rollout.onFailure == .stop ? .stopped : .rolledBack
            try hold(
                fleet.rollout(of: service)?.state == state, rule,
                "the roll-out of \(service) is \(fleet.rollout(of: service).map { "\($0.state)" } ?? "none")")
        }
    }

    /// What there isn't and should be; nil if all is well.
    private func lack() -> String? {
        for service in fleet.serviceNames {
            if fleet.rollout(of: service)?.isUnderWay == true { return "\(service) is being rolled out" }
            for (number, machine) in fleet.workers(of: service)!.enumerated() {
                if number >= fleet.wanted(of: service)! { return "\(service)/\(number) is not wanted, and there" }
                let wanted: WorkerState = machine.policy.type == .oneshot ? .done : .ready
                // One of before may have ended, and be left so by its policy.
                let condition = machine.policy.restart.condition
                if machine.state == .done, condition != .always { continue }
                if machine.state == .failed, condition == .never { continue }
                if machine.state != wanted { return "\(service)/\(number) is \(machine.state)" }
                if let current = machine.current, current.revision != Self.last.revision {
                    return "\(service)/\(number) runs \(current.revision)"
                }
            }
        }
        return nil
    }

    /// Removes all services, of which nothing may be left.
    mutating func takeDown() throws(Violation) {
        for service in fleet.serviceNames { try perform(fleet.remove(service, at: now)) }
        let end = now + .seconds(3600)
        let rule = "every resource is released"
        while !fleet.serviceNames.isEmpty {
            try hold(now < end, rule, "\(fleet.serviceNames) are not gone after an hour")
            try hold(try advance(), rule, "\(fleet.serviceNames) are left, and nothing is pending")
        }
        try hold(processes.isEmpty, rule, "incarnations are left: \(processes.keys)")
        try hold(armed.values.allSatisfy(\.isEmpty), rule, "deadlines are left: \(armed)")
        try hold(probed.isEmpty, rule, "probes are left: \(probed)")
        try hold(fleet.summary == FleetSummary(), rule, "a tally is left: \(fleet.summary)")
    }
}
