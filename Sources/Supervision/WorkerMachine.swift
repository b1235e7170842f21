/// The life of one worker: which incarnations it has and what is to be done with them.
///
/// A pure value. It is told what happened and when, and answers with what to do. Times are durations since any fixed
/// moment.
///
/// There is at most one `current` incarnation, which is the worker as others see it; at most one `successor`, which
/// becomes current as soon as it is ready; and any number of `retiring` ones, which are on their way out and
/// concern nobody.
public struct WorkerMachine: Hashable, Sendable, Codable {
    /// What is wanted of the worker.
    public enum Goal: String, Hashable, Sendable, Codable {
        /// That it runs.
        case running
        /// That it is down.
        case stopped
        /// That it is down until somebody needs it.
        case asleep
        /// That it is down and then forgotten.
        case removed
    }

    /// Why nothing runs although that is wanted.
    enum Rest: String, Hashable, Codable {
        case none
        case done
        case failed
    }

    /// How the worker is supervised. A change concerns what happens from then on.
    ///
    /// It is the same for most workers, so whoever writes many of them down may leave it out, and has to put it back before
    /// the worker is used.
    public var policy: WorkerPolicy!
    /// The revision of the specification that new incarnations run.
    public internal(set) var revision: String
    /// What is wanted.
    public internal(set) var goal: Goal = .stopped
    /// The incarnation that is the worker as others see it.
    public internal(set) var current: Incarnation?
    /// The incarnation that is about to take over.
    public internal(set) var successor: Incarnation?
    /// Those on their way out.
    public internal(set) var retiring: [Incarnation] = []
    /// How many incarnations were started after an earlier one, by what became of that one.
    public internal(set) var restartsByReason: [EndReason: Int] = [:]
    /// How many of its cgroups were killed by command or as they did not stop in time.
    public internal(set) var kills = 0
    /// The last end of an incarnation that nobody commanded.
    public internal(set) var lastEnd: End?

    /// What keeps it from being started although that is wanted.
    public internal(set) var hold: Hold?
    /// What is to keep a start back that is about to be asked for.
    var gate: Hold?
    var rest = Rest.none
    var restartAt: Duration?
    /// Why `current` is to be replaced, from the wish until the successor is ready.
    var replacement: EndReason?
    /// Whether the successor doesn't take over by itself when it is ready.
    public internal(set) var isHeld = false
    /// Whether nothing is known yet for the revision that new incarnations run: if it fails, somebody decides what
    /// comes then.
    var isOnTrial = false
    /// How many incarnations failed in a row before they had stayed ready for long enough.
    var failures = 0
    /// The last one of them and how it ended.
    var lastFailure: FailedIncarnation?
    var history = RestartHistory()
    /// The history of replacements, which have waits of their own and no budget.
    var replacementHistory = RestartHistory()
    /// The number of the latest incarnation; 0 if there was none.
    public internal(set) var lastNumber: UInt64 = 0
    /// What is to be done for the input at hand; empty between inputs.
    var actions: [WorkerAction] = []

    /// A worker that is down.
    public init(policy: WorkerPolicy, revision: String = "") {
        self.policy = policy
        self.revision = revision
    }

    /// A worker that is down, and whose incarnations have numbers above `number`.
    init(policy: WorkerPolicy, revision: String, numberingAfter number: UInt64) {
        self.policy = policy
        self.revision = revision
        lastNumber = number
    }

    /// What the worker is, in a word.
    public var state: WorkerState {
        if let current { return current.phase == .ready && current.isFrozen ? .frozen : WorkerState(current.phase) }
        if goal == .running {
            switch rest {
            case .done: return .done
            case .failed: return .failed
            case .none: break
            }
            if restartAt != nil || retiring.isEmpty { return .waiting }
        }
        // The last one to have been told.
        return retiring.last.map { WorkerState($0.phase) } ?? (goal == .asleep ? .asleep : .stopped)
    }

    /// How many incarnations were started after an earlier one, planned or not.
    public var restarts: Int { restartsByReason.values.reduce(0, +) }

    /// Whether it isn't ready and will go on until it is, or until its policy gives up.
    var isComingUp: Bool { isMeantToRun && state != .ready && state != .frozen }

    /// Whether it runs, or is going to without a command.
    private var isMeantToRun: Bool { goal == .running && rest == .none && hold?.isBlocked != true }

    /// Whether a successor is on its way, or wanted.
    public var isBeingReplaced: Bool { replacement != nil }

    /// Whether nothing of it is left and nothing will be without a command.
    var isDown: Bool {
        !isMeantToRun && goal != .asleep && current == nil && successor == nil && retiring.isEmpty
    }

    /// Whether an incarnation that serves is unhealthy, by its last health probe too, and is to be replaced.
    public func isUnhealthy(_ number: UInt64) -> Bool {
        guard let current, current.number == number, current.phase == .ready else { return false }
        return !current.healthCount.isHealthy && current.healthCount.failures > 0
    }

    /// Whether anything is left of the incarnations up to a number.
    public func hasIncarnation(upTo number: UInt64) -> Bool {
        [current, successor].contains { $0.map { $0.number <= number } ?? false }
            || retiring.contains { $0.number <= number }
    }

    /// Whether the worker is wanted no more and nothing of it is left.
    public var isOver: Bool { goal != .running && current == nil && successor == nil && retiring.isEmpty }

    /// Tells the worker what happened at `now`, and returns what is to be done.
    public mutating func handle(
        _ input: WorkerInput, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [WorkerAction] {
        switch input {
        case .start: start(at: now)
        case .stop: stop(.stopped, at: now)
        case .sleep: stop(.asleep, at: now)
        case .remove: stop(.removed, at: now)
        case .replace(let reason, let order): replace(reason, order, at: now, using: &random)
        case .takeOver:
            isHeld = false
            takeOver(at: now)
        case .giveUp: giveUp(at: now)
        case .policyChanged: break
        case .kill: kill(at: now)
        case .freeze: freeze()
        case .thaw: thaw(at: now)
        case .reset: reset(at: now)
        case .hold(let hold): change(hold, at: now)
        case .spawned(let number): spawned(number, at: now)
        case .spawnFailed(let number, let isExhaustion):
            spawnFailed(number, isExhaustion: isExhaustion, at: now, using: &random)
        case .ready(let number):
            change(number) { $0.becomeReady(&$1, at: now) }
            takeOver(at: now)
        case .stopping(let number):
            change(number) { machine, incarnation in
                guard incarnation.phase == .ready || incarnation.phase == .starting else { return }
                incarnation.phase = .draining
                machine.endProbes(of: &incarnation)
                machine.setTime(machine.policy.stopTimeout, at: now, of: &incarnation)
            }
        case .watchdog(let number): change(number) { _, incarnation in incarnation.heardAt = now }
        case .watchdogTrigger(let number): change(number) { $0.bark(&$1, at: now) }
        case .extendTimeout(let number, let extension_):
            change(number) { machine, incarnation in
                guard let deadline = incarnation.deadline, let last = incarnation.extensibleUntil else { return }
                guard incarnation.phase != .killing, incarnation.phase != .ready else { return }
                machine.setDeadline(max(deadline, min(now + extension_, last)), of: &incarnation)
                incarnation.extensibleUntil = last
            }
        case .memoryHigh(let number):
            // It goes on touching it until its successor takes over; that must not put the successor off.
            guard current?.number == number, replacement == nil, policy.type != .oneshot else { break }
            replace(.memoryHigh, .successorFirst, at: now, using: &random)
        case .unhealthy(let number):
            // Its probes go on to fail until its successor takes over, as above.
            guard let current, current.number == number, current.phase == .ready, replacement == nil else { break }
            replace(.health, .successorFirst, at: now, using: &random)
        case .healthPolicyChanged: changeHealthPolicy(at: now)
        case .probed(let number, let kind, let passed): probed(number, kind, passed: passed, at: now)
        case .leaderExited(let number, let exit):
            change(number) { machine, incarnation in
                incarnation.stopReason = incarnation.stopReason ?? EndReason(exit)
                machine.actions.append(.signalAll(number))
                // If it was told to stop, its descendants have as long as it had.
                if incarnation.phase != .stopping && incarnation.phase != .killing {
                    machine.expectEnd(of: &incarnation, at: now)
                }
            }
        case .gone(let number, let exit, let isOutOfMemory):
            gone(number, exit, isOutOfMemory: isOutOfMemory, at: now, using: &random)
        case .deadline(let deadline): passed(deadline, at: now, using: &random)
        }
        expectAge(at: now, using: &random)
        defer { (actions, gate) = ([], nil) }
        return actions
    }

    /// Goes on under another supervisor. While there was none nobody listened for signs of life.
    mutating func goOn(at now: Duration) {
        for number in [current, successor].compactMap({ $0?.number }) + retiring.map(\.number) {
            change(number) { _, incarnation in
                if incarnation.heardAt != nil { incarnation.heardAt = now }
            }
        }
    }

    /// What it waits for: all that it asked to be armed, so that whoever takes it over arms it again.
    public var deadlines: [WorkerDeadline: Duration] {
        var deadlines: [WorkerDeadline: Duration] = [:]
        deadlines[.restart] = restartAt
        for incarnation in [current, successor].compactMap({ $0 }) + retiring {
            let number = incarnation.number
            deadlines[.phase(number)] = incarnation.deadline
            deadlines[.probe(number)] = incarnation.probe?.dueAt
            guard incarnation.readyAt != nil, incarnation.phase == .ready || incarnation.phase == .draining else {
                continue
            }
            if let watchdog = incarnation.watchdog, let heardAt = incarnation.heardAt, !incarnation.isFrozen {
                deadlines[.watchdog(number)] = heardAt + watchdog
            }
            if number == current?.number { deadlines[.age(number)] = incarnation.tooOldAt }
        }
        return deadlines
    }

    // MARK: Places

    mutating func setDeadline(_ deadline: Duration?, of incarnation: inout Incarnation) {
        if let deadline {
            actions.append(.arm(.phase(incarnation.number), at: deadline))
        } else if incarnation.deadline != nil {
            actions.append(.disarm(.phase(incarnation.number)))
        }
        incarnation.deadline = deadline
        incarnation.extensibleUntil = nil
    }

    /// Sets a deadline that the incarnation may put off.
    mutating func setTime(_ time: Duration, at now: Duration, of incarnation: inout Incarnation) {
        setDeadline(now + time, of: &incarnation)
        incarnation.extensibleUntil = now + time * Incarnation.mostExtension
    }

    /// Whether anything of an incarnation is left.
    func has(_ number: UInt64) -> Bool {
        current?.number == number || successor?.number == number || retiring.contains { $0.number == number }
    }

    /// Changes an incarnation in its place; does nothing if it is gone.
    mutating func change(_ number: UInt64, _ body: (inout WorkerMachine, inout Incarnation) -> Void) {
        if var incarnation = current, incarnation.number == number {
            body(&self, &incarnation)
            current = incarnation
        } else if var incarnation = successor, incarnation.number == number {
            body(&self, &incarnation)
            successor = incarnation
        } else if let index = retiring.firstIndex(where: { $0.number == number }) {
            var incarnation = retiring[index]
            body(&self, &incarnation)
            retiring[index] = incarnation
        }
    }
}

extension WorkerState {
    init(_ phase: Incarnation.Phase) {
        switch phase {
        case .starting: self = .starting
        case .ready: self = .ready
        case .draining: self = .draining
        case .stopping: self = .stopping
        case .killing: self = .killing
        }
    }
}

extension EndReason {
    init(_ exit: Exit) {
        switch exit {
        case .signal: self = .signal
        case .code, .unknown: self = .exit
        }
    }
}
