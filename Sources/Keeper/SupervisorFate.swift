public import Processes

/// What the keeper does about the end of a supervisor. A pure value; times are on any fixed clock.
public struct SupervisorFate: Sendable {
    /// What is to be done.
    public enum Verdict: Hashable, Sendable {
        /// The keeper ends with this exit code.
        case end(code: Int32)
        /// A supervisor is started after this wait.
        case restart(after: Duration, StartReason)
    }

    /// With one more end in a row of a supervisor that lived for less than ``stableTime`` the keeper gives up. One that
    /// came up and was killed with SIGKILL by someone else doesn't count, and begins a new row. With one that was killed so
    /// before it came up there is a longer wait, but workers that run are not given up for it.
    public static let mostFailures = 10
    /// A supervisor that was up for so long begins a new row.
    public static let stableTime = Duration.seconds(10)
    /// The exit code of a keeper that gave up, as of one whose supervisor was killed before it ever came up.
    public static let failureCode: Int32 = 1

    /// Whether any supervisor has come up so far.
    private var hasBeenUp = false
    /// Whether the present one has come up, and when.
    private var upSince: Duration?
    /// When the present one gave its last sign of life.
    private var lastSign = Duration.zero
    /// Whether the keeper kills the present one as it is silent.
    private var isHung = false
    /// Whether it said that it is going to end.
    private var isStopping = false
    /// Whether it is to be followed by another program.
    private var isHandingOver = false
    /// Whether it is the first one of another program.
    private var isNewProgram = false
    private var failures = 0

    /// The fate of the first supervisor.
    public init() {}

    /// The supervisor has given a sign of life. With the first one it has come up.
    ///
    /// - Returns: whether that was the first one.
    public mutating func cameUp(at now: Duration) -> Bool {
        lastSign = now
        guard upSince == nil else { return false }
        upSince = now
        hasBeenUp = true
        isNewProgram = false
        return true
    }

    /// The supervisor said that it ends, as was wished.
    public mutating func isGoingToStop() { isStopping = true }

    /// The supervisor is silent, and the keeper kills it, with whatever signal that takes in the end.
    public mutating func hung() { isHung = true }

    /// The supervisor is to be killed, and to be followed by one of another program.
    public mutating func handOver() { isHandingOver = true }

    /// The other program could not even be executed.
    ///
    /// - Parameter returning: is called so that the program before is taken again.
    public mutating func couldNotStart(returning: () -> Void) -> Verdict {
        isNewProgram = false
        returning()
        return .restart(after: .zero, .failedUpgrade)
    }

    /// The supervisor ended.
    ///
    /// - Parameters:
    ///   - exit: how.
    ///   - now: when.
    ///   - returning: is called if the program before is to be taken again.
    public mutating func ended(_ exit: ProcessExit, at now: Duration, returning: () -> Void) -> Verdict {
        defer {
            upSince = nil
            isStopping = false
            isHung = false
        }
        if isHandingOver {
            isHandingOver = false
            isNewProgram = true
            return .restart(after: .zero, .upgrade)
        }
        if isNewProgram {
            isNewProgram = false
            returning()
            return .restart(after: .zero, .failedUpgrade)
        }
        if case .exited(let code) = exit, isStopping || !hasBeenUp { return .end(code: code) }
        if let upSince {
            // One that hung was alive until its last sign of life.
            if (isHung ? lastSign : now) - upSince >= Self.stableTime { failures = 0 }
            if !isHung, Self.isKill(exit) {
                // No fault of its own: an operator or the kernel killed it. The next one is going to come up as it did.
                failures = 0
                return .restart(after: .zero, .death)
            }
        }
        failures += 1
        if hasBeenUp, !isHung, Self.isKill(exit) { failures = min(failures, Self.mostFailures) }
        guard failures <= Self.mostFailures else { return .end(code: Self.failureCode) }
        let wait = failures < 3 ? Duration.zero : .milliseconds(min(5000, 100 << (failures - 3)))
        return .restart(after: wait, isHung ? .hang : .death)
    }

    private static func isKill(_ exit: ProcessExit) -> Bool {
        if case .signaled(signal: 9, _) = exit { true } else { false }
    }
}

/// Why a supervisor was started.
public enum StartReason: String, Hashable, Sendable {
    /// It is the first one.
    case first
    /// The one before it died.
    case death
    /// The one before it gave no sign of life, and was killed.
    case hang
    /// The one before it was replaced by another program.
    case upgrade
    /// The program before it didn't come up, so that this is the one before that again.
    case failedUpgrade = "failed-upgrade"
    /// It goes on with what another supervisor handed over, whose keeper has ended.
    case takeover
}
