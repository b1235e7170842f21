/// The tables that say who may look and command.
extension SpecificationDecoder {
    mutating func decodeControl(_ node: DocumentNode) -> ControlSpecification {
        var control = ControlSpecification()
        var nodes: [ControlKey: DocumentNode] = [:]
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: ControlKey.self) {
            nodes[key] = node
            switch key {
            case .group: control.group = group(node)
            case .readOnlyGroup: control.readOnlyGroup = group(node)
            case .allow: control.allow = decodeAllow(node)
            case .listen:
                control.listen = tcpAddress(node)
                if let address = control.listen { claim(address, node) }
            case .tokenFile: control.tokenFile = absolutePath(node)
            case .tls: control.tls = decodeTLS(node)
            }
        }
        // How keys go together is of interest only where each is right.
        if problems.count == problemsBefore { checkAccess(control, nodes) }
        return control
    }

    private mutating func group(_ node: DocumentNode) -> String? {
        let name = account(node)
        if let name { lookUp(group: name, node) }
        return name
    }

    private mutating func decodeTLS(_ node: DocumentNode) -> TLSSpecification? {
        var paths: [TLSKey: String] = [:]
        let problemsBefore = problems.count
        let members = members(of: node, keys: TLSKey.self)
        for (key, node) in members { paths[key] = absolutePath(node) }
        if problems.count > problemsBefore { return nil }
        if let certificate = paths[.certificate], let key = paths[.key] {
            return TLSSpecification(certificate: certificate, key: key, clientCA: paths[.clientCA])
        }
        if isComplete {
            let missing: TLSKey = paths[.certificate] == nil ? .certificate : .key
            report(
                node,
                "TLS needs a certificate and its key; add a line such as \(missing.rawValue) = \"/etc/cadre/\(missing.rawValue).pem\""
            )
        }
        return nil
    }

    /// Nobody who cannot be told apart may command, and no key is without effect.
    private mutating func checkAccess(_ control: ControlSpecification, _ nodes: [ControlKey: DocumentNode]) {
        if let node = nodes[.readOnlyGroup], control.readOnlyGroup == control.group {
            report(node, "this is the group that may do everything; name another one, or leave out read_only_group")
        }
        guard isComplete else { return }
        guard let address = control.listen, let node = nodes[.listen] else {
            for key in [ControlKey.tokenFile, .tls] {
                guard let node = nodes[key] else { continue }
                report(
                    node,
                    "\(key.rawValue) is used only with listen; add one such as listen = \"127.0.0.1:9476\", or leave it out"
                )
            }
            return
        }
        if control.tokenFile == nil && control.tls?.clientCA == nil {
            report(
                node,
                "everyone who reaches \"\(address)\" could command; add token_file, or client_ca in [control.tls]")
        } else if control.tls == nil && !address.isLoopback {
            report(
                node,
                "the token would travel to \"\(address)\" in the clear; add [control.tls] with certificate and key, "
                    + "or listen on 127.0.0.1")
        }
    }

    mutating func decodeMetrics(_ node: DocumentNode) -> MetricsSpecification {
        var metrics = MetricsSpecification()
        for (key, node) in members(of: node, keys: MetricsKey.self) {
            switch key {
            case .listen:
                guard let address = tcpAddress(node) else { continue }
                if !address.isLoopback {
                    report(
                        node,
                        "metrics are served here unencrypted and to everyone, so only a loopback address such as "
                            + "\"127.0.0.1:9477\" is possible; from elsewhere, /metrics is reached through listen of "
                            + "[control], with TLS")
                }
                metrics.listen = address
                claim(address, node)
            case .aliases:
                let elements = array(node, example: "[\"monoceros\"]") ?? []
                metrics.aliases = Set(elements.compactMap { choice($0) })
            }
        }
        return metrics
    }

    /// An address of a server of Cadre's own.
    private mutating func tcpAddress(_ node: DocumentNode) -> SocketAddress? {
        guard let address = parsed(node, "a string", example: "\"127.0.0.1:9476\"", SocketAddress.parse) else {
            return nil
        }
        if case .internet = address { return address }
        report(
            node, "the API is on a unix socket anyway; write a TCP address such as \"127.0.0.1:9476\", or leave it out")
        return nil
    }
}
