/// Why limits cannot be changed as it was asked: every problem that was found.
public struct LimitChangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// The limit's key, as in `memory_max`; empty if it is about none.
        public let key: String
        /// What is wrong, and what to write instead.
        public let message: String

        /// `memory_max: …`
        public var description: String { key.isEmpty ? message : "\(key): \(message)" }
    }

    /// The problems, sorted by key; at least one.
    public let problems: [Problem]

    /// All of them in one line.
    public var description: String { problems.map(\.description).joined(separator: "; ") }
}
