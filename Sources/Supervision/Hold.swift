/// What keeps a worker from being started although that is wanted: services that aren't where they must be first.
public struct Hold: Hashable, Sendable, Codable {
    /// One of the services that are waited for.
    public struct Cause: Hashable, Sendable, Codable {
        /// Which one, how far it must be, and whether it is required.
        public var dependency: Dependency
        /// Why it won't get there without a command; nil if it is on its way.
        public var obstacle: Obstacle?
    }

    /// Why a service won't get where it must be.
    public enum Obstacle: String, CaseIterable, Hashable, Sendable, Codable {
        /// A worker of it has failed for good.
        case failed
        /// A worker of it was stopped by command.
        case stopped
        /// A worker of it is kept back itself.
        case blocked
    }

    /// The services that are waited for, by name; at least one.
    public var causes: [Cause]

    /// Whether nothing changes without a command: a service that is required won't get where it must be.
    public var isBlocked: Bool { causes.contains { $0.obstacle != nil } }
}

extension Hold: CustomStringConvertible {
    /// For people, behind "waits for": `db to be ready and migrate, which has failed`.
    public var description: String {
        causes.map { cause in
            let service = cause.dependency.service
            return switch (cause.obstacle, cause.dependency.condition) {
            case (.failed?, _): "\(service), which has failed"
            case (.stopped?, _): "\(service), which is stopped"
            case (.blocked?, _): "\(service), which can't start itself"
            case (nil, .started): "\(service) to be started"
            case (nil, .ready): "\(service) to be ready"
            case (nil, .completed): "\(service) to be completed"
            }
        }.joined(separator: ", and for ")
    }
}
