import Supervision

/// What the kernel and the programs do.
extension World {
    mutating func perform(_ action: FleetAction) throws(Violation) {
        switch action {
        case .worker(let worker, let action): try perform(action, of: worker)
        case .forgetWorker(let worker):
            let rule = "what is forgotten has left nothing"
            try hold(!processes.keys.contains { $0.worker == worker }, rule, "\(worker) is forgotten, and not gone")
            try hold(armed[worker, default: [:]].isEmpty, rule, "\(worker) is forgotten with deadlines armed")
            accounts[worker] = nil
        case .forgetService(let service):
            try hold(
                !processes.keys.contains { $0.worker.service == service }, "what is forgotten has left nothing",
                "\(service) is forgotten, and not gone")
            isUp.remove(service)
        case .rollout(let service, let event):
            switch event {
            case .done: tally.rolloutsDone += 1
            case .stopped, .rollingBack: tally.rolloutsFailed += 1
            case .started, .progress, .paused, .resumed, .rolledBack: break
            }
            for worker in accounts.keys where worker.service == service { accounts[worker]!.pardon(at: now) }
        }
    }

    mutating func perform(_ action: WorkerAction, of worker: WorkerID) throws(Violation) {
        switch action {
        case .spawn(let number): try execute(Key(worker: worker, number: number))
        case .signalLeader(let number), .abortLeader(let number), .signalAll(let number):
            try signal(try key(worker, number, action))
        case .kill(let number):
            let key = try key(worker, number, action)
            // A process in an uninterruptible sleep keeps the kernel waiting.
            let patience = processes[key]!.chance(0.02) && !isPeace ? 25.0 : 0.2
            later(key, .gone(number, .signal(9, coreDumped: false), isOutOfMemory: false), 0...patience)
        case .freeze(let number):
            let key = try key(worker, number, action)
            try hold(!processes[key]!.isFrozen, "freezing and thawing alternate", "\(worker)@\(number) is frozen twice")
            processes[key]!.isFrozen = true
        case .thaw(let number):
            let key = try key(worker, number, action)
            try hold(
                processes[key]!.isFrozen, "freezing and thawing alternate", "\(worker)@\(number) is thawed, not frozen")
            thaw(key)
        case .discard(let number): try discard(try key(worker, number, action))
        case .arm(let deadline, let at):
            try hold(at > now, "no deadline is in the past", "\(worker) arms \(deadline) for \(at.clock)")
            if let number = deadline.incarnation { _ = try key(worker, number, action) }
            arm(worker, deadline, at: at)
        case .disarm(let deadline):
            let wasArmed = armed[worker, default: [:]].removeValue(forKey: deadline) != nil
            if wasArmed, deadline == .restart { accounts[worker, default: RestartAccount()].waitIsOver() }
        case .probe(let number, let kind): try probe(try key(worker, number, action), kind)
        case .endProbe(let number):
            try hold(
                probed.removeValue(forKey: Key(worker: worker, number: number)) != nil,
                "probes don't pile up", "a probe of \(worker)@\(number) is ended that isn't there")
        case .report(let event): try note(event, of: worker)
        }
    }

    private func key(_ worker: WorkerID, _ number: UInt64, _ action: WorkerAction) throws(Violation) -> Key {
        let key = Key(worker: worker, number: number)
        try hold(processes[key] != nil, "nothing is done to what isn't there", "\(worker): \(action)")
        return key
    }

    // MARK: Beginning

    private mutating func execute(_ key: Key) throws(Violation) {
        let (worker, number) = (key.worker, key.number)
        try hold(processes[key] == nil, "each incarnation is executed once", "\(worker)@\(number) is executed again")
        executionsNow += 1
        tally.executions += 1
        accounts[worker, default: RestartAccount()].executed(number)
        try hold(executionsNow < 200, "nothing restarts without end", "200 executions while no time passes")
        let isBad = fleet.revision(of: worker, number).map(badRevisions.contains) ?? false
        var process = SimulatedProcess(worker, number, scenario: scenario, isBad: isBad, isPeace: isPeace)
        let isExhausted = now < exhaustedUntil
        if isExhausted || !isPeace && !scenario.isCalm && process.chance(0.02) {
            processes[key] = process
            return try tell(worker, .spawnFailed(number, isExhaustion: isExhausted))
        }
        process.watchdog = fleet.worker(worker)?.policy.watchdog
        processes[key] = process
        foresee(key, isOneshot: fleet.worker(worker)?.policy.type == .oneshot)
        try tell(worker, .spawned(number))
    }

    /// What the program is going to do if nothing comes in between.
    private mutating func foresee(_ key: Key, isOneshot: Bool) {
        let number = key.number
        if isOneshot {
            let isGood = processes[key]!.behaviour == .serves
            if processes[key]!.behaviour == .neverReady || processes[key]!.behaviour == .hangs { return }
            return later(key, .gone(number, .code(isGood ? 0 : 1), isOutOfMemory: false), 1...60)
        }
        switch processes[key]!.behaviour {
        case .serves, .hangsAtStop, .hangs: later(key, .ready(number), 0...5)
        case .neverReady: break
        case .crashes:
            // A release that is bad is never ready.
            let isBad = processes[key]!.isBad
            if !isBad { later(key, .ready(number), 0...3) }
            let longest = !isBad && processes[key]!.chance(0.3) ? 200.0 : 4
            let exit =
                processes[key]!.chance(0.3)
                ? Exit.signal(11, coreDumped: true) : .code(processes[key]!.chance(0.2) ? 0 : 1)
            later(key, .gone(number, exit, isOutOfMemory: false), 0...longest)
        case .leavesDescendants:
            later(key, .ready(number), 0...3)
            later(key, .leaderExited(number, .code(1)), 0...900)
        case .touchesMemory:
            later(key, .ready(number), 0...3)
            for _ in 0..<5 { later(key, .memoryHigh(number), 0...600) }
        case .outOfMemory:
            later(key, .ready(number), 0...3)
            later(key, .gone(number, .signal(9, coreDumped: false), isOutOfMemory: true), 5...2000)
        case .retires:
            later(key, .ready(number), 0...3)
            later(key, .stopping(number), 5...900)
        }
        if !isPeace, !scenario.isCalm, processes[key]!.chance(0.03) { later(key, .watchdogTrigger(number), 0...900) }
        if processes[key]!.chance(0.1) { later(key, .extendTimeout(number, .seconds(7)), 0...20) }
    }

    // MARK: News

    /// Has a process do something after a while.
    private mutating func later(_ key: Key, _ input: WorkerInput, _ seconds: ClosedRange<Double>, isLate: Bool = false)
    {
        let wait = processes[key]?.wait(seconds) ?? .milliseconds(1)
        schedule(.input(key.worker, input, isLate: isLate), at: now + wait)
    }

    /// A process does what it was going to do.
    mutating func happen(_ input: WorkerInput, to worker: WorkerID, isLate: Bool) throws(Violation) {
        guard let number = input.incarnation else { return }
        let key = Key(worker: worker, number: number)
        if isLate {
            // What is in the socket's queue goes with that, if nobody reads it.
            if remains == nil { try tell(worker, input) }
            return
        }
        guard let process = processes[key], !process.isGone else { return }
        let isEnd = if case .gone = input { true } else { false }
        if process.isFrozen, !isEnd {
            processes[key]!.deferred.append(input)
            return
        }
        var input = input
        switch input {
        case .gone(_, _, let isOutOfMemory):
            processes[key]!.isGone = true
            if let exit = process.leaderExit { input = .gone(number, exit, isOutOfMemory: isOutOfMemory) }
        case .leaderExited(_, let exit):
            if process.leaderExit != nil || process.isTold { return }
            processes[key]!.leaderExit = exit
        case .ready:
            processes[key]!.isReady = true
            if let watchdog = process.watchdog { later(key, .watchdog(number), 0...(watchdog / .seconds(2))) }
        case .watchdog:
            if process.behaviour == .hangs, process.isReady, processes[key]!.chance(0.05) { return }
            let half = process.watchdog! / .seconds(2)
            later(key, .watchdog(number), half / 2...half)
        case .stopping: later(key, .gone(number, .code(0), isOutOfMemory: false), 0...15)
        case .probed(_, let kind, _):
            guard probed[key] == kind else { return }
            probed[key] = nil
        case .memoryHigh, .extendTimeout, .watchdogTrigger: break
        case .start, .stop, .sleep, .remove, .replace, .takeOver, .giveUp, .policyChanged, .kill, .freeze, .thaw,
            .reset,
            .hold, .spawned, .spawnFailed, .healthPolicyChanged, .unhealthy, .deadline:
            break
        }
        if remains != nil {
            remains!.missed.append((worker, input))
            return
        }
        try tell(worker, input)
        if case .probed = input, fleet.worker(worker)?.isUnhealthy(number) == true {
            try tell(worker, .unhealthy(number))
        }
        // The same news may come twice, and late.
        if input.mayComeTwice, processes[key]?.chance(0.1) ?? true { later(key, input, 0...3, isLate: true) }
    }

    // MARK: Ending

    private mutating func signal(_ key: Key) throws(Violation) {
        guard let process = processes[key], !process.isTold else { return }
        processes[key]!.isTold = true
        let gone = WorkerInput.gone(key.number, .signal(15, coreDumped: false), isOutOfMemory: false)
        switch process.behaviour {
        case .hangsAtStop where !isPeace, .hangs where !isPeace: break
        case .leavesDescendants where process.leaderExit == nil && !isPeace:
            processes[key]!.leaderExit = .code(0)
            schedule(.input(key.worker, .leaderExited(key.number, .code(0)), isLate: true), at: now + .milliseconds(5))
            later(key, gone, 0...12)
        case .serves, .crashes, .neverReady, .touchesMemory, .outOfMemory, .retires, .leavesDescendants, .hangsAtStop,
            .hangs:
            later(key, gone, 0...(scenario.isCalm ? 0.9 : 12))
        }
    }

    private mutating func thaw(_ key: Key) {
        processes[key]!.isFrozen = false
        for input in processes[key]!.deferred { schedule(.input(key.worker, input, isLate: false), at: now) }
        processes[key]!.deferred = []
    }

    private mutating func discard(_ key: Key) throws(Violation) {
        processes[key] = nil
        let rule = "what is gone has left nothing"
        try hold(probed[key] == nil, rule, "\(key.worker)@\(key.number) is discarded while probed")
        let left = armed[key.worker, default: [:]].keys.filter { $0.incarnation == key.number }
        try hold(left.isEmpty, rule, "\(key.worker)@\(key.number) is discarded with deadlines armed: \(left)")
    }

    // MARK: Probes

    private mutating func probe(_ key: Key, _ kind: ProbeKind) throws(Violation) {
        let process = processes[key]!
        try hold(
            !process.isFrozen, "what is frozen is left alone", "\(key.worker)@\(key.number) is probed while frozen")
        try hold(
            probed.updateValue(kind, forKey: key) == nil, "probes don't pile up",
            "\(key.worker)@\(key.number) has two probes")
        let isWell =
            switch process.behaviour {
            case .neverReady: kind == .health
            case .hangs: !processes[key]!.chance(0.1)
            case .serves: true
            case .crashes, .hangsAtStop, .leavesDescendants, .touchesMemory, .outOfMemory, .retires:
                processes[key]!.chance(0.9)
            }
        later(key, .probed(key.number, kind, passed: isWell && !(process.isBad && kind == .ready)), 0...2)
    }
}

extension WorkerInput {
    /// Whether a world may tell it twice, as messages and events of files are.
    fileprivate var mayComeTwice: Bool {
        switch self {
        case .ready, .stopping, .watchdogTrigger, .memoryHigh, .gone, .extendTimeout: true
        case .start, .stop, .remove, .replace, .kill, .freeze, .thaw, .reset, .hold, .sleep, .takeOver, .giveUp,
            .policyChanged, .spawned, .spawnFailed, .watchdog, .leaderExited, .deadline, .healthPolicyChanged, .probed,
            .unhealthy:
            false
        }
    }
}
