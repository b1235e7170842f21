/// How the incarnations of a worker begin, end and follow each other.
extension WorkerMachine {
    // MARK: Starting

    mutating func spawn(at now: Duration) {
        cancelRestart()
        lastNumber += 1
        let incarnation = Incarnation(
            number: lastNumber, revision: revision, watchdog: policy.watchdog, health: policy.health, at: now)
        if current == nil { current = incarnation } else { successor = incarnation }
        actions.append(.spawn(lastNumber))
    }

    mutating func spawned(_ number: UInt64, at now: Duration) {
        change(number) { machine, incarnation in
            incarnation.isExecuted = true
            machine.actions.append(.report(.started(number)))
            // It may have said so already, or be told to stop.
            guard incarnation.phase == .starting, machine.policy.type != .oneshot else { return }
            switch machine.policy.readiness {
            case .exec: machine.becomeReady(&incarnation, at: now)
            case .notify, .tcp, .http, .command, .log:
                machine.setTime(machine.policy.readyTimeout, at: now, of: &incarnation)
                machine.beginReadyProbes(of: &incarnation, at: now)
            }
        }
        takeOver(at: now)
    }

    mutating func spawnFailed(
        _ number: UInt64, isExhaustion: Bool, at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        guard has(number) else { return }
        let end = End(reason: .spawn, exit: nil, isSuccess: false)
        change(number) { machine, incarnation in
            machine.setDeadline(nil, of: &incarnation)
            machine.actions.append(.report(.gone(PastIncarnation(incarnation, .spawn, nil, goneAt: now))))
            if !isExhaustion { machine.noteFailure(of: incarnation, end) }
        }
        actions.append(.discard(number))
        if successor?.number == number {
            successor = nil
            lastEnd = end
            trySuccessor(at: now, using: &random)
        } else if current?.number == number {
            current = nil
            lastEnd = end
            restart(after: end, isExhaustion: isExhaustion, at: now, using: &random)
        } else {
            retired(number, at: now)
        }
    }

    mutating func becomeReady(_ incarnation: inout Incarnation, at now: Duration) {
        // A oneshot is ready when it is done.
        guard incarnation.phase == .starting, policy.type != .oneshot else { return }
        incarnation.phase = .ready
        incarnation.readyAt = now
        incarnation.heardAt = now
        incarnation.isProven = policy.rollout.minReady == .zero
        setDeadline(incarnation.isProven ? nil : now + policy.rollout.minReady, of: &incarnation)
        if incarnation.isProven { failures = 0 }
        if let watchdog = incarnation.watchdog {
            actions.append(.arm(.watchdog(incarnation.number), at: now + watchdog))
        }
        actions.append(.report(.ready(incarnation.number, after: now - incarnation.startedAt)))
        endProbes(of: &incarnation)
        beginHealthProbes(of: &incarnation, at: now)
    }

    /// Makes the successor the current incarnation if it is ready, and stops the predecessor.
    mutating func takeOver(at now: Duration) {
        guard let successor, successor.isAvailable, !isHeld, let predecessor = current else { return }
        let reason = replacement ?? .replaced
        self.successor = nil
        endReplacement()
        current = successor
        history.noteEnd(readySince: predecessor.readyAt, at: now, policy: policy.restart)
        actions.append(.report(.replaced(predecessor.number, by: successor.number, reason)))
        lastEnd = End(reason: reason, exit: nil, isSuccess: true)
        retire(predecessor, reason, at: now)
    }

    // MARK: Ending

    /// Puts an incarnation on its way out; the caller takes it from its place.
    mutating func retire(_ incarnation: Incarnation, _ reason: EndReason, at now: Duration) {
        var incarnation = incarnation
        if incarnation.phase != .stopping && incarnation.phase != .killing {
            tellToStop(&incarnation, reason, .signalLeader(incarnation.number), at: now)
        }
        retiring.append(incarnation)
    }

    private mutating func tellToStop(
        _ incarnation: inout Incarnation, _ reason: EndReason, _ action: WorkerAction, at now: Duration
    ) {
        incarnation.stopReason = reason
        actions.append(.report(.stopping(incarnation.number, reason)))
        actions.append(action)
        expectEnd(of: &incarnation, at: now)
    }

    /// After the signal, so that it finds the signal first of all.
    mutating func thaw(_ incarnation: inout Incarnation) {
        guard incarnation.isFrozen else { return }
        incarnation.isFrozen = false
        actions += [.thaw(incarnation.number), .report(.thawed(incarnation.number))]
    }

    mutating func kill(_ incarnation: inout Incarnation, byCommand: Bool, at now: Duration) {
        disarmWatchdog(of: incarnation)
        endProbes(of: &incarnation)
        incarnation.phase = .killing
        incarnation.endingSince = incarnation.endingSince ?? now
        // It dies frozen, too.
        incarnation.isFrozen = false
        kills += 1
        actions += [.report(.killed(incarnation.number, byCommand: byCommand)), .kill(incarnation.number)]
        setDeadline(now + Self.killPatience, of: &incarnation)
    }

    private mutating func disarmWatchdog(of incarnation: Incarnation) {
        if incarnation.tooOldAt != nil { actions.append(.disarm(.age(incarnation.number))) }
        guard incarnation.readyAt != nil, incarnation.watchdog != nil else { return }
        guard incarnation.phase == .ready || incarnation.phase == .draining else { return }
        actions.append(.disarm(.watchdog(incarnation.number)))
    }

    mutating func expectEnd(of incarnation: inout Incarnation, at now: Duration) {
        disarmWatchdog(of: incarnation)
        endProbes(of: &incarnation)
        thaw(&incarnation)
        incarnation.endingSince = incarnation.endingSince ?? now
        incarnation.phase = .stopping
        setTime(policy.stopTimeout, at: now, of: &incarnation)
    }

    mutating func bark(_ incarnation: inout Incarnation, at now: Duration) {
        guard incarnation.phase == .ready || incarnation.phase == .draining else { return }
        tellToStop(&incarnation, .watchdog, .abortLeader(incarnation.number), at: now)
    }

    mutating func gone(
        _ number: UInt64, _ exit: Exit, isOutOfMemory: Bool, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) {
        guard has(number) else { return }
        var past: PastIncarnation?
        change(number) { machine, incarnation in
            machine.setDeadline(nil, of: &incarnation)
            machine.endProbes(of: &incarnation)
            let reason = isOutOfMemory ? .oomKill : incarnation.stopReason ?? EndReason(exit)
            past = PastIncarnation(incarnation, reason, exit, goneAt: now)
        }
        if let incarnation = current, incarnation.number == number {
            current = nil
            history.noteEnd(readySince: incarnation.readyAt, at: now, policy: policy.restart)
            let end = note(incarnation, exit, isOutOfMemory: isOutOfMemory)
            restart(after: end, isExhaustion: false, at: now, using: &random)
        } else if let incarnation = successor, incarnation.number == number {
            successor = nil
            _ = note(incarnation, exit, isOutOfMemory: isOutOfMemory)
            trySuccessor(at: now, using: &random)
        } else {
            retired(number, at: now)
        }
        // Behind the start of a successor, which must not wait for what is written down.
        if let past { actions.append(.report(.gone(past))) }
        actions.append(.discard(number))
    }

    /// Records and reports an end that nobody commanded.
    private mutating func note(_ incarnation: Incarnation, _ exit: Exit, isOutOfMemory: Bool) -> End {
        disarmWatchdog(of: incarnation)
        let reason = isOutOfMemory ? .oomKill : incarnation.stopReason ?? EndReason(exit)
        // As in systemd.service(5), a oneshot that a signal ended has not done its work.
        let mayBeSuccess = reason == .exit || reason == .signal && policy.type != .oneshot
        let isSuccess = mayBeSuccess && exit.isSuccess(under: policy.restart)
        let end = End(reason: reason, exit: exit, isSuccess: isSuccess)
        lastEnd = end
        if !incarnation.isProven { noteFailure(of: incarnation, end) }
        actions.append(.report(.ended(incarnation.number, end)))
        return end
    }

    private mutating func retired(_ number: UInt64, at now: Duration) {
        guard let index = retiring.firstIndex(where: { $0.number == number }) else { return }
        retiring.remove(at: index)
        guard retiring.isEmpty, current == nil else { return }
        if goal == .running {
            if rest == .none && restartAt == nil && hold == nil { spawn(at: now) }
        } else {
            actions.append(.report(goal == .asleep ? .asleep : .stopped))
        }
    }

    // MARK: Restarting

    private mutating func restart(
        after end: End, isExhaustion: Bool, at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        // What somebody wished is no failure.
        let isBudgeted = !isExhaustion && end.reason != .manual
        let isSpent = isBudgeted && !history.spend(at: now, policy: policy.restart)
        if let successor {
            // It is on its way already, whatever its predecessor's end calls for.
            self.successor = nil
            endReplacement()
            current = successor
            return
        }
        endReplacement()
        cancelRestart()
        if isOnTrial, hasFailed {
            // Whoever tries it has to say what is next.
            rest = .failed
            return
        }
        switch policy.restart.condition {
        // It never ran, through no fault of its own, so that no policy has anything to say yet.
        case _ where isExhaustion: break
        case .always where policy.type != .oneshot: break
        case .always where !end.isSuccess, .onFailure where !end.isSuccess: break
        case .always, .onFailure, .never:
            rest = end.isSuccess ? .done : .failed
            actions.append(.report(end.isSuccess ? .done : .failed))
            return
        }
        if isSpent {
            rest = .failed
            actions.append(.report(.failed))
            return
        }
        let delay =
            end.reason == .manual
            ? .zero : history.nextDelay(policy: policy.restart, isBudgeted: isBudgeted, using: &random)
        wait(delay, because: end.reason, at: now)
    }

    /// Starts a successor for `current`, after a wait if the last one was not long ago.
    mutating func trySuccessor(at now: Duration, using random: inout some RandomNumberGenerator) {
        guard let current, let replacement else { return }
        if isOnTrial, hasFailed { return }
        actions.append(.report(.replacing(current.number, replacement)))
        let delay = replacementHistory.nextDelay(policy: policy.restart, isBudgeted: false, using: &random)
        wait(delay, because: replacement, at: now)
    }

    private mutating func wait(_ delay: Duration, because reason: EndReason, at now: Duration) {
        restartsByReason[reason, default: 0] += 1
        actions.append(.report(.restarting(after: delay, reason)))
        if delay == .zero {
            spawn(at: now)
        } else {
            restartAt = now + delay
            actions.append(.arm(.restart, at: now + delay))
        }
    }

    mutating func cancelRestart() {
        guard restartAt != nil else { return }
        restartAt = nil
        actions.append(.disarm(.restart))
    }

    // MARK: Deadlines

    mutating func passed(
        _ deadline: WorkerDeadline, at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        switch deadline {
        case .restart:
            guard let restartAt, restartAt <= now else { return }
            self.restartAt = nil
            spawn(at: now)
        case .watchdog(let number):
            change(number) { machine, incarnation in
                guard let watchdog = incarnation.watchdog, let heardAt = incarnation.heardAt, !incarnation.isFrozen,
                    incarnation.phase == .ready || incarnation.phase == .draining
                else { return }
                if heardAt + watchdog <= now {
                    machine.bark(&incarnation, at: now)
                } else {
                    machine.actions.append(.arm(.watchdog(number), at: heardAt + watchdog))
                }
            }
        case .probe(let number): probeIsDue(number, at: now)
        case .phase(let number):
            change(number) { machine, incarnation in
                guard let deadline = incarnation.deadline, deadline <= now else { return }
                machine.phaseIsOver(&incarnation, at: now)
            }
            takeOver(at: now)
        case .age(let number):
            guard let current, current.number == number, let tooOldAt = current.tooOldAt, tooOldAt <= now,
                replacement == nil
            else { return }
            replace(.age, .successorFirst, at: now, using: &random)
        }
    }

    private mutating func phaseIsOver(_ incarnation: inout Incarnation, at now: Duration) {
        incarnation.deadline = nil
        switch incarnation.phase {
        case .starting:
            tellToStop(&incarnation, .readyTimeout, .signalLeader(incarnation.number), at: now)
        case .ready:
            incarnation.isProven = true
            failures = 0
        case .draining:
            // It said that it would end.
            tellToStop(&incarnation, .exit, .signalLeader(incarnation.number), at: now)
        case .stopping:
            kill(&incarnation, byCommand: false, at: now)
        case .killing:
            // In an uninterruptible sleep, perhaps. What was forked meanwhile is killed, too.
            incarnation.isStuck = true
            actions += [.report(.stuck(incarnation.number)), .kill(incarnation.number)]
            setDeadline(now + Self.killPatience, of: &incarnation)
        }
    }

    /// How long the kernel may take to kill a cgroup before that is worth a report.
    static let killPatience = Duration.seconds(10)
}
