/// What a worker's state machine is told.
///
/// What concerns an incarnation carries its number. What comes too late, for an incarnation that is gone, is ignored.
public enum WorkerInput: Hashable, Sendable {
    /// Run the worker; if it has failed, with a new budget.
    case start
    /// Stop it, and leave it so.
    case stop
    /// Stop it, until somebody needs it and it is started.
    case sleep
    /// Stop it; it isn't wanted any more.
    case remove
    /// Exchange what runs by a successor: ``EndReason/replaced`` as it runs an outdated specification, or
    /// ``EndReason/manual`` as somebody wishes so. One that is stopped stays so.
    case replace(EndReason, ReplacementOrder = .successorFirst)
    /// Let a successor that waits for others take over.
    case takeOver
    /// Give up the successor that is on its way, or wanted.
    case giveUp
    /// Heed that the policy was changed.
    case policyChanged
    /// Kill all that runs of it, at once; what comes then is up to its policy.
    case kill
    /// Freeze it, if it is ready.
    case freeze
    /// Let it go on.
    case thaw
    /// Forget its failures: a new budget, and no more waiting for a restart.
    case reset
    /// What keeps it from being started has changed; with nil it may be.
    case hold(Hold?)
    /// The answer to ``WorkerAction/spawn(_:)``: the program was executed.
    case spawned(UInt64)
    /// The answer to ``WorkerAction/spawn(_:)``: it was not. Exhaustion is the system's fault and spends no budget.
    case spawnFailed(UInt64, isExhaustion: Bool)
    /// It sent `READY=1`, or printed the line that makes it ready.
    case ready(UInt64)
    /// It sent `STOPPING=1`.
    case stopping(UInt64)
    /// It sent `WATCHDOG=1`.
    case watchdog(UInt64)
    /// It sent `WATCHDOG=trigger`: it wants to be taken for hung.
    case watchdogTrigger(UInt64)
    /// It sent `EXTEND_TIMEOUT_USEC`: its start or its stop may take so much longer, counted from now.
    case extendTimeout(UInt64, Duration)
    /// Its cgroup touched `memory.high`.
    case memoryHigh(UInt64)
    /// The policy's part about health was changed for what runs already.
    case healthPolicyChanged
    /// The answer to ``WorkerAction/probe(_:_:)``.
    case probed(UInt64, ProbeKind, passed: Bool)
    /// Too many of its health probes failed in a row, and so did the last one.
    case unhealthy(UInt64)
    /// Its leader has ended and other processes of it are left.
    case leaderExited(UInt64, Exit)
    /// Its leader has ended and its cgroup is empty.
    case gone(UInt64, Exit, isOutOfMemory: Bool)
    /// A deadline that was asked for has passed.
    case deadline(WorkerDeadline)
}

/// The deadlines a worker's state machine asks for. There is at most one of a kind.
public enum WorkerDeadline: Hashable, Sendable, Codable {
    /// The end of the wait before a restart.
    case restart
    /// The end of an incarnation's present phase.
    case phase(UInt64)
    /// The end of an incarnation's silence.
    case watchdog(UInt64)
    /// When an incarnation is to be probed again.
    case probe(UInt64)
    /// The greatest age of an incarnation.
    case age(UInt64)
}

/// In which order a successor follows its predecessor.
public enum ReplacementOrder: Hashable, Sendable, Codable {
    /// The successor is started, and when it is ready the predecessor is stopped.
    case successorFirst
    /// The same, but the predecessor is stopped only at ``WorkerInput/takeOver``.
    case held
    /// The predecessor is stopped, and when nothing of it is left the successor is started.
    case predecessorFirst
}

/// What a worker's state machine wants done, in this order.
public enum WorkerAction: Hashable, Sendable, Codable {
    /// Make a cgroup and execute the program in it; to be answered by `spawned` or `spawnFailed`.
    case spawn(UInt64)
    /// Send the stop signal to the leader.
    case signalLeader(UInt64)
    /// Send the stop signal to each process that is left.
    case signalAll(UInt64)
    /// Send SIGABRT to the leader, so that it leaves a core dump of where it hangs.
    case abortLeader(UInt64)
    /// Kill the cgroup.
    case kill(UInt64)
    /// Freeze the cgroup.
    case freeze(UInt64)
    /// Thaw the cgroup.
    case thaw(UInt64)
    /// Forget the incarnation and remove its cgroup; no process of it is left.
    case discard(UInt64)
    /// Probe the incarnation; to be answered by `probed`.
    case probe(UInt64, ProbeKind)
    /// Give up the probe that is under way; its answer isn't wanted any more.
    case endProbe(UInt64)
    /// Ask for a deadline, in place of an earlier one of its kind.
    case arm(WorkerDeadline, at: Duration)
    /// Give up a deadline.
    case disarm(WorkerDeadline)
    /// Tell the world.
    case report(WorkerEvent)
}

/// What happens to a worker that others want to know.
public enum WorkerEvent: Hashable, Sendable, Codable {
    /// An incarnation was executed.
    case started(UInt64)
    /// An incarnation became ready, so long after it was executed.
    case ready(UInt64, after: Duration)
    /// An incarnation was told to stop.
    case stopping(UInt64, EndReason)
    /// The cgroup of an incarnation was killed, by command or as it did not stop in time.
    case killed(UInt64, byCommand: Bool)
    /// An incarnation was frozen.
    case frozen(UInt64)
    /// A frozen incarnation goes on.
    case thawed(UInt64)
    /// Too many health probes of an incarnation failed in a row.
    case unhealthy(UInt64)
    /// An incarnation that was unhealthy is well again.
    case healthy(UInt64)
    /// Nothing of an incarnation is left, whoever wished so.
    case gone(PastIncarnation)
    /// Processes of an incarnation don't die even though its cgroup was killed.
    case stuck(UInt64)
    /// An incarnation ended, as nobody asked it to.
    case ended(UInt64, End)
    /// A successor is started while an incarnation still serves, for the reason given.
    case replacing(UInt64, EndReason)
    /// A successor took over.
    case replaced(UInt64, by: UInt64, EndReason)
    /// The worker is started again after this wait, as an earlier incarnation ended for this reason.
    case restarting(after: Duration, EndReason)
    /// The worker is not started yet, or not at all, as it waits for others.
    case held(Hold)
    /// The worker had more restarts than its budget allows; it stays down.
    case failed
    /// The worker ended and is to stay so.
    case done
    /// The worker was stopped by command, all of it.
    case stopped
    /// The worker was stopped until somebody needs it, all of it.
    case asleep
}

/// What a worker is, in a word.
public enum WorkerState: String, CaseIterable, Hashable, Sendable {
    /// A restart is due after a wait, or it is not started before others are.
    case waiting
    /// An incarnation was executed and is not yet ready.
    case starting
    /// An incarnation is ready.
    case ready
    /// An incarnation was ready and is frozen by command.
    case frozen
    /// It finishes what it has.
    case draining
    /// It was told to stop.
    case stopping
    /// Its cgroup was killed.
    case killing
    /// It ended in a way that its policy doesn't restart, or too often.
    case failed
    /// It ended in success and stays so.
    case done
    /// It was stopped by command, or not started yet.
    case stopped
    /// It is down until somebody connects to its service.
    case asleep
}
