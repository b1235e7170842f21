/// What a worker's restarts have been, and hence when the next one may be.
struct RestartHistory: Hashable, Sendable, Codable {
    /// When the restarts within the window were; the oldest first.
    private var recent: [Duration] = []
    /// The restarts since the worker was last stable.
    private var inARow = 0

    /// Forgets the restarts in a row if an incarnation that became ready at `readySince` has been stable until `now`.
    mutating func noteEnd(readySince: Duration?, at now: Duration, policy: RestartPolicy) {
        if let readySince, now - readySince >= policy.window { inARow = 0 }
    }

    /// Spends one restart of the budget; false if none is left in the window.
    mutating func spend(at now: Duration, policy: RestartPolicy) -> Bool {
        recent.removeAll { now - $0 >= policy.window }
        guard recent.count < policy.budget else { return false }
        recent.append(now)
        return true
    }

    /// The wait before the restart that is due, which becomes one more in a row.
    ///
    /// The first one is immediate; see ``RestartPolicy``. Where no budget ends a row, its waits have a lower bound
    /// even if the policy has none.
    mutating func nextDelay(
        policy: RestartPolicy, isBudgeted: Bool, using random: inout some RandomNumberGenerator
    ) -> Duration {
        inARow += 1
        guard inARow > 1 else { return .zero }
        let cap = policy.maximumDelay.seconds
        var wait = policy.delay.seconds
        for _ in 2..<inARow where wait < cap { wait *= policy.multiplier }
        wait = min(wait, cap)
        let variation = policy.jitter > 0 ? Double.random(in: -policy.jitter...policy.jitter, using: &random) : 0
        let varied = Duration.seconds(wait * (1 + variation))
        return isBudgeted ? varied : max(varied, .milliseconds(100))
    }
}

extension Duration {
    fileprivate var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
