/// What becomes of one service.
public struct ServicePlan: Codable, Hashable, Sendable {
    /// What is done.
    public enum Action: String, Codable, Hashable, Sendable {
        /// It is new.
        case add
        /// It is no more: its workers are stopped.
        case remove
        /// It is changed as ``ServicePlan/changes`` tells.
        case change
        /// It is as it was.
        case untouched
    }

    /// The service's name.
    public var name: String
    /// What is done.
    public var action: Action
    /// How many workers the old specification wants; 0 if the service is new.
    public var workersBefore: Int
    /// How many workers the new specification wants; 0 if the service is removed.
    public var workersAfter: Int
    /// Whether a change needs the workers that run to be replaced.
    public var replacesWorkers: Bool
    /// What is changed, sorted by key; empty unless ``action`` is ``Action/change``.
    public var changes: [KeyChange]

    /// The way from one specification of a service to another, of which at least one is there.
    init(name: String, from old: ServiceSpecification?, to new: ServiceSpecification?, cpus: Int) {
        self.name = name
        workersBefore = old?.workers.resolved(cpus: cpus) ?? 0
        workersAfter = new?.workers.resolved(cpus: cpus) ?? 0
        if let old, let new {
            changes = Setting.changes(from: old.settings, to: new.settings)
            action = changes.isEmpty ? .untouched : .change
        } else {
            changes = []
            action = old == nil ? .add : .remove
        }
        replacesWorkers = changes.contains { $0.effect == .replace }
    }
}
