/// A name that stands for workers: `web` for all of a service, `web/0` for one, or either with wildcards: `w*`, `*/0`,
/// `web/[0-3]`.
///
/// As in glob(7): `*` is any text, `?` any character, `[0-3]` one of a range and `[!a-c]` one outside of it. A `/` stands
/// for itself alone, and numbers are compared as they are written, so that `[0-3]` is one digit.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    /// The text it was made of.
    public let description: String
    private let service: Glob
    /// Which workers' numbers; nil for all.
    private let number: Glob?

    /// Reads a pattern.
    public init(_ text: String) throws(NamePatternError) {
        description = text
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(""), parts.count <= 2 else { throw NamePatternError(pattern: text, problem: .notAName) }
        service = try Glob(parts[0], in: text)
        if parts.count == 2 { number = try Glob(parts[1], in: text) } else { number = nil }
    }

    /// Whether a worker is meant.
    public func matches(_ worker: WorkerID) -> Bool {
        service.matches(worker.service) && number?.matches("\(worker.number)") != false
    }

    /// Whether a service as a whole is meant, which it may be without having a worker.
    public func matches(service name: String) -> Bool {
        number == nil && service.matches(name)
    }

    /// The only service that can be meant, if all of it is; nil if there may be several.
    public var onlyService: String? { number == nil ? service.literal : nil }

    /// The only worker that can be meant; nil if there may be several.
    public var onlyWorker: WorkerID? {
        guard let name = service.literal, let text = number?.literal, let number = Int(text), "\(number)" == text else {
            return nil
        }
        return WorkerID(service: name, number: number)
    }
}

/// Why a text is no ``NamePattern``.
public struct NamePatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// A part is empty, or there are more than two.
        case notAName
        /// A bracket has no end.
        case unclosedBracket
        /// There is nothing in a pair of brackets.
        case emptyBrackets
        /// A range, as it is written, ends before it begins.
        case backwardRange(String)
    }

    /// The text.
    public let pattern: String
    /// What is wrong with it.
    public let problem: Problem

    /// A sentence that says what to write.
    public var description: String {
        let (what, hint) =
            switch problem {
            case .notAName: ("names no service and no worker", "write one such as web, web/0 or \"w*/[0-3]\"")
            case .unclosedBracket: ("has a \"[\" without a \"]\"", "close it, as in \"web/[0-3]\"")
            case .emptyBrackets: ("has brackets with nothing in them", "name characters, as in \"web/[0-3]\"")
            case .backwardRange(let range):
                ("has a range that ends before it begins", "write \"[\(String(range.reversed()))]\"")
            }
        return "\"\(pattern)\" \(what); \(hint)"
    }
}
