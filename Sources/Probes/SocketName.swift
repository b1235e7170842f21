import CLinux
import Reactor
import SystemPackage

/// An address as the kernel has it.
struct SocketName: Sendable {
    private let bytes: [UInt8]
    private let family: Int32

    /// An address that needs no look-up; nil for a host's name, or a path that is too long.
    init?(_ address: ProbeAddress) {
        switch address {
        case .unix(let path):
            var name = sockaddr_un()
            let path = Array(path.utf8)
            guard path.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path) }
            self.init(withUnsafeBytes(of: name) { Array($0) }, family: AF_UNIX)
        case .internet(let host, let port):
            guard let first = try? Self.resolve(host, port, flags: AI_NUMERICHOST).get().first else { return nil }
            self = first
        }
    }

    private init(_ bytes: [UInt8], family: Int32) {
        self.bytes = bytes
        self.family = family
    }

    /// A stream socket for it: non-blocking, close-on-exec.
    func socket() throws(SystemCallError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return Descriptor(owning: try systemCall("socket") { CLinux.socket(family, type, 0) })
    }

    /// Begins to connect; whether it is done already.
    func connect(_ socket: borrowing Descriptor) throws(SystemCallError) -> Bool {
        let number = socket.rawValue
        let result = bytes.withUnsafeBytes { raw in
            CLinux.connect(
                number, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        if result == 0 { return true }
        let code = cadre_errno()
        // Of a unix socket EAGAIN means that its queue is full: it takes no connection.
        if code == EINPROGRESS || code == EINTR { return false }
        throw SystemCallError(call: "connect", errno: Errno(rawValue: code))
    }

    /// The addresses of a host. It may block.
    static func resolve(_ host: String, _ port: UInt16, flags: Int32 = 0) -> Result<[SocketName], ResolveError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else { return .failure(ResolveError(reason: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(found) }
        var names: [SocketName] = []
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
            names.append(SocketName(Array(bytes), family: entry.ai_family))
        }
        return .success(names)
    }
}

/// A host that can't be found.
struct ResolveError: Error {
    let reason: String
}
