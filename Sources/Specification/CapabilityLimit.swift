public import Processes

/// Which capabilities (capabilities(7)) the processes of a service may have.
public enum CapabilityLimit: Hashable, Sendable, Codable {
    /// Exactly these, whoever they run as, and by no program more.
    case only(CapabilitySet)
    /// No limit: root has all that the supervisor has, and any other user what set-user-ID programs give.
    case all

    /// Those that a process is to have; nil for no limit.
    public var set: CapabilitySet? {
        switch self {
        case .only(let set): set
        case .all: nil
        }
    }
}
