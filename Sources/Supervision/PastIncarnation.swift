/// An execution of a worker of which nothing is left.
public struct PastIncarnation: Hashable, Sendable, Codable {
    /// Its number among the worker's incarnations.
    public let number: UInt64
    /// The revision of the specification that it ran.
    public internal(set) var revision = ""
    /// When it was executed, or was to be.
    public let startedAt: Duration
    /// When it became ready; nil if it never did.
    public let readyAt: Duration?
    /// When its end began: it was told to stop or killed, or its leader ended while others were left; nil if it was
    /// gone at once.
    public let endingSince: Duration?
    /// When the last process of it was gone.
    public let goneAt: Duration
    /// Why it ended.
    public let reason: EndReason
    /// How its leader ended; nil if it was never executed.
    public let exit: Exit?

    /// How long it took to stop; nil if nobody told it to.
    public var stopDuration: Duration? {
        switch reason {
        case .exit, .signal, .oomKill, .spawn: nil
        case .memoryHigh, .readyTimeout, .watchdog, .health, .age, .replaced, .manual, .stopped, .idle:
            endingSince.map { goneAt - $0 }
        }
    }
}

extension PastIncarnation {
    init(_ incarnation: Incarnation, _ reason: EndReason, _ exit: Exit?, goneAt: Duration) {
        self.init(
            number: incarnation.number, revision: incarnation.revision, startedAt: incarnation.startedAt,
            readyAt: incarnation.readyAt,
            endingSince: incarnation.endingSince, goneAt: goneAt, reason: reason, exit: exit)
    }
}
