/// How far a service must be for others to start that come after it.
public enum StartCondition: String, CaseIterable, Hashable, Sendable, Codable {
    /// Each of its workers is executed.
    case started
    /// Each of its workers is ready; a oneshot has completed.
    case ready
    /// Each of its workers has run to a success: only a oneshot does.
    case completed
}

/// That a service starts after another one.
public struct Dependency: Hashable, Sendable, Codable {
    /// The service that comes first.
    public var service: String
    /// How far that must be.
    public var condition: StartCondition
    /// Whether the start depends on it. If not, only the order does: what won't get there keeps nobody waiting.
    public var isRequired: Bool

    /// A dependency on `service`.
    public init(_ service: String, _ condition: StartCondition, isRequired: Bool) {
        self.service = service
        self.condition = condition
        self.isRequired = isRequired
    }
}

/// Which services start after which others, and so stop before them.
public struct StartOrder: Hashable, Sendable, Codable {
    private var dependencies: [String: [Dependency]] = [:]
    private var dependents: [String: Set<String>] = [:]

    /// An order of services that don't know each other.
    public init() {}

    /// An order in which each service comes after those of its dependencies.
    public init(_ dependencies: [String: [Dependency]]) {
        for (service, dependencies) in dependencies { set(dependencies, of: service) }
    }

    /// Whether there is none.
    public var isEmpty: Bool { dependencies.isEmpty }

    /// Says anew what a service comes after.
    public mutating func set(_ new: [Dependency], of service: String) {
        for old in dependencies[service] ?? [] {
            dependents[old.service]?.remove(service)
            if dependents[old.service]?.isEmpty == true { dependents[old.service] = nil }
        }
        dependencies[service] = new.isEmpty ? nil : new.sorted { $0.service < $1.service }
        for dependency in new { dependents[dependency.service, default: []].insert(service) }
    }

    /// What a service comes after, by name.
    public func dependencies(of service: String) -> [Dependency] { dependencies[service] ?? [] }

    /// The services that come after this one, sorted.
    public func dependents(of service: String) -> [String] { (dependents[service] ?? []).sorted() }

    /// Whether any service comes after this one.
    func hasDependents(_ service: String) -> Bool { dependents[service] != nil }

    // MARK: Sequences

    /// Services in an order in which each comes after those it depends on, if only by way of others; what is left to
    /// choose goes by name. Those of a circle come last.
    public func sorted(_ services: [String]) -> [String] {
        let all = Set(services).union(dependencies.keys).union(dependents.keys)
        let wanted = Set(services)
        let (order, rest) = peeled(all)
        return (order + rest.sorted()).filter(wanted.contains)
    }

    /// The services of `all` one after another, each when those it depends on are out; and those that never can be, as
    /// they are in a circle or behind one.
    private func peeled(_ all: Set<String>) -> (order: [String], rest: Set<String>) {
        var missing: [String: Int] = [:]
        for service in all { missing[service] = dependencies(of: service).count { all.contains($0.service) } }
        var layer = missing.filter { $0.value == 0 }.keys.sorted()
        var order: [String] = []
        while !layer.isEmpty {
            order += layer
            var next: [String] = []
            for dependent in layer.flatMap(dependents(of:)) where all.contains(dependent) {
                missing[dependent]! -= 1
                if missing[dependent] == 0 { next.append(dependent) }
            }
            layer = next.sorted()
        }
        return (order, all.subtracting(order))
    }

    /// Circles of services of which none could ever start, each as a way back to its beginning: `a`, `b`, `a`. No service
    /// is in two of them; there may be more that show when these are broken up.
    public var circles: [[String]] {
        var (_, rest) = peeled(Set(dependencies.keys).union(dependents.keys))
        var circles: [[String]] = []
        for start in rest.sorted() where rest.contains(start) {
            guard let circle = shortestWay(from: start, backWithin: rest) else { continue }
            circles.append(circle)
            rest.subtract(circle)
        }
        return circles
    }

    private func shortestWay(from start: String, backWithin services: Set<String>) -> [String]? {
        var cameFrom: [String: String] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let service = queue[next]
            next += 1
            for dependency in dependencies(of: service).map(\.service) where services.contains(dependency) {
                if dependency == start {
                    var way = [start, service]
                    while let last = way.last, last != start { way.append(cameFrom[last]!) }
                    return service == start ? [start, start] : way.reversed()
                }
                guard cameFrom[dependency] == nil else { continue }
                cameFrom[dependency] = service
                queue.append(dependency)
            }
        }
        return nil
    }

    /// The heaviest chain of services that wait for each other, of those that have a weight: what they take one after
    /// another, and how many they are.
    public func heaviestChain(_ weights: [String: Duration]) -> (sum: Duration, count: Int) {
        var best: [String: (sum: Duration, count: Int)] = [:]
        // A chain may lead by services that have no weight.
        for service in sorted(Array(Set(weights.keys).union(dependencies.keys).union(dependents.keys))) {
            let before = dependencies(of: service).compactMap { best[$0.service] }.max { $0.sum < $1.sum }
            let (sum, count) = before ?? (.zero, 0)
            best[service] = weights[service].map { (sum + $0, count + 1) } ?? (sum, count)
        }
        return best.values.max { $0.sum < $1.sum } ?? (.zero, 0)
    }
}
