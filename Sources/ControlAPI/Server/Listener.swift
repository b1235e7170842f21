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
    case remote(NIOSSLContext?, Access)
    case metrics

    /// What a client at the other end of `socket` may do.
    func access(of socket: borrowing Descriptor) -> Access {
        switch self {
        case .local(let policy): policy.access(of: socket)
        case .remote(_, let access): access
        case .metrics: Access(level: .readOnly, isOwner: false, whoMay: "this address is for looking only")
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
        self = .remote(try control.tls.map(Self.context), Access(level: level, isOwner: false, whoMay: whoMay))
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
