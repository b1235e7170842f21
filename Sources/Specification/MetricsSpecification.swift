/// Where metrics are served beside the API, and under which further names.
public struct MetricsSpecification: Hashable, Sendable, Codable {
    /// Names of another program that metrics are given under as well.
    public enum Alias: String, CaseIterable, Hashable, Sendable, Codable {
        /// Those of Monoceros.
        case monoceros
    }

    /// The loopback TCP address that they are served on, unencrypted and to everyone; nil if they aren't.
    public var listen: SocketAddress?
    /// The further names, for dashboards that were made for those.
    public var aliases: Set<Alias>

    /// Metrics; what is left out is as documented for the configuration file. Nothing is validated here.
    public init(listen: SocketAddress? = nil, aliases: Set<Alias> = []) {
        self.listen = listen
        self.aliases = aliases
    }
}
