/// The way of a service's workers from one specification to another: how far it is, and why it ended if it failed.
///
/// A specification is known here by its revision, any text that tells it from others: its digest.
public struct Rollout: Hashable, Sendable, Codable {
    /// Where it is.
    public enum State: String, CaseIterable, Hashable, Sendable, Codable {
        /// Workers are replaced.
        case running
        /// The release failed. What is not replaced stays so, and what starts from now on runs the former one.
        case stopped
        /// The release failed, and what is replaced is being replaced back.
        case rollingBack = "rolling-back"
        /// The release failed, and all workers run the former one.
        case rolledBack = "rolled-back"
        /// All workers run the release.
        case done
    }

    /// Its number among the service's roll-outs, from 1.
    public let number: UInt64
    /// How the successors follow.
    public let strategy: RolloutPolicy.Strategy
    /// The revision that it leads to.
    public let target: String
    /// The revision that is known to be good meanwhile, and that ``Fleet/undoRollout(of:at:)`` leads back to.
    public let former: String
    /// Where it is.
    public internal(set) var state = State.running
    /// Whether no further worker is replaced until it is resumed.
    public internal(set) var isPaused = false
    /// The workers whose turn has not come, in order.
    public internal(set) var waiting: [Int]
    /// Those that are through, in order.
    public internal(set) var done: [Int] = []
    /// Why it stopped or goes back.
    public internal(set) var failure: RolloutFailure?
    /// When it began.
    public let startedAt: Duration
    /// When it ended; nil while it goes on.
    public internal(set) var endedAt: Duration?

    /// Whether it goes on, one way or the other.
    public var isUnderWay: Bool {
        switch state {
        case .running, .rollingBack: true
        case .stopped, .rolledBack, .done: false
        }
    }

    /// Whether further workers may be replaced for it now.
    var isMoving: Bool { isUnderWay && !isPaused }
}

/// What made a release fail.
public struct RolloutFailure: Hashable, Sendable, Codable {
    /// The worker whose incarnations failed.
    public let worker: Int
    /// The last one of them; 0 if there was none.
    public let incarnation: UInt64
    /// How that one ended.
    public let end: End?
    /// How many of them failed in a row.
    public let failures: Int
}

/// What happens to a roll-out that others want to know.
public enum RolloutEvent: Hashable, Sendable, Codable {
    /// It begins, from one revision to another, for so many workers.
    case started(from: String, to: String, workers: Int)
    /// One more worker is through.
    case progress(worker: Int, done: Int, of: Int)
    /// It is paused by command.
    case paused
    /// It goes on by command.
    case resumed
    /// Its release failed, and nothing is replaced any more.
    case stopped(RolloutFailure)
    /// Its release failed, and so many workers are replaced back.
    case rollingBack(RolloutFailure, workers: Int)
    /// All workers run the former revision again.
    case rolledBack(to: String)
    /// All workers run the revision.
    case done(String)
}

/// Why a roll-out can't be commanded as wished.
public enum RolloutError: Error, Hashable, Sendable {
    /// There is no such service.
    case noService
    /// The service has had none.
    case none
    /// It is in this state.
    case state(Rollout.State)
    /// It is paused already, or is not paused.
    case isPaused(Bool)
    /// What it came from is not known any more.
    case formerIsUnknown
}

/// A wish that a worker be exchanged by one of the same specification; it waits until its turn comes.
struct ReplacementRequest: Hashable, Sendable, Codable {
    let number: Int
    let reason: EndReason
    /// The incarnation that is to be exchanged; nil for whichever runs.
    let incarnation: UInt64?

    /// Whether it goes before those that are not.
    var isUrgent: Bool {
        switch reason {
        case .memoryHigh, .health: true
        case .exit, .signal, .oomKill, .readyTimeout, .watchdog, .age, .replaced, .manual, .stopped, .idle, .spawn:
            false
        }
    }
}

/// The replacement of one worker that is under way.
struct ReplacementStep: Hashable, Sendable, Codable {
    enum Kind: String, Hashable, Sendable, Codable {
        /// The successor is started first.
        case surge
        /// The predecessor is stopped first.
        case inPlace
        /// The successor is started first, and takes over with all others.
        case held
        /// There is no predecessor.
        case start
    }

    let kind: Kind
    /// Whether it belongs to the roll-out, not to a request.
    let isOfRollout: Bool
    /// The requests that it fulfils, if it isn't given up.
    var requests: [ReplacementRequest]
}

/// A service of a fleet.
struct FleetService: Hashable, Sendable, Codable {
    /// How workers are supervised, by the revision that they run.
    var policies: [String: WorkerPolicy] = [:]
    /// The revision that is known to be good: that of the last roll-out which got through. It is what workers are
    /// started with, but for those that a roll-out has reached.
    var revision: String
    /// How many workers are wanted; there may be more on their way out. A worker's number is its index.
    var wanted = 0
    var workers: [WorkerMachine] = []
    var requests: [ReplacementRequest] = []
    /// What is under way, by the worker's number.
    var steps: [Int: ReplacementStep] = [:]
    /// The latest roll-out.
    var rollout: Rollout?
    /// Whether its workers are down until somebody needs them.
    var isAsleep = false

    init(revision: String) {
        self.revision = revision
    }

    /// What the workers that nothing is known against run, or come to.
    var revisionInForce: String {
        guard let rollout, rollout.state == .running else { return revision }
        return rollout.target
    }

    var policyInForce: WorkerPolicy { policies[revisionInForce] ?? WorkerPolicy() }

    /// The revisions that anything runs or may come to run.
    var revisions: Set<String> {
        var revisions: Set<String> = [revision]
        if let rollout { revisions.formUnion([rollout.target, rollout.former]) }
        for worker in workers { revisions.formUnion(worker.revisions) }
        return revisions
    }

    /// Whether a worker is being replaced, or is to be.
    func isToBeReplaced(_ number: Int) -> Bool {
        if steps[number] != nil || workers[number].isBeingReplaced { return true }
        if requests.contains(where: { $0.number == number }) { return true }
        guard let rollout, rollout.isUnderWay else { return false }
        return rollout.waiting.contains(number)
    }
}

extension FleetService {
    /// Drops what concerns workers from a number on.
    mutating func keepBelow(_ count: Int) {
        requests.removeAll { $0.number >= count }
        steps = steps.filter { $0.key < count }
        rollout?.waiting.removeAll { $0 >= count }
        rollout?.done.removeAll { $0 >= count }
    }

    /// Whether any worker has to be replaced to get to a revision, and nothing is done about it.
    func needsRollout(to revision: String) -> Bool {
        if revision != revisionInForce { return true }
        if rollout?.isUnderWay == true { return false }
        return workers.prefix(wanted).contains { $0.runningRevision != revision }
    }

    /// A roll-out that is under way wants to know what becomes of a worker that is new.
    mutating func noteStart(of number: Int) {
        guard let rollout, rollout.state == .running, rollout.target != self.revision else { return }
        steps[number] = ReplacementStep(kind: .start, isOfRollout: true, requests: [])
        workers[number].isOnTrial = true
        self.rollout!.waiting.removeAll { $0 == number }
    }
}

extension WorkerInput {
    /// The replacement that it wishes for, if it does: the reason, and which incarnation is to be replaced.
    var replacement: (EndReason, UInt64?)? {
        switch self {
        case .replace(let reason, _): (reason, nil)
        case .memoryHigh(let number): (.memoryHigh, number)
        case .unhealthy(let number): (.health, number)
        case .deadline(.age(let number)): (.age, number)
        case .start, .stop, .remove, .kill, .freeze, .thaw, .reset, .hold, .takeOver, .giveUp, .policyChanged, .spawned,
            .sleep, .healthPolicyChanged, .probed, .deadline(.probe), .spawnFailed, .ready, .stopping, .watchdog,
            .watchdogTrigger, .extendTimeout, .leaderExited, .gone,
            .deadline(.restart), .deadline(.phase), .deadline(.watchdog):
            nil
        }
    }
}
