import Processes

/// What is set about walls, by keys as in the file.
extension SandboxSpecification {
    /// A wall as the file has it.
    public struct Wall: Hashable, Sendable {
        /// Its key: `private_tmp`, `landlock.execute`.
        public let key: String
        /// Its value in TOML.
        public let value: String
        /// Both: `private_tmp = true`.
        public var line: String { "\(key) = \(value)" }
    }

    /// Its walls, sorted by key.
    public var walls: [Wall] {
        settings.filter { $0.key != SandboxKey.bestEffort.rawValue && $0.value.text != "false" }
            .map { Wall(key: $0.key, value: $0.value.text) }.sorted { $0.key < $1.key }
    }

    var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in SandboxKey.allCases {
            let text: String? =
                switch key {
                case .privateTmp: "\(privateTmp)"
                case .protectSystem: protectSystem.text
                case .protectHome: protectHome.text
                case .readOnlyPaths: readOnlyPaths.text
                case .readWritePaths: readWritePaths.text
                case .inaccessiblePaths: inaccessiblePaths.text
                case .privateDevices: "\(privateDevices)"
                case .privateNetwork: "\(privateNetwork)"
                case .protectControlGroups: "\(protectControlGroups)"
                case .landlock: nil
                case .systemCallFilter: systemCallFilter.text
                case .systemCallErrorNumber:
                    systemCallFilter.isEmpty ? nil : (systemCallErrorNumber ?? "kill").quoted
                // Without a wall it isn't to be written.
                case .bestEffort: hasWalls ? "\(isBestEffort)" : nil
                }
            settings[key.rawValue] = text.map { Setting($0, .replace) }
        }
        if let landlock { settings.add(landlock.settings, below: SandboxKey.landlock.rawValue) }
        return settings
    }
}

extension LandlockSpecification {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in LandlockKey.allCases {
            let text: String? =
                switch key {
                case .readOnly: readOnly.text
                case .readWrite: readWrite.text
                case .execute: execute.text
                case .tcpBind: tcpBind.map { TOMLText.array($0.map { "\($0)" }) }
                case .tcpConnect: tcpConnect.map { TOMLText.array($0.map { "\($0)" }) }
                case .scoped: scoped.map(\.rawValue).text
                }
            settings[key.rawValue] = text.map { Setting($0, .replace) }
        }
        return settings
    }
}

extension [String] {
    /// In TOML; nil if there are none.
    fileprivate var text: String? { isEmpty ? nil : TOMLText.array(map(\.quoted)) }
}
