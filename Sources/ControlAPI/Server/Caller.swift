import Systemd

/// Who asks, for the journal.
struct Caller: Hashable, Sendable {
    /// In words, as the beginning of a sentence.
    var phrase: String
    /// For machines: what becomes `CADRE_CALLER_UID` and the like.
    var details: [String: String]

    static let unknown = Caller(phrase: "somebody", details: [:])

    private init(phrase: String, details: [String: String]) {
        self.phrase = phrase
        self.details = details
    }

    /// Who connected to the unix socket.
    init(_ peer: ControlSocket.Peer) {
        phrase = "user \(peer.user) (process \(peer.process))"
        details = [
            "caller-uid": "\(peer.user)", "caller-gid": "\(peer.group)", "caller-pid": "\(peer.process)",
        ]
        guard case .worker(let service, let name) = peer.origin else { return }
        phrase = "\(service)/\(name), as user \(peer.user) (process \(peer.process)),"
        details["caller-worker"] = "\(service)/\(name)"
    }

    /// Who connected by TCP from an address; who was not refused had the token, if one is needed.
    init(address: String) {
        phrase = "somebody at \(address)"
        details = ["caller-address": address]
    }

    /// The same with the certificate that the client has shown, as the library describes it.
    func with(certificate: String) -> Caller {
        // What an authority has signed may still be anything.
        let text = String(SafeText.clean(certificate).prefix(512))
        var caller = self
        caller.phrase += " (\(text))"
        caller.details["caller-certificate"] = text
        return caller
    }
}
