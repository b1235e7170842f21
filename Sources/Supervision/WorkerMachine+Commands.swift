/// What a worker is told to do.
extension WorkerMachine {
    mutating func start(at now: Duration) {
        guard goal != .running || rest != .none else { return }
        goal = .running
        rest = .none
        history = RestartHistory()
        if let gate { return keepBack(gate) }
        // What is still stopping comes first: it may hold what its successor needs.
        if retiring.isEmpty { spawn(at: now) }
    }

    mutating func stop(_ goal: Goal, at now: Duration) {
        // What is to be forgotten isn't stopped to stay.
        guard self.goal != goal, goal != .stopped || self.goal != .removed else { return }
        let wasDown = isOver
        self.goal = goal
        if goal == .asleep { rest = .none }
        cancelRestart()
        hold = nil
        endReplacement()
        let reason = goal == .asleep ? EndReason.idle : .stopped
        if let incarnation = current { retire(incarnation, reason, at: now) }
        if let incarnation = successor { retire(incarnation, reason, at: now) }
        current = nil
        successor = nil
        if isOver && !wasDown { actions.append(.report(goal == .asleep ? .asleep : .stopped)) }
    }

    mutating func kill(at now: Duration) {
        for number in [current, successor].compactMap({ $0?.number }) + retiring.map(\.number) {
            change(number) { machine, incarnation in
                guard incarnation.phase != .killing else { return }
                incarnation.stopReason = incarnation.stopReason ?? .manual
                machine.kill(&incarnation, byCommand: true, at: now)
            }
        }
    }

    mutating func freeze() {
        guard let current, current.phase == .ready, !current.isFrozen else { return }
        change(current.number) { machine, incarnation in
            incarnation.isFrozen = true
            machine.endProbes(of: &incarnation)
            machine.actions.append(.freeze(incarnation.number))
            if incarnation.watchdog != nil { machine.actions.append(.disarm(.watchdog(incarnation.number))) }
            machine.actions.append(.report(.frozen(incarnation.number)))
        }
    }

    mutating func thaw(at now: Duration) {
        guard let current, current.isFrozen else { return }
        change(current.number) { machine, incarnation in
            machine.thaw(&incarnation)
            incarnation.heardAt = now
            if let watchdog = incarnation.watchdog {
                machine.actions.append(.arm(.watchdog(incarnation.number), at: now + watchdog))
            }
            machine.resumeHealthProbes(of: &incarnation, at: now)
        }
    }

    mutating func reset(at now: Duration) {
        history = RestartHistory()
        replacementHistory = RestartHistory()
        guard goal == .running else { return }
        if rest == .failed { return start(at: now) }
        // It waits for nothing any more.
        if restartAt != nil { spawn(at: now) }
    }

    mutating func replace(
        _ reason: EndReason, _ order: ReplacementOrder, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) {
        guard goal == .running else { return }
        guard let current else {
            // Nothing to wait for: what comes next is what is wanted. A failed worker gets another chance.
            if rest != .none { start(at: now) }
            return
        }
        if policy.type == .oneshot { return runAgain(current, reason, at: now) }
        if let successor {
            // It is outdated, too.
            self.successor = nil
            retire(successor, reason, at: now)
        } else if current.phase == .stopping || current.phase == .killing {
            // It has its successor soon.
            return
        }
        if order == .predecessorFirst { return stopForSuccessor(current, reason, at: now) }
        replacement = reason
        isHeld = order == .held
        // Who wishes for it need not wait; only a successor that fails has to.
        if reason == .manual || reason == .age { replacementHistory = RestartHistory() }
        replacementHistory.noteEnd(readySince: current.readyAt, at: now, policy: policy.restart)
        trySuccessor(at: now, using: &random)
    }

    /// Ends what a oneshot does, and lets it begin again when nothing of that is left: two at a time might get into each
    /// other's way.
    private mutating func runAgain(_ incarnation: Incarnation, _ reason: EndReason, at now: Duration) {
        current = nil
        history = RestartHistory()
        restartsByReason[reason, default: 0] += 1
        actions.append(.report(.restarting(after: .zero, reason)))
        retire(incarnation, reason, at: now)
    }

    private mutating func keepBack(_ hold: Hold) {
        self.hold = hold
        actions.append(.report(.held(hold)))
    }

    mutating func change(_ new: Hold?, at now: Duration) {
        guard goal == .running, let old = hold, new != old else { return }
        if let new { return keepBack(new) }
        hold = nil
        if retiring.isEmpty { spawn(at: now) }
    }
}
