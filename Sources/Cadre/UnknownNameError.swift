import Supervision

/// A name that stands for no service and no worker.
public struct UnknownNameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name that was given.
    public let name: String
    /// The services there are.
    public let services: [String]

    /// A name that none of `services` or its workers has.
    public init(name: String, services: [String]) {
        self.name = name
        self.services = services
    }

    /// Why the name is no pattern either.
    private var patternError: NamePatternError? {
        do throws(NamePatternError) { _ = try NamePattern(name) } catch {
            return error.problem == .notAName ? nil : error
        }
        return nil
    }

    /// A sentence that lists what there is.
    public var description: String {
        if let error = patternError { return "\(error)" }
        let known = services.isEmpty ? "there are no services" : "the services are \(services.joined(separator: ", "))"
        return "there is no service or worker \"\(name)\"; \(known), and a worker is named like web/0"
    }
}
