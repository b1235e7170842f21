import Specification
public import Supervision

/// Which services somebody may command.
public struct ServiceRights: Hashable, Sendable {
    /// Patterns for their names; nil for all, and for the supervisor itself.
    private let patterns: [NamePattern]?

    /// The right to everything.
    public static let all = ServiceRights(patterns: nil)

    private init(patterns: [NamePattern]?) {
        self.patterns = patterns
    }

    /// The right to the services that any of the patterns means.
    public init(_ patterns: [NamePattern]) {
        self.patterns = patterns
    }

    /// Whether they are for everything.
    public var areComplete: Bool { patterns == nil }

    /// That they cover all of some services.
    ///
    /// - Throws: ``CommandError/forbidden(_:)``, which names those that they don't cover.
    func require(_ services: some Sequence<String>) throws(CommandError) {
        guard let patterns else { return }
        let others = Set(services).filter { name in !patterns.contains { $0.matches(service: name) } }.sorted()
        if others.isEmpty { return }
        throw .forbidden("this concerns \(others.joined(separator: ", ")), and \(Self.phrase(patterns))")
    }

    /// That they cover all that a plan changes.
    ///
    /// - Throws: ``CommandError/forbidden(_:)``, which names what they don't cover.
    func require(_ plan: Plan) throws(CommandError) {
        try require(plan.services.filter { $0.action != .untouched }.map(\.name))
        guard let patterns, let change = plan.changes.first else { return }
        throw .forbidden("this sets \(change.key), and \(Self.phrase(patterns))")
    }

    private static func phrase(_ patterns: [NamePattern]) -> String {
        if patterns.isEmpty { return "you may look, and change nothing" }
        return "you may change only \(patterns.map(\.description).joined(separator: ", ")); nothing is done"
    }
}
