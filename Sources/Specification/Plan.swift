/// What a new specification would change: what `cadre plan` shows and `cadre apply` does.
public struct Plan: Codable, Hashable, Sendable {
    /// Every service of either specification, sorted by name.
    public var services: [ServicePlan]
    /// What is changed outside of services, sorted by key, as in `control.group`.
    public var changes: [KeyChange]

    /// The way from the specification in force to the one to come, on a host with `cpus` usable processors.
    public init(from old: Specification, to new: Specification, cpus: Int) {
        let before = Dictionary(uniqueKeysWithValues: old.services.map { ($0.name, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.services.map { ($0.name, $0) })
        services = Set(before.keys).union(after.keys).sorted().map { name in
            ServicePlan(name: name, from: before[name], to: after[name], cpus: cpus)
        }
        changes = Setting.changes(from: old.settings, to: new.settings)
    }

    /// Whether nothing changes at all.
    public var isEmpty: Bool { changes.isEmpty && services.allSatisfy { $0.action == .untouched } }

    /// In one line: `added a; changed b, c; set control.group; 4 unchanged`.
    public var summary: String {
        func names(_ action: ServicePlan.Action) -> [String] { services.filter { $0.action == action }.map(\.name) }
        let kinds = [
            ("added", names(.add)), ("removed", names(.remove)), ("changed", names(.change)),
            ("set", changes.map(\.key)),
        ]
        let parts = kinds.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
        return (parts + ["\(names(.untouched).count) unchanged"]).joined(separator: "; ")
    }
}
