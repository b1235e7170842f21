/// What a new specification changes, service by service: the plan of a reload.
public struct SpecificationChange: Hashable, Sendable {
    /// What becomes of one service.
    public enum Change: Hashable, Sendable {
        /// It is new.
        case added
        /// It is no more.
        case removed
        /// It is as it was.
        case unchanged
        /// It differs; with `countOnly`, in nothing but its number of workers, so that none needs to be replaced.
        case changed(countOnly: Bool)
    }

    /// Every service of either specification by name.
    public let services: [String: Change]

    /// The difference between the specification in force and the one to come.
    public init(from old: Specification, to new: Specification) {
        let before = Dictionary(uniqueKeysWithValues: old.services.map { ($0.name, $0) })
        var services = before.mapValues { _ in Change.removed }
        for service in new.services {
            guard var former = before[service.name] else {
                services[service.name] = .added
                continue
            }
            if former == service {
                services[service.name] = .unchanged
            } else {
                former.workers = service.workers
                services[service.name] = .changed(countOnly: former == service)
            }
        }
        self.services = services
    }

    /// The names of the services that are affected in the way that `condition` tells, sorted.
    public func names(where condition: (Change) -> Bool) -> [String] {
        services.filter { condition($0.value) }.keys.sorted()
    }

    /// Whether nothing changes at all.
    public var isEmpty: Bool { services.values.allSatisfy { $0 == .unchanged } }
}
