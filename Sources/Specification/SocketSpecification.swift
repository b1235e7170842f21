/// A listening socket that Cadre opens for a service and passes to each of its workers (sd_listen_fds(3)).
public struct SocketSpecification: Hashable, Sendable, Codable {
    /// The backlog if none is given: the kernel's own `net.core.somaxconn`, which caps any backlog (listen(2)).
    public static let defaultBacklog = 4096

    /// The name in `LISTEN_FDNAMES`, unique in its service.
    public var name: String
    /// What it listens on.
    public var address: SocketAddress
    /// How many connections may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
    public var backlog: Int

    /// A socket.
    public init(name: String, address: SocketAddress, backlog: Int = SocketSpecification.defaultBacklog) {
        self.name = name
        self.address = address
        self.backlog = backlog
    }

    /// Whether `name` may stand in `LISTEN_FDNAMES`: 1 to 255 printable ASCII characters, none of them a colon.
    public static func isValidName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: ":") }
    }
}
