import Supervision

/// What is set about readiness and health, by keys as in the file.
extension ServiceSpecification {
    var readySettings: [String: Setting] {
        var settings: [String: Setting] = [:]
        let probe = readyProbe?.texts ?? ProbeTarget.Texts()
        for key in ReadyKey.allCases {
            let text: String? =
                switch key {
                case .by: policy.readiness.rawValue.quoted
                case .timeout: TOMLText.duration(policy.readyTimeout)
                case .interval: readyProbe == nil ? nil : TOMLText.duration(policy.readyInterval)
                case .address: probe.address
                case .url: probe.url
                case .status: probe.status
                case .body: probe.body
                case .command: probe.command
                case .line: readyLine?.quoted
                }
            settings[key.rawValue] = text.map { Setting($0, .live) }
        }
        return settings
    }

    var healthSettings: [String: Setting] {
        guard let healthProbe, let health = policy.health else { return [:] }
        var settings: [String: Setting] = [:]
        let probe = healthProbe.target.texts
        for key in HealthKey.allCases {
            let text: String? =
                switch key {
                case .by: probe.way.quoted
                case .interval: TOMLText.duration(health.interval)
                case .timeout: TOMLText.duration(healthProbe.timeout)
                case .failures: "\(health.failures)"
                case .successes: "\(health.successes)"
                case .startGrace: TOMLText.duration(health.startGrace)
                case .address: probe.address
                case .url: probe.url
                case .status: probe.status
                case .body: probe.body
                case .command: probe.command
                }
            settings[key.rawValue] = text.map { Setting($0, .live) }
        }
        return settings
    }
}

extension ProbeTarget {
    /// The values of its keys in TOML.
    struct Texts {
        var way = ""
        var address: String?
        var url: String?
        var status: String?
        var body: String?
        var command: String?
    }

    var texts: Texts {
        var texts = Texts()
        switch self {
        case .tcp(let address): (texts.way, texts.address) = ("tcp", address.quoted)
        case .http(let url, let status, let body):
            texts.way = "http"
            texts.url = url.quoted
            texts.status = status.description.quoted
            texts.body = body?.quoted
        case .command(let arguments):
            (texts.way, texts.command) = ("command", TOMLText.array(arguments.map(\.quoted)))
        }
        return texts
    }
}
