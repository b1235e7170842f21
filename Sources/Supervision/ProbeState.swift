/// What a probe of an incarnation is to find out.
public enum ProbeKind: String, CaseIterable, Codable, Hashable, Sendable {
    /// Whether it is ready, while it starts.
    case ready
    /// Whether it is well, once it is ready.
    case health
}

/// Where the probes of an incarnation stand. There is never more than one under way.
public struct ProbeState: Codable, Hashable, Sendable {
    /// What they are to find out.
    public let kind: ProbeKind
    /// When the next one is due; nil while one is under way. A supervisor that takes over a worker asks that one anew.
    public internal(set) var dueAt: Duration?
    /// When the last one was begun.
    var askedAt: Duration?
}
