public import Supervision

/// What can be asked of workers.
public enum WorkerCommand: Hashable, Sendable {
    /// Run them; one that has failed gets a new budget.
    case start
    /// Stop them and leave them down.
    case stop
    /// Replace those that run, one after another within a service, each when its successor is ready; start the others.
    case restart
    /// Forget their failures: a new budget, no more wait; one that has failed is started.
    case reset
    /// Kill all that runs of them, at once. What comes then is up to the restart policy; no budget is spent.
    case kill
    /// Freeze those that are ready (`cgroup.freeze`).
    case freeze
    /// Let those that are frozen go on.
    case thaw
    /// Send a signal.
    case signal(Int32, to: Recipients)

    /// Who gets a signal.
    public enum Recipients: String, CaseIterable, Hashable, Sendable, Codable {
        /// The leader: the process that was started, or the one it named with `MAINPID=`.
        case leader
        /// Every process of the worker but its leader.
        case children
        /// Every process of the worker.
        case all
    }

    /// What is usually waited for after it.
    public var milestone: Milestone {
        switch self {
        case .start, .restart, .reset, .thaw, .signal: .ready
        case .stop, .kill: .stopped
        case .freeze: .frozen
        }
    }

    /// What it wants a worker to be; nil if it changes nothing about that.
    var intent: OrderBook.Intent? {
        switch self {
        case .start, .restart, .thaw: .running
        case .stop: .stopped
        case .freeze: .frozen
        case .reset, .kill, .signal: nil
        }
    }
}

/// What can be waited for.
public enum Milestone: String, CaseIterable, Hashable, Sendable, Codable {
    /// The worker is ready, and nothing is left of what the command ended; or it won't be: it has failed or is done.
    case ready
    /// Nothing is left of what the command ended.
    case stopped
    /// All of the worker is frozen.
    case frozen
}

/// A command that was given, by which its outcome can be waited for.
public struct Order: Sendable {
    /// The workers that it concerns, in order.
    public let workers: [WorkerID]
    /// Which command it was for each of them; none if a later one can't come between.
    let numbers: [WorkerID: UInt64]
    /// The last incarnation of each that it puts an end to.
    let ended: [WorkerID: UInt64]
    /// The workers that are to go for good.
    let leaving: Set<WorkerID>
    /// The roll-outs that it began, by service.
    let rollouts: [String: Rollout]

    /// A roll-out.
    struct Rollout: Hashable, Sendable {
        let number: UInt64
        let target: String
    }
}

/// What became of a command for one worker.
public struct WorkerOutcome: Hashable, Sendable, Codable {
    /// The worker, as in `web/0`.
    public var worker: String
    /// What became of it.
    public var outcome: Outcome
    /// The worker's state at that time, as in `WorkerState`; nil if it is gone for good.
    public var state: String?
    /// How its last incarnation ended; for one that failed.
    public var lastExit: ExitSnapshot?
    /// What it waits for before it is started, in words.
    public var waitingFor: String?

    /// What became of a command for one worker.
    public enum Outcome: String, CaseIterable, Hashable, Sendable, Codable {
        /// It is on its way; nobody waited.
        case accepted
        /// The worker got there.
        case reached
        /// It won't: it has failed for good, or waits for one that has.
        case failed
        /// It ended, or was stopped before, and is to stay so.
        case done
        /// Its roll-out failed, so that it runs what it ran before.
        case notReplaced = "not-replaced"
        /// Another command came meanwhile, which wants something else.
        case superseded
        /// It wasn't there in time, and goes on.
        case timedOut = "timed-out"
    }

    /// What became of a command for one worker.
    public init(
        worker: String, outcome: Outcome, state: String?, lastExit: ExitSnapshot? = nil, waitingFor: String? = nil
    ) {
        self.worker = worker
        self.outcome = outcome
        self.state = state
        self.lastExit = lastExit
        self.waitingFor = waitingFor
    }
}

/// A command that can't be followed; nothing was done.
public enum CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A name stands for nothing.
    case unknown(UnknownNameError)
    /// A worker isn't in a state for it.
    case conflict(String)
    /// What was asked for makes no sense.
    case invalid(String)
    /// The kernel refused.
    case failed(String)
    /// Whoever asks may not have it done.
    case forbidden(String)

    /// A sentence that says what to do.
    public var description: String {
        switch self {
        case .unknown(let error): error.description
        case .conflict(let reason), .invalid(let reason), .failed(let reason), .forbidden(let reason): reason
        }
    }
}
