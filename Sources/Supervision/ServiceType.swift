/// What the workers of a service are for.
public enum ServiceType: String, CaseIterable, Hashable, Sendable, Codable {
    /// They run until somebody stops them.
    case service
    /// Each does its work once and ends: an exit with a code that is a success is the end that is wanted, and counts as
    /// its readiness. There are never two of a worker at a time: what replaces one is started when that is gone.
    case oneshot
}
