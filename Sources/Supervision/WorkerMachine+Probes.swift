/// When an incarnation is probed, and what comes of it.
extension WorkerMachine {
    // MARK: Beginning and ending

    /// Probes for readiness, from now on, if that is what makes an incarnation ready.
    mutating func beginReadyProbes(of incarnation: inout Incarnation, at now: Duration) {
        guard policy.readiness.isProbed else { return }
        incarnation.probe = ProbeState(kind: .ready)
        ask(&incarnation, at: now)
    }

    /// Probes a ready incarnation for its health, if that is wanted.
    mutating func beginHealthProbes(of incarnation: inout Incarnation, at now: Duration) {
        guard let health = incarnation.health, let readyAt = incarnation.readyAt else { return }
        incarnation.probe = ProbeState(kind: .health)
        putOff(&incarnation, until: max(now, readyAt + health.startGrace), at: now)
    }

    /// Ends what is under way and asks for nothing any more.
    mutating func endProbes(of incarnation: inout Incarnation) {
        guard let probe = incarnation.probe else { return }
        actions.append(
            probe.dueAt == nil ? .endProbe(incarnation.number) : .disarm(.probe(incarnation.number)))
        incarnation.probe = nil
    }

    /// Goes on after a thaw: not at once, as there is something to catch up on.
    mutating func resumeHealthProbes(of incarnation: inout Incarnation, at now: Duration) {
        guard let health = incarnation.health, incarnation.phase == .ready else { return }
        incarnation.probe = ProbeState(kind: .health)
        putOff(&incarnation, until: now + health.interval, at: now)
    }

    /// Takes over what the policy says of health now, for what runs already.
    mutating func changeHealthPolicy(at now: Duration) {
        for number in [current, successor].compactMap({ $0?.number }) {
            change(number) { machine, incarnation in
                guard incarnation.health != machine.policy.health else { return }
                let isPaced = incarnation.health?.interval == machine.policy.health?.interval
                incarnation.health = machine.policy.health
                guard incarnation.phase == .ready, !incarnation.isFrozen else { return }
                if incarnation.health == nil {
                    machine.endProbes(of: &incarnation)
                    incarnation.healthCount = HealthCount()
                } else if incarnation.probe == nil {
                    machine.beginHealthProbes(of: &incarnation, at: now)
                } else if !isPaced, incarnation.probe?.dueAt != nil {
                    machine.endProbes(of: &incarnation)
                    machine.resumeHealthProbes(of: &incarnation, at: now)
                }
            }
        }
    }

    // MARK: Asking

    private mutating func ask(_ incarnation: inout Incarnation, at now: Duration) {
        guard let kind = incarnation.probe?.kind else { return }
        incarnation.probe?.dueAt = nil
        incarnation.probe?.askedAt = now
        actions.append(.probe(incarnation.number, kind))
    }

    private mutating func putOff(_ incarnation: inout Incarnation, until time: Duration, at now: Duration) {
        if time <= now { return ask(&incarnation, at: now) }
        incarnation.probe?.dueAt = time
        actions.append(.arm(.probe(incarnation.number), at: time))
    }

    mutating func probeIsDue(_ number: UInt64, at now: Duration) {
        change(number) { machine, incarnation in
            guard let dueAt = incarnation.probe?.dueAt, dueAt <= now else { return }
            machine.ask(&incarnation, at: now)
        }
    }

    // MARK: Answers

    mutating func probed(_ number: UInt64, _ kind: ProbeKind, passed: Bool, at now: Duration) {
        change(number) { machine, incarnation in
            // What isn't under way any more has nothing to say.
            guard let probe = incarnation.probe, probe.kind == kind, probe.dueAt == nil else { return }
            let interval: Duration
            switch kind {
            case .ready:
                if passed {
                    incarnation.probe = nil
                    return machine.becomeReady(&incarnation, at: now)
                }
                interval = machine.policy.readyInterval
            case .health:
                guard let health = incarnation.health else { return }
                switch incarnation.healthCount.note(passed: passed, policy: health) {
                case .unhealthy: machine.actions.append(.report(.unhealthy(number)))
                case .healthy: machine.actions.append(.report(.healthy(number)))
                case nil: break
                }
                interval = health.interval
            }
            machine.putOff(&incarnation, until: (probe.askedAt ?? now) + interval, at: now)
        }
        takeOver(at: now)
    }
}
