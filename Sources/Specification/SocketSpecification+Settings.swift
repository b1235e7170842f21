extension SocketSpecification {
    /// All that is set, defaults included, but for the name, which is in the others' paths.
    var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in SocketKey.allCases {
            let setting: Setting? =
                switch key {
                case .name: nil
                case .listen: address.map { Setting("\($0)".quoted, .replace) }
                case .fromSystemd:
                    if case .systemd(let name) = source { Setting(name.quoted, .replace) } else { nil }
                case .type: address.map { _ in Setting(kind.rawValue.quoted, .replace) }
                // What the supervisor can change on the socket itself, which workers hold as well.
                case .backlog: hasBacklog ? Setting("\(backlog)", .live) : nil
                case .reusePort: Setting("\(reusePort)", .replace)
                case .mode: file.mode.map { Setting("0\(String($0, radix: 8))".quoted, .live) }
                case .user: file.user.map { Setting($0.quoted, .live) }
                case .group: file.group.map { Setting($0.quoted, .live) }
                // Of meaning when an address is bound, and only then.
                case .freeBind: Setting("\(freeBind)", .live)
                case .deferAccept: deferAccept.map { Setting(TOMLText.duration($0), .live) }
                case .nonBlocking: Setting("\(isNonBlocking)", .live)
                case .stdin: Setting("\(isStandardInput)", .replace)
                }
            settings[key.rawValue] = setting
        }
        return settings
    }

    /// Whether there are connections that wait for it.
    var hasBacklog: Bool { address != nil && kind != .datagram }
}
