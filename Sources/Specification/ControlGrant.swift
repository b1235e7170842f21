/// What somebody may change who may not change everything: an entry of `[control.allow]`. Whoever has one may look at
/// everything.
public struct ControlGrant: Hashable, Sendable, Codable {
    /// Who has it.
    public enum Holder: Hashable, Sendable, Codable {
        /// A user, by name or number.
        case user(String)
        /// The members of a group, by name or number; `@NAME` in the file.
        case group(String)
        /// The processes of a service's workers, as which user ever they run; `service:NAME` in the file.
        case workers(of: String)
    }

    /// Who has it.
    public var holder: Holder
    /// The services that may be commanded, by name or pattern (`web`, `api-*`); none for one who may only look.
    public var services: [String]

    /// A grant; nothing is validated here.
    public init(_ holder: Holder, services: [String]) {
        self.holder = holder
        self.services = services
    }
}

extension ControlGrant.Holder: CustomStringConvertible {
    static let groupPrefix = "@"
    static let servicePrefix = "service:"

    /// As it is written in the file.
    public var description: String {
        switch self {
        case .user(let name): name
        case .group(let name): Self.groupPrefix + name
        case .workers(let service): Self.servicePrefix + service
        }
    }

    /// Reads what ``description`` writes.
    init(_ text: String) {
        if text.hasPrefix(Self.servicePrefix) {
            self = .workers(of: String(text.dropFirst(Self.servicePrefix.count)))
        } else if text.hasPrefix(Self.groupPrefix) {
            self = .group(String(text.dropFirst(Self.groupPrefix.count)))
        } else {
            self = .user(text)
        }
    }
}
