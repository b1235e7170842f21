/// An incarnation that failed before it had stayed ready for long enough.
struct FailedIncarnation: Hashable, Sendable, Codable {
    let number: UInt64
    let end: End
}

/// What the replacement of workers by others asks of each of them.
extension WorkerMachine {
    /// All that it has, the one that others see first.
    public var incarnations: [Incarnation] { [current, successor].compactMap { $0 } + retiring }

    /// The revisions that it runs, or would run.
    var revisions: Set<String> { Set(incarnations.map(\.revision) + [revision]) }

    /// The revision that it runs as others see it; that which it would run, if it doesn't.
    var runningRevision: String { current?.revision ?? revision }

    /// Whether nothing more comes of a replacement: it is ready for long enough, or won't be without a command.
    var isSettled: Bool {
        !isBeingReplaced
            && (goal != .running || rest != .none || hold?.isBlocked == true || current?.isAvailable == true)
    }

    /// Whether what it runs is to be taken for bad.
    var hasFailed: Bool {
        failures >= policy.rollout.failures || goal == .running && rest == .failed
    }

    /// Lets incarnations from now on run another revision, for which earlier failures say nothing.
    mutating func adopt(_ revision: String, _ policy: WorkerPolicy) {
        self.revision = revision
        self.policy = policy
        isOnTrial = false
        failures = 0
        lastFailure = nil
        replacementHistory = RestartHistory()
    }

    /// Counts an end that came too soon, unless somebody wished for it. That of one which still ran another revision says
    /// nothing of this one.
    mutating func noteFailure(of incarnation: Incarnation, _ end: End) {
        guard end.reason != .manual, incarnation.revision == revision else { return }
        failures += 1
        lastFailure = FailedIncarnation(number: incarnation.number, end: end)
    }

    mutating func endReplacement() {
        replacement = nil
        isHeld = false
    }

    /// Leaves `current` as it is.
    mutating func giveUp(at now: Duration) {
        guard replacement != nil else { return }
        endReplacement()
        cancelRestart()
        guard let successor else { return }
        self.successor = nil
        retire(successor, .replaced, at: now)
    }

    /// Stops an incarnation; when nothing of it is left the next one is started.
    mutating func stopForSuccessor(_ incarnation: Incarnation, _ reason: EndReason, at now: Duration) {
        endReplacement()
        cancelRestart()
        current = nil
        history.noteEnd(readySince: incarnation.readyAt, at: now, policy: policy.restart)
        lastEnd = End(reason: reason, exit: nil, isSuccess: true)
        restartsByReason[reason, default: 0] += 1
        retire(incarnation, reason, at: now)
        actions.append(.report(.restarting(after: .zero, reason)))
    }

    /// Decides how old `current` may become, once, and asks for the deadline that follows from the policy.
    mutating func expectAge(at now: Duration, using random: inout some RandomNumberGenerator) {
        guard var incarnation = current, incarnation.phase == .ready, let readyAt = incarnation.readyAt else { return }
        var tooOldAt: Duration?
        if let maxAge = policy.maxAge {
            let variation = incarnation.ageVariation ?? Double.random(in: -1...1, using: &random)
            incarnation.ageVariation = variation
            tooOldAt = readyAt + maxAge * (1 + policy.maxAgeJitter * variation)
        }
        guard tooOldAt != incarnation.tooOldAt else { return }
        incarnation.tooOldAt = tooOldAt
        current = incarnation
        let deadline = WorkerDeadline.age(incarnation.number)
        actions.append(tooOldAt.map { .arm(deadline, at: max($0, now + .milliseconds(1))) } ?? .disarm(deadline))
    }
}
