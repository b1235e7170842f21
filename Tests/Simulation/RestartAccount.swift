import Supervision

/// What a worker's restarts ought to be by the documentation of ``RestartPolicy``, reckoned from what is told of it and
/// nothing else: a second opinion, which knows nothing of how the machine does it.
struct RestartAccount {
    /// The restarts that were paid for from the budget.
    private var paid: [Duration] = []
    private var inARow = 0
    private var current: UInt64?
    private var successor: UInt64?
    /// What was in force when the worker was last told something.
    var policy: RestartPolicy?
    private var readySince: [UInt64: Duration] = [:]
    /// What an end of the current incarnation calls for, until that is told.
    private var due: Due?

    private struct Due {
        let isSpent: Bool
        let isManual: Bool
        let isExhaustion: Bool
    }

    /// Whether it is down until somebody starts it.
    private var isDown = false
    /// Whether a roll-out may have given it another chance: which of its workers it reaches while they are down doesn't
    /// show from outside.
    private var isPardoned = false
    private var pardonedAt: Duration?

    /// Nothing of what was counts any more.
    mutating func reset() {
        (paid, inARow) = ([], 0)
    }

    /// It is down, or about to be, until somebody starts it.
    mutating func goesDown() {
        isDown = true
        due = nil
    }

    /// A roll-out of its service begins, or turns back.
    mutating func pardon(at now: Duration) {
        pardonedAt = now
        if current == nil { isPardoned = true }
    }

    /// Whether it isn't known what has been paid for from the budget.
    private func isUncertain(_ policy: RestartPolicy, at now: Duration) -> Bool {
        pardonedAt.map { now - $0 < policy.window } ?? false
    }

    /// An incarnation is executed, or was to be.
    mutating func executed(_ number: UInt64) {
        // Its predecessor's end was nobody's business but a roll-out's, which starts the worker anew.
        if exchange(&due, with: nil) != nil || isDown { reset() }
        isDown = false
        if current == nil { current = number } else { successor = number }
    }

    /// It waits no more for a restart: it is started at once, by command or for another release, or not at all.
    mutating func waitIsOver() {
        if current == nil, due == nil { isDown = true }
    }

    /// It became ready.
    mutating func ready(_ number: UInt64, at now: Duration) { readySince[number] = now }

    /// A successor took over.
    mutating func replaced(_ number: UInt64, by successor: UInt64, _ policy: RestartPolicy, at now: Duration) {
        settleRow(number, policy, at: now)
        current = successor
        self.successor = nil
    }

    /// One is told to stop so that it isn't the worker any more.
    mutating func retired(_ number: UInt64, _ policy: RestartPolicy, at now: Duration) {
        if successor == number { successor = nil }
        guard current == number else { return }
        settleRow(number, policy, at: now)
        current = nil
    }

    /// An incarnation ended that nobody told to, or could not be executed.
    mutating func ended(
        _ number: UInt64, isManual: Bool, isExhaustion: Bool, _ policy: RestartPolicy, at now: Duration
    ) {
        if number == successor {
            successor = nil
            return
        }
        guard number == current else { return }
        settleRow(number, policy, at: now)
        var isSpent = false
        if !isManual, !isExhaustion {
            paid.removeAll { now - $0 >= policy.window }
            isSpent = paid.count >= policy.budget
            if !isSpent { paid.append(now) }
        }
        current = successor
        successor = nil
        due =
            current == nil
            ? Due(
                isSpent: isSpent && !isUncertain(policy, at: now), isManual: isManual,
                isExhaustion: isExhaustion) : nil
    }

    private mutating func settleRow(_ number: UInt64, _ policy: RestartPolicy, at now: Duration) {
        if let since = readySince.removeValue(forKey: number), now - since >= policy.window { inARow = 0 }
    }

    /// Checks a restart that is told; nil if it is as it should be.
    mutating func check(restartAfter wait: Duration, _ policy: RestartPolicy, isOneshot: Bool) -> String? {
        guard let due = exchange(&due, with: nil) else {
            // A oneshot that somebody wants to run again begins anew.
            if isOneshot { reset() }
            return nil
        }
        if due.isSpent { return "it is restarted beyond its budget of \(policy.budget) in \(policy.window)" }
        if exchange(&isPardoned, with: false), wait == .zero {
            inARow = 0
            if let pardonedAt { paid.removeAll { $0 < pardonedAt } }
        }
        if due.isManual { return wait == .zero ? nil : "it waits \(wait) though somebody wished it" }
        inARow += 1
        var expected = 0.0
        if inARow > 1 {
            expected = policy.delay / .seconds(1)
            for _ in 2..<inARow { expected = min(expected * policy.multiplier, policy.maximumDelay / .seconds(1)) }
            expected = min(expected, policy.maximumDelay / .seconds(1))
        }
        var (least, most) = (expected * (1 - policy.jitter), expected * (1 + policy.jitter))
        // Where no budget ends it, there is a floor.
        if due.isExhaustion, inARow > 1 { (least, most) = (max(least, 0.1), max(most, 0.1)) }
        let seconds = wait / .seconds(1)
        if seconds >= least - 1e-6, seconds <= most + 1e-6 { return nil }
        return "it waits \(seconds) s before restart \(inARow) in a row, not \(least) to \(most)"
    }

    /// Checks that a worker is given up; nil if that is as it should be.
    mutating func check(failedUnder policy: RestartPolicy, at now: Duration) -> String? {
        guard let due = exchange(&due, with: nil) else { return nil }
        if due.isSpent || policy.condition == .never || isUncertain(policy, at: now) { return nil }
        return "it is failed though its budget is not spent"
    }
}

extension World {
    /// Keeps account of what a worker is told; to be called when the fleet was, and before what it wants is done.
    mutating func account(for worker: WorkerID, _ input: WorkerInput, _ before: WorkerMachine?) {
        guard let after = fleet.worker(worker) else { return }
        if input == .reset { accounts[worker, default: RestartAccount()].reset() }
        // What is decided now is by what was in force before: it may make a roll-out fail, which changes that.
        let policy = before?.policy.restart ?? after.policy.restart
        accounts[worker, default: RestartAccount()].policy = policy
        switch input {
        case .spawnFailed(let number, let isExhaustion):
            // What was told to stop before anybody knew that it wasn't there is nobody's failure.
            if before?.retiring.contains(where: { $0.number == number }) == true {
                accounts[worker]!.retired(number, policy, at: now)
            } else {
                accounts[worker]!.ended(number, isManual: false, isExhaustion: isExhaustion, policy, at: now)
            }
        default: break
        }
    }

    /// Checks what is told of a worker.
    mutating func note(_ event: WorkerEvent, of worker: WorkerID) throws(Violation) {
        guard let machine = fleet.worker(worker) else { return }
        var account = accounts[worker] ?? RestartAccount()
        let policy = account.policy ?? machine.policy.restart
        defer { accounts[worker] = account }
        var complaint: String?
        switch event {
        case .ready(let number, _): account.ready(number, at: now)
        case .replaced(let number, let successor, _): account.replaced(number, by: successor, policy, at: now)
        case .stopping(let number, let reason):
            // It may be a roll-out's wish, which nobody told the worker; then its new policy is in force already.
            let policy = machine.policy.restart
            switch reason {
            // Its end is one that nobody commanded.
            case .readyTimeout, .watchdog, .exit: break
            case .signal, .oomKill, .memoryHigh, .health, .age, .replaced, .manual, .spawn:
                account.retired(number, policy, at: now)
            case .stopped, .idle:
                account.retired(number, policy, at: now)
                account.goesDown()
            }
        case .ended(let number, let end):
            tally.ends[end.reason, default: 0] += 1
            account.ended(number, isManual: end.reason == .manual, isExhaustion: false, policy, at: now)
        case .restarting(let wait, _):
            complaint = account.check(restartAfter: wait, policy, isOneshot: machine.policy.type == .oneshot)
        case .failed:
            tally.failures += 1
            complaint = account.check(failedUnder: policy, at: now)
            account.goesDown()
        case .done, .stopped, .asleep: account.goesDown()
        case .started, .killed, .frozen, .thawed, .unhealthy, .healthy, .gone, .stuck, .replacing, .held: break
        }
        if let complaint { try hold(false, "budget and back-off are exact", "\(worker): \(complaint)") }
    }
}
