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

    /// With one more end in a row of a supervisor that lived for less than ``stableTime`` the keeper gives up.
    public static let mostFailures = 10
    /// A supervisor that was up for so long begins a new row.
    public static let stableTime = Duration.seconds(10)
    /// The exit code of a keeper that gave up, as of one whose supervisor was killed before it ever came up.
    public static let failureCode: Int32 = 1

    /// Whether any supervisor has come up so far.
    private var hasBeenUp = false
    /// Whether the present one has come up, and when.
    private var upSince: Duration?
    /// Whether it said that it is going to end.
    private var isStopping = false
    /// Whether it is to be followed by another program.
    private var isHandingOver = false
    /// Whether it was killed as it gave no sign of life.
    private var isHanging = false
    /// Whether it is the first one of another program.
    private var isNewProgram = false
    private var failures = 0

    /// The fate of the first supervisor.
    public init() {}

    /// Whether the present supervisor has come up.
    public var isUp: Bool { upSince != nil }

    /// The supervisor has come up.
    ///
    /// - Returns: whether that was the first sign of it.
    public mutating func cameUp(at now: Duration) -> Bool {
        guard upSince == nil else { return false }
        upSince = now
        hasBeenUp = true
        isNewProgram = false
        return true
    }

    /// The supervisor said that it ends, as was wished.
    public mutating func isGoingToStop() { isStopping = true }

    /// The supervisor is to be killed, and to be followed by one of another program.
    public mutating func handOver() { isHandingOver = true }

    /// The supervisor is to be killed, as it gives no sign of life.
    public mutating func isHung() { isHanging = true }

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
    /// - Parameter returning: is called if the program before is to be taken again.
    public mutating func ended(_ exit: ProcessExit, at now: Duration, returning: () -> Void) -> Verdict {
        defer {
            upSince = nil
            isStopping = false
            isHanging = false
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
        if let upSince, now - upSince >= Self.stableTime { failures = 0 }
        failures += 1
        guard failures <= Self.mostFailures else { return .end(code: Self.failureCode) }
        let wait = failures < 3 ? Duration.zero : .milliseconds(min(5000, 100 << (failures - 3)))
        return .restart(after: wait, isHanging ? .hang : .death)
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
}
