import Reactor

/// What a service on demand is watched for: connections while it sleeps, and their absence while it doesn't.
final class Demand {
    /// Wait for a connection, each with the socket that it is for.
    var watches: [(watch: Watch, socket: Shared<Descriptor>)] = []
    /// When the service was last seen in use.
    var lastUse = Duration.zero
    /// When it was looked at last.
    var lastLook = Duration.zero
    /// When it is looked at next; nil while it sleeps, or while somebody looks.
    var timer: Timer?
    /// Whether somebody looks, on a thread of its own.
    var isLooking = false

    /// How often a service is looked at whose workers are stopped after `timeout` without a connection.
    static func interval(_ timeout: Duration) -> Duration {
        min(max(timeout / 4, .milliseconds(50)), .seconds(5))
    }
}
