/// A socket that Cadre opens for a service, or gets from systemd, and passes to the service's workers
/// (sd_listen_fds(3)).
public struct SocketSpecification: Hashable, Sendable, Codable {
    /// Where a socket comes from.
    public enum Source: Hashable, Sendable, Codable {
        /// Cadre binds it to this address.
        case listen(SocketAddress)
        /// systemd passes it, and any others, under this name (`FileDescriptorName=` of systemd.socket(5)).
        case systemd(String)
    }

    /// How a socket carries what is sent (socket(2)).
    public enum Kind: String, CaseIterable, Hashable, Sendable, Codable {
        /// Connections, and bytes on them: TCP, or a unix stream socket.
        case stream
        /// Single messages without connections: UDP, or a unix datagram socket.
        case datagram
        /// Connections, and whole messages on them: unix sockets only.
        case seqpacket
    }

    /// Who may connect to a socket that is a file, as far as that isn't left as it is made.
    public struct File: Hashable, Sendable, Codable {
        /// The permissions, as chmod(2) takes them; nil for those that the supervisor's umask leaves.
        public var mode: UInt32?
        /// The owner, by name or number; nil for the supervisor's user.
        public var user: String?
        /// The group, by name or number; nil for the supervisor's group.
        public var group: String?

        /// What is left out is left as it is made.
        public init(mode: UInt32? = nil, user: String? = nil, group: String? = nil) {
            self.mode = mode
            self.user = user
            self.group = group
        }
    }

    /// The backlog if none is given: the kernel's own `net.core.somaxconn`, which caps any backlog (listen(2)).
    public static let defaultBacklog = 4096

    /// The name in `LISTEN_FDNAMES`, unique in its service.
    public var name: String
    /// Where it comes from.
    public var source: Source
    /// How it carries what is sent; of no meaning for one of systemd's, which is what it is.
    public var kind = Kind.stream
    /// How many connections may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
    public var backlog: Int
    /// Whether each worker has a socket of its own, between which the kernel distributes (`SO_REUSEPORT`).
    public var reusePort = false
    /// Who may connect to it, if it is a file.
    public var file = File()
    /// Whether the address need not be there yet (`IP_FREEBIND`).
    public var freeBind = false
    /// How long a connection may be without data before it is handed out all the same (`TCP_DEFER_ACCEPT`); nil if it
    /// is handed out at once.
    public var deferAccept: Duration?
    /// Whether calls on it don't wait (`O_NONBLOCK` of fcntl(2)); a matter of the open file, so of all who hold it.
    public var isNonBlocking = false
    /// Whether it is the worker's descriptor 0, in place of one that `LISTEN_FDS` counts.
    public var isStandardInput = false

    /// A socket that Cadre opens.
    public init(name: String, address: SocketAddress, backlog: Int = SocketSpecification.defaultBacklog) {
        self.init(name: name, source: .listen(address), backlog: backlog)
    }

    /// A socket.
    public init(name: String, source: Source, backlog: Int = SocketSpecification.defaultBacklog) {
        self.name = name
        self.source = source
        self.backlog = backlog
    }

    /// What it is bound to; nil for one of systemd's.
    public var address: SocketAddress? {
        switch source {
        case .listen(let address): address
        case .systemd: nil
        }
    }

    /// The path of its file; nil if it has none.
    public var path: String? {
        guard case .unix(let path)? = address, path.hasPrefix("/") else { return nil }
        return path
    }

    /// Whether `name` may stand in `LISTEN_FDNAMES`: 1 to 255 printable ASCII characters, none of them a colon.
    public static func isValidName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: ":") }
    }
}
