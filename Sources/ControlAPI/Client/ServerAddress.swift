import NIOSSL
public import Specification

extension ControlClient {
    /// How to reach a supervisor's TCP listener, and what to show it.
    public struct Remote: Hashable, Sendable {
        /// Where it listens; the host must be the one that its certificate names.
        public var address: SocketAddress
        /// A PEM file with the authorities one of which signed its certificate; nil for the system's own.
        public var authorities: String?
        /// PEM files with our own certificate and key, for a listener that wants one.
        public var identity: Identity?
        /// The token, for a listener that wants one.
        public var token: String?

        /// Who we are.
        public struct Identity: Hashable, Sendable {
            /// A PEM file with the certificate, and the chain behind it.
            public var certificate: String
            /// A PEM file with its private key.
            public var key: String

            /// An identity from two files.
            public init(certificate: String, key: String) {
                self.certificate = certificate
                self.key = key
            }
        }

        /// A listener at an address.
        public init(
            address: SocketAddress, authorities: String? = nil, identity: Identity? = nil, token: String? = nil
        ) {
            self.address = address
            self.authorities = authorities
            self.identity = identity
            self.token = token
        }
    }
}

/// Where a client connects to.
enum ServerAddress: Sendable, CustomStringConvertible {
    struct TLS: Sendable {
        let host: String
        let port: UInt16
        let context: NIOSSLContext
        let token: String?

        init(_ remote: ControlClient.Remote) throws {
            guard case .internet(let host?, let port) = remote.address else {
                throw DoorError.noHost(remote.address)
            }
            (self.host, self.port, token) = (host, port, remote.token)
            var configuration = TLSConfiguration.makeClientConfiguration()
            var file = ""
            do {
                if let authorities = remote.authorities {
                    file = authorities
                    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
                }
                if let identity = remote.identity {
                    file = identity.certificate
                    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
                    file = identity.key
                    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: file, format: .pem))
                }
                context = try NIOSSLContext(configuration: configuration)
            } catch {
                throw DoorError.tls(file: file, "\(error)")
            }
        }
    }

    case unix(path: String)
    case remote(TLS)

    var description: String {
        switch self {
        case .unix(let path): path
        case .remote(let remote): "https://\(remote.host):\(remote.port)"
        }
    }
}
