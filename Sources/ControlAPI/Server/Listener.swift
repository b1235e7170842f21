import CLinux
import Cadre
import NIOSSL
import Reactor
import Specification

/// A socket that the server listens on, closed (and its path removed) when nobody holds this any more.
final class Listener: Sendable {
    /// Where a socket listens.
    enum Endpoint: Hashable, Sendable {
        case unix(path: String)
        case tcp(SocketAddress)
    }

    let endpoint: Endpoint
    let descriptor: Descriptor

    init(_ endpoint: Endpoint) throws {
        self.endpoint = endpoint
        switch endpoint {
        case .unix(let path): descriptor = try ControlSocket.listen(path)
        case .tcp(let address):
            descriptor = try SocketSpecification(name: "control", address: address).open()
            _ = cadre_fcntl(descriptor.rawValue, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        if case .unix(let path) = endpoint { unlink(path) }
    }
}

/// What is behind a listener: which routes, and who may use them.
enum Door: Sendable {
    case local(UnixPolicy)
    case remote(NIOSSLContext?, Access.Level, whoMay: String)
    case metrics

    /// Who is at the other end of a connection.
    enum Visitor: Sendable {
        case local(ControlSocket.Peer?)
        case remote(address: String)

        /// Whether it could not be found out for want of a descriptor.
        var isUnasked: Bool {
            guard case .local(let peer?) = self else { return false }
            return peer.origin == .unasked
        }
    }

    /// Finds out who is at the other end of `socket`, of those whose cgroups are below `root` and the others.
    func visitor(at socket: borrowing Descriptor, root: String) -> Visitor {
        switch self {
        case .local: .local(ControlSocket.peer(of: socket, root: root))
        case .remote, .metrics: .remote(address: peerAddress(of: socket))
        }
    }

    /// What somebody may do; nil if he can't have come by this door.
    func access(of visitor: Visitor) -> Access? {
        switch (self, visitor) {
        case (.local(let policy), .local(let peer)): return policy.access(of: peer)
        case (.remote(_, let level, let whoMay), .remote(let address)):
            return Access(level: level, isOwner: false, whoMay: whoMay, caller: Caller(address: address))
        case (.metrics, .remote(let address)):
            return Access(
                level: .readOnly, isOwner: false, whoMay: "this address is for looking only",
                caller: Caller(address: address))
        case (.local, .remote), (.remote, .local), (.metrics, .local): return nil
        }
    }

    /// The door at a TCP address. If a token and an authority of certificates are configured both are needed.
    init(at address: SocketAddress, _ control: ControlSpecification) throws {
        let isIdentified = control.tokenFile != nil || control.tls?.clientCA != nil
        guard isIdentified else { throw DoorError.anybody(address) }
        guard control.tls != nil || address.isLoopback else { throw DoorError.inTheClear(address) }
        var level = Access.Level.full
        var whoMay = "clients with a certificate of the configured authority may"
        if let file = control.tokenFile {
            level = .token(try Token(file: file))
            whoMay = "clients that send the token may (Authorization: Bearer …)"
        }
        self = .remote(try control.tls.map(Self.context), level, whoMay: whoMay)
    }

    private static func context(_ tls: TLSSpecification) throws -> NIOSSLContext {
        var file = tls.certificate
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate)
            file = tls.key
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.applicationProtocols = ["http/1.1"]
            if let authorities = tls.clientCA {
                file = authorities
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
                // A client has no host name that could be verified.
                configuration.certificateVerification = .noHostnameVerification
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw DoorError.tls(file: file, "\(error)")
        }
    }
}

/// The address that a TCP connection came from, as `192.0.2.1:4242` or `[2001:db8::1]:4242`.
private func peerAddress(of socket: borrowing Descriptor) -> String {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = socket.rawValue
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: 32)
    let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            getpeername(number, address, &size) == 0
                && getnameinfo(
                    address, size, &host, socklen_t(host.count), &service, socklen_t(service.count),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0
        }
    }
    guard isKnown else { return "an unknown address" }
    let (name, port) = (host.text, service.text)
    return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
}

extension [CChar] {
    fileprivate var text: String { String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

/// A listener that can't be.
enum DoorError: Error, CustomStringConvertible {
    case anybody(SocketAddress)
    case inTheClear(SocketAddress)
    case tls(file: String, String)
    case notLoopback(SocketAddress)
    case noHost(SocketAddress)

    var description: String {
        switch self {
        case .anybody(let address):
            "everyone who reaches \(address) could command; configure a token (token_file), or an authority of "
                + "clients' certificates (client_ca)"
        case .inTheClear(let address): "the token would travel to \(address) in the clear; configure TLS"
        case .tls(let file, let reason):
            "TLS with \(file): \(reason); it must be a PEM file that the supervisor may read"
        case .notLoopback(let address):
            "metrics are for this host only, and \(address) is not; listen on 127.0.0.1 or [::1]"
        case .noHost(let address): "\(address) names no host to connect to; write one, as its certificate names it"
        }
    }
}
