/// What a new specification says otherwise under one key.
public struct KeyChange: Codable, Hashable, Sendable {
    /// Whether the key came, went, or has another value.
    public enum Kind: String, Codable, Hashable, Sendable {
        case added, removed, changed
    }

    /// How the change gets to the workers that run.
    public enum Effect: String, Codable, Hashable, Sendable {
        /// They stay as they are: it is written to their cgroups, or is the supervisor's own business.
        case live
        /// Each is replaced by a successor.
        case replace
    }

    /// The key as in the file, below its service: `limits.memory_max`. A socket goes by its name: `socket.http.listen`;
    /// `socket` alone is the names of all, in the order of their descriptors.
    public var key: String
    /// Whether it came, went, or has another value. A key that the file leaves out has its default.
    public var kind: Kind
    /// How it gets to the workers.
    public var effect: Effect
    /// The former value in TOML: `"512M"`. Nil if the key is new, and for variables of the environment, which may be
    /// secret.
    public var old: String?
    /// The new value in TOML, as ``old``.
    public var new: String?
}
