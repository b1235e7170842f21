/// What the last probe of an incarnation said.
public struct ProbeSnapshot: Codable, Hashable, Sendable {
    /// What it was to find out: `ready` or `health`.
    public var kind: String
    /// When it was over, in seconds since 1970.
    public var time: Double
    /// Whether it passed.
    public var passed: Bool
    /// Why it failed, in a phrase.
    public var problem: String?
    /// How many of the latest health probes have failed in a row.
    public var failures: Int
}
