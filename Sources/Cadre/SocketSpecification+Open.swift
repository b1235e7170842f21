import CLinux
import Processes
package import Reactor
package import Specification
import SystemPackage

/// Opening sockets; those of systemd's are open already.
extension SocketSpecification {
    /// Makes the socket, binds it and listens, if it has connections; it is close-on-exec.
    package func open() throws(ListenError) -> Descriptor {
        switch address {
        case .internet(let host, let port)?: try openInternet(host, port)
        case .unix(let path)?: try openUnix(path)
        case nil: fatalError("the socket \(name) has no address: systemd opens it, and passes it")
        }
    }

    /// Changes what can be changed on an open socket to what is specified here.
    ///
    /// - Parameter old: what it was opened with, or last changed to; nil if that isn't known.
    func adjust(_ socket: borrowing Descriptor, from old: SocketSpecification?) throws(ListenError) {
        // It is never undone: workers may rely on it that hold the socket, having set it themselves.
        if isNonBlocking, old?.isNonBlocking != true {
            _ = try check("fcntl", cadre_fcntl(socket.rawValue, F_SETFL, O_NONBLOCK))
        }
        guard address != nil else { return }
        if kind != .datagram, old?.backlog != backlog { try listen(socket) }
        if case .internet? = address, kind == .stream, old?.deferAccept != deferAccept {
            try setDeferral(on: socket)
        }
        if let path, old?.file != file { try setFile(at: path) }
    }

    /// Lets other sockets be bound to the address of one that is bound.
    func allowOthers(on socket: borrowing Descriptor) throws(ListenError) {
        try set(SOL_SOCKET, SO_REUSEPORT, 1, on: socket)
    }

    private var type: Int32 {
        switch kind {
        case .stream: Int32(SOCK_STREAM.rawValue)
        case .datagram: Int32(SOCK_DGRAM.rawValue)
        case .seqpacket: Int32(SOCK_SEQPACKET.rawValue)
        }
    }

    /// What socket(2) takes for it.
    private var flags: Int32 {
        type | Int32(SOCK_CLOEXEC.rawValue) | (isNonBlocking ? Int32(SOCK_NONBLOCK.rawValue) : 0)
    }

    private func listen(_ socket: borrowing Descriptor) throws(ListenError) {
        guard kind != .datagram else { return }
        _ = try check("listen", CLinux.listen(socket.rawValue, Int32(backlog)))
    }

    // MARK: TCP and UDP

    private func openInternet(_ host: String?, _ port: UInt16) throws(ListenError) -> Descriptor {
        var hints = addrinfo()
        hints.ai_socktype = type
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        // Without a host: the IPv6 wildcard, which takes IPv4 as well, or IPv4 alone where there's no IPv6.
        let code = getaddrinfo(host ?? "::", "\(port)", &hints, &found)
        guard code == 0, let found else {
            throw error("getaddrinfo", nil, String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(found) }
        let information = found.pointee
        let descriptor = socket(information.ai_family, flags, 0)
        if descriptor == -1 && host == nil && cadre_errno() == EAFNOSUPPORT {
            return try openInternet("0.0.0.0", port)
        }
        let opened = Descriptor(owning: try check("socket", descriptor))
        // A port whose old connections are still in TIME_WAIT can be listened on at once. For UDP the option would let
        // another program take the port.
        if kind == .stream { try set(SOL_SOCKET, SO_REUSEADDR, 1, on: opened) }
        if reusePort { try allowOthers(on: opened) }
        if freeBind { try set(Int32(IPPROTO_IP), IP_FREEBIND, 1, on: opened) }
        if information.ai_family == AF_INET6 {
            try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, host == nil ? 0 : 1, on: opened)
        }
        _ = try check("bind", CLinux.bind(opened.rawValue, information.ai_addr, information.ai_addrlen))
        if deferAccept != nil { try setDeferral(on: opened) }
        try listen(opened)
        return opened
    }

    private func setDeferral(on socket: borrowing Descriptor) throws(ListenError) {
        let seconds = Int32(clamping: (deferAccept ?? .zero).components.seconds)
        try set(Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, seconds, on: socket)
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32, on socket: borrowing Descriptor)
        throws(ListenError)
    {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = try check("setsockopt", setsockopt(socket.rawValue, level, option, &value, size))
    }

    // MARK: Unix sockets

    private func openUnix(_ path: String) throws(ListenError) -> Descriptor {
        guard var target = UnixAddress(path: path) else { throw error("bind", .fileNameTooLong) }
        let opened = try unixSocket()
        // bind(2) makes the file with the permissions that the socket has by then: none until it is whose it should be.
        if file != File() { _ = try check("fchmod", fchmod(opened.rawValue, 0o600)) }
        if target.bind(opened) == -1 {
            // What a killed supervisor left behind has nobody who listens.
            guard cadre_errno() == EADDRINUSE, self.path != nil, try isAbandoned(&target) else {
                throw error("bind", Errno(rawValue: cadre_errno()))
            }
            unlink(path)
            _ = try check("bind", target.bind(opened))
        }
        do throws(ListenError) {
            if self.path != nil { try setFile(at: path) }
            try listen(opened)
        } catch {
            if self.path != nil { unlink(path) }
            throw error
        }
        return opened
    }

    /// Gives the file to whom it should belong. It is held by a descriptor, so that nobody can put a link there meanwhile.
    private func setFile(at path: String) throws(ListenError) {
        guard file != File() else { return }
        let user: UInt32?
        let group: UInt32?
        do throws(CredentialsError) {
            user = if let name = file.user { try Credentials.userID(name) } else { nil }
            group = if let name = file.group { try Credentials.groupID(name) } else { nil }
        } catch {
            throw ListenError(path, error)
        }
        do throws(SystemCallError) {
            let held = try Descriptor.open(path, flags: cadre_o_path() | O_NOFOLLOW)
            if user != nil || group != nil {
                try systemCall("chown", path) { chown(held.procPath(), user ?? .max, group ?? .max) }
            }
            // Without a mode that is given, what most sockets have.
            try systemCall("chmod", path) { chmod(held.procPath(), file.mode ?? 0o755) }
        } catch {
            throw self.error(error.call, error.errno)
        }
    }

    private func isAbandoned(_ target: inout UnixAddress) throws(ListenError) -> Bool {
        let probe = try unixSocket()
        if target.connect(probe) == 0 || cadre_errno() != ECONNREFUSED {
            throw error("bind", .addressInUse)
        }
        return true
    }

    private func unixSocket() throws(ListenError) -> Descriptor {
        Descriptor(owning: try check("socket", socket(AF_UNIX, flags, 0)))
    }

    // MARK: Errors

    private func check(_ call: String, _ result: Int32) throws(ListenError) -> Int32 {
        if result == -1 { throw error(call, Errno(rawValue: cadre_errno())) }
        return result
    }

    private func error(_ call: String, _ errno: Errno?, _ reason: String? = nil) -> ListenError {
        let reason = reason ?? errno?.explanation ?? ""
        return if let address { ListenError(address, call, errno, reason) } else {
            ListenError(self, call, errno, reason)
        }
    }
}
