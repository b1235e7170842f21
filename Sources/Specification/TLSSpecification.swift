/// How connections are encrypted, and whose certificates are accepted: absolute paths of PEM files.
public struct TLSSpecification: Hashable, Sendable, Codable {
    /// The certificate of the server, followed by those between it and a root.
    public var certificate: String
    /// The private key of ``certificate``.
    public var key: String
    /// The authorities whose clients are let in; nil if clients need no certificate.
    public var clientCA: String?

    /// Encryption with a certificate and its key.
    public init(certificate: String, key: String, clientCA: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientCA = clientCA
    }
}
