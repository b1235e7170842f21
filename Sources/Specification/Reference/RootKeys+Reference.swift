extension RootKey {
    var reference: KeyReference {
        switch self {
        case .healthyPercentage:
            KeyReference(
                .number(0...100), default: "50",
                "How many percent of all workers have to be ready, or done, for /health to tell that all is well.")
        case .service: KeyReference(table: "The services, by name.")
        case .control: KeyReference(table: "Who may use the API, and where.")
        case .metrics: KeyReference(table: "Where metrics are served.")
        }
    }
}

extension ControlKey {
    var reference: KeyReference {
        switch self {
        case .group:
            KeyReference(
                .account, example: "\"cadre\"", "The group whose members may do everything on the control socket.")
        case .readOnlyGroup:
            KeyReference(.account, example: "\"adm\"", "The group whose members may look there, but change nothing.")
        case .listen:
            KeyReference(
                .other("\"host:port\""), example: "\"127.0.0.1:9476\"",
                """
                A TCP address that the API is served on as well; off by default. It needs token_file, or client_ca of \
                [control.tls], and TLS unless the address is a loopback one.
                """)
        case .allow: KeyReference(table: "Who may change some services only.")
        case .tokenFile:
            KeyReference(
                .path, example: "\"/etc/cadre/token\"",
                "The file with the token that a client must send: Authorization: Bearer TOKEN.")
        case .tls: KeyReference(table: "How the connections to that address are encrypted.")
        }
    }
}

extension TLSKey {
    var reference: KeyReference {
        switch self {
        case .certificate:
            KeyReference(
                required: .path, example: "\"/etc/cadre/certificate.pem\"", "The certificate, and those that signed it."
            )
        case .key: KeyReference(required: .path, example: "\"/etc/cadre/key.pem\"", "Its private key.")
        case .clientCA:
            KeyReference(
                .path, example: "\"/etc/cadre/clients.pem\"",
                "The authorities that sign the certificates of the clients that are let in.")
        }
    }
}

extension MetricsKey {
    var reference: KeyReference {
        switch self {
        case .listen:
            KeyReference(
                .other("\"host:port\""), example: "\"127.0.0.1:9477\"",
                "A loopback address where they are served without TLS and to everyone; off by default.")
        case .aliases:
            KeyReference(
                .other("array of \"monoceros\""), default: "[]",
                "Further names to give them under: \"monoceros\" for those of Monoceros.")
        }
    }
}

extension LogKey {
    /// The destinations by name.
    enum Target: String, CaseIterable { case auto, journal, terminal, file, none }

    var reference: KeyReference {
        switch self {
        case .to:
            KeyReference(
                .choice(Target.self), default: "\"auto\"", like: "StandardOutput=, StandardError=",
                "\"auto\" is the journal where there is one, else the terminal.")
        case .file:
            KeyReference(
                .path, example: "\"/var/log/{service}-{worker}.log\"",
                "The file to append to, with to = \"file\" or without to. {service} and {worker} are expanded.")
        }
    }
}
