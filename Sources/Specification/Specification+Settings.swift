extension Specification {
    /// All that is set outside of services, defaults included, by keys as in the file.
    var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in RootKey.allCases {
            switch key {
            case .healthyPercentage: settings[key.rawValue] = Setting(TOMLText.number(healthyPercentage), .live)
            case .service: break  // Services are compared one by one.
            case .control: settings.add(control.settings, below: key.rawValue)
            case .metrics: settings.add(metrics.settings, below: key.rawValue)
            }
        }
        return settings
    }
}

extension ControlSpecification {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in ControlKey.allCases {
            switch key {
            case .group: settings[key.rawValue] = group.map { Setting($0.quoted, .live) }
            case .readOnlyGroup: settings[key.rawValue] = readOnlyGroup.map { Setting($0.quoted, .live) }
            case .allow: settings.add(allow.settings, below: key.rawValue)
            case .listen: settings[key.rawValue] = listen.map { Setting("\($0)".quoted, .live) }
            case .tokenFile: settings[key.rawValue] = tokenFile.map { Setting($0.quoted, .live) }
            case .tls: settings.add(tls?.settings ?? [:], below: key.rawValue)
            }
        }
        return settings
    }
}

extension [ControlGrant] {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for grant in self {
            settings["\(DocumentPath() + grant.holder.description)"] = Setting(
                TOMLText.array(grant.services.map(\.quoted)), .live)
        }
        return settings
    }
}

extension TLSSpecification {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in TLSKey.allCases {
            switch key {
            case .certificate: settings[key.rawValue] = Setting(certificate.quoted, .live)
            case .key: settings[key.rawValue] = Setting(self.key.quoted, .live)
            case .clientCA: settings[key.rawValue] = clientCA.map { Setting($0.quoted, .live) }
            }
        }
        return settings
    }
}

extension MetricsSpecification {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in MetricsKey.allCases {
            switch key {
            case .listen: settings[key.rawValue] = listen.map { Setting("\($0)".quoted, .live) }
            case .aliases:
                let names = aliases.map(\.rawValue.quoted).sorted()
                settings[key.rawValue] = Setting(TOMLText.array(names), .live)
            }
        }
        return settings
    }
}
