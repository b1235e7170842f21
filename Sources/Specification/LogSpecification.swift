/// Where a worker's standard output and standard error go.
public struct LogSpecification: Hashable, Sendable, Codable {
    /// A place for logs.
    public enum Destination: Hashable, Sendable, Codable {
        /// The journal where there is one, else the terminal.
        case auto
        /// journald's stream socket.
        case journal
        /// The supervisor's own standard output, each line with its worker's name.
        case terminal
        /// A file to append to; the absolute path is a ``Template``.
        case file(String)
        /// Nowhere.
        case none
    }

    /// Where the lines go.
    public var destination: Destination

    /// Logging to `destination`.
    public init(destination: Destination = .auto) {
        self.destination = destination
    }
}
