import CLinux
import Processes
package import Reactor
package import Specification
import SystemPackage

/// The listening sockets of a service, which its workers share.
struct ListeningSockets {
    /// One socket, closed (and its path removed) when nobody holds this any more.
    private final class Listener {
        var specification: SocketSpecification
        let descriptor: Descriptor

        init(_ specification: SocketSpecification) throws(ListenError) {
            self.specification = specification
            descriptor = try specification.open()
        }

        deinit {
            if case .unix(let path) = specification.address { unlink(path) }
        }
    }

    private var listeners: [Listener] = []

    /// The descriptors, in the order of the specification.
    var descriptors: [Int32] { listeners.map { $0.descriptor.rawValue } }

    /// Opens what is specified and isn't open, keeps what is, and closes what isn't specified any more.
    ///
    /// - Throws: an error that names the address; then everything is as it was.
    mutating func open(_ specifications: [SocketSpecification]) throws(ListenError) {
        guard listeners.map(\.specification) != specifications else { return }
        var all: [Listener] = []
        for specification in specifications {
            if let listener = listeners.first(where: { $0.specification.address == specification.address }) {
                // Its name or backlog may have changed; listen(2) may be called again for the latter.
                listener.specification = specification
                CLinux.listen(listener.descriptor.rawValue, Int32(specification.backlog))
                all.append(listener)
            } else {
                all.append(try Listener(specification))
            }
        }
        listeners = all
    }
}

/// A socket that can't be opened.
package struct ListenError: Error, CustomStringConvertible {
    let address: SocketAddress
    let call: String
    /// The error's number; nil for a failed look-up of a name.
    let errno: Errno?
    /// The error in words.
    let reason: String

    init(_ address: SocketAddress, _ call: String, _ errno: Errno) {
        self.init(address, call, errno, errno.explanation)
    }

    init(_ address: SocketAddress, _ call: String, _ errno: Errno?, _ reason: String) {
        self.address = address
        self.call = call
        self.errno = errno
        self.reason = reason
    }

    package var description: String {
        let remedy =
            switch errno {
            case .addressInUse: "; another program listens there (ss -lnp shows which)"
            case .permissionDenied:
                switch address {
                case .internet(_, let port) where port < 1024: "; \(Capability.bindPrivilegedPorts.remedy)"
                case .internet: ""
                case .unix: "; the supervisor's user may not make a file there"
                }
            default: ""
            }
        return "listen on \(address) (\(call)): \(reason)\(remedy)"
    }
}

extension SocketSpecification {
    /// Makes the socket, binds it and listens: close-on-exec, blocking, as a worker expects it.
    package func open() throws(ListenError) -> Descriptor {
        switch address {
        case .internet(let host, let port): try openInternet(host, port)
        case .unix(let path): try openUnix(path)
        }
    }

    private func openInternet(_ host: String?, _ port: UInt16) throws(ListenError) -> Descriptor {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        // Without a host: the IPv6 wildcard, which takes IPv4 as well, or IPv4 alone where there's no IPv6.
        let code = getaddrinfo(host ?? "::", "\(port)", &hints, &found)
        guard code == 0, let found else {
            throw ListenError(address, "getaddrinfo", nil, String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(found) }
        let information = found.pointee
        let descriptor = socket(information.ai_family, information.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        if descriptor == -1 && host == nil && cadre_errno() == EAFNOSUPPORT {
            return try openInternet("0.0.0.0", port)
        }
        let opened = Descriptor(owning: try check("socket", descriptor))
        // A port whose old connections are still in TIME_WAIT can be listened on at once.
        try set(SOL_SOCKET, SO_REUSEADDR, 1, on: opened)
        if information.ai_family == AF_INET6 {
            try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, host == nil ? 0 : 1, on: opened)
        }
        _ = try check("bind", CLinux.bind(opened.rawValue, information.ai_addr, information.ai_addrlen))
        _ = try check("listen", CLinux.listen(opened.rawValue, Int32(backlog)))
        return opened
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32, on socket: borrowing Descriptor)
        throws(ListenError)
    {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = try check("setsockopt", setsockopt(socket.rawValue, level, option, &value, size))
    }

    private func openUnix(_ path: String) throws(ListenError) -> Descriptor {
        guard var target = UnixAddress(path: path) else {
            throw ListenError(address, "bind", .fileNameTooLong)
        }
        let opened = try unixSocket()
        if target.bind(opened) == -1 {
            // What a killed supervisor left behind has nobody who listens.
            guard cadre_errno() == EADDRINUSE, try isAbandoned(&target) else {
                throw ListenError(address, "bind", Errno(rawValue: cadre_errno()))
            }
            unlink(path)
            _ = try check("bind", target.bind(opened))
        }
        _ = try check("listen", CLinux.listen(opened.rawValue, Int32(backlog)))
        return opened
    }

    private func isAbandoned(_ target: inout UnixAddress) throws(ListenError) -> Bool {
        let probe = try unixSocket()
        if target.connect(probe) == 0 || cadre_errno() != ECONNREFUSED {
            throw ListenError(address, "bind", .addressInUse)
        }
        return true
    }

    private func unixSocket() throws(ListenError) -> Descriptor {
        Descriptor(
            owning: try check("socket", socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)))
    }

    private func check(_ call: String, _ result: Int32) throws(ListenError) -> Int32 {
        if result == -1 { throw ListenError(address, call, Errno(rawValue: cadre_errno())) }
        return result
    }
}
