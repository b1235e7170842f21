/// A path of a sandbox, as it is written: after a leading `-` it may be missing.
public struct SandboxPath: Hashable, Sendable {
    /// The absolute path, still a ``Template``.
    public let path: String
    /// Whether it doesn't matter if there is no such path.
    public let mayBeMissing: Bool

    /// Takes it apart.
    public init(_ text: String) {
        mayBeMissing = text.hasPrefix("-")
        path = mayBeMissing ? String(text.dropFirst()) : text
    }
}
