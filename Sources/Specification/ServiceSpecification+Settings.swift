import ControlGroups
import Processes
import Supervision

extension ServiceSpecification {
    /// All that is set, defaults included, by keys as in the file; a socket's have its name in the place of an index.
    var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in ServiceKey.allCases {
            let name = key.rawValue
            switch key {
            case .command: settings[name] = Setting(TOMLText.array(command.map(\.quoted)), .replace)
            case .type: settings[name] = Setting(policy.type.rawValue.quoted, .replace)
            case .workers: settings[name] = Setting(workers.text, .live)
            case .after: settings.add(after.mapValues { Setting($0.rawValue.quoted, .live) }, below: name)
            case .requires: settings.add(requires.mapValues { Setting($0.rawValue.quoted, .live) }, below: name)
            case .essential: settings[name] = Setting("\(isEssential)", .live)
            case .directory: settings[name] = directory.map { Setting($0.quoted, .replace) }
            case .environment:
                for (variable, value) in environment {
                    settings["\(name).\(variable)"] = Setting(value.quoted, .replace, isSecret: true)
                }
            case .environmentFile: settings[name] = environmentFile.map { Setting($0.quoted, .replace) }
            case .user: settings[name] = user.map { Setting($0.quoted, .replace) }
            case .group: settings[name] = group.map { Setting($0.quoted, .replace) }
            case .supplementaryGroups:
                settings[name] = Setting(TOMLText.array(supplementaryGroups.map(\.quoted)), .replace)
            case .umask: settings[name] = fileCreationMask.map { Setting(TOMLText.octal($0), .replace) }
            case .capabilities: settings[name] = Setting(capabilities.text, .replace)
            case .noNewPrivileges: settings[name] = Setting("\(noNewPrivileges)", .replace)
            case .credentials: settings[name] = Setting(TOMLText.array(credentials.map(\.quoted)), .replace)
            case .nice: settings[name] = scheduling.niceness.map { Setting("\($0)", .replace) }
            case .oomScoreAdj: settings[name] = scheduling.outOfMemoryScore.map { Setting("\($0)", .replace) }
            case .cpuAffinity:
                settings[name] = scheduling.processors.map { Setting(NumberListFormat.format($0).quoted, .replace) }
            case .cpuSchedulingPolicy:
                settings[name] = scheduling.policy.map { Setting($0.rawValue.quoted, .replace) }
            case .cpuSchedulingPriority:
                settings[name] = scheduling.priority.map { Setting("\($0)", .replace) }
            case .ioSchedulingClass:
                settings[name] = scheduling.ioClass.map { Setting($0.rawValue.quoted, .replace) }
            case .ioSchedulingPriority: settings[name] = scheduling.ioPriority.map { Setting("\($0)", .replace) }
            case .rlimits:
                for (limit, value) in processLimits {
                    settings["\(name).\(limit.rawValue)"] = Setting(
                        ProcessLimitFormat.format(value, of: limit), .replace)
                }
            case .watchdog: settings[name] = policy.watchdog.map { Setting(TOMLText.duration($0), .replace) }
            case .maxAge: settings[name] = policy.maxAge.map { Setting(TOMLText.duration($0), .live) }
            case .maxAgeJitter:
                // It means nothing without that.
                settings[name] = policy.maxAge.map { _ in Setting(TOMLText.number(policy.maxAgeJitter), .live) }
            case .healthyPercentage: settings[name] = Setting(TOMLText.number(healthyPercentage), .live)
            case .introspect: settings[name] = introspect.map { Setting($0.quoted, .live) }
            // A oneshot is ready when it is done, and these may not be set.
            case .ready: if policy.type != .oneshot { settings.add(readySettings, below: name) }
            case .health: settings.add(healthSettings, below: name)
            case .limits: settings.add(limits.settings, below: name)
            case .restart: settings.add(policy.restart.settings, below: name)
            case .rollout: settings.add(policy.rollout.settings, below: name)
            case .stop: settings.add(stopSettings, below: name)
            case .socket:
                if !sockets.isEmpty { settings[name] = Setting(TOMLText.array(sockets.map(\.name.quoted)), .replace) }
                for socket in sockets { settings.add(socket.settings, below: "\(DocumentPath() + name + socket.name)") }
            case .port: settings["\(name).start"] = port.map { Setting("\($0)", .replace) }
            case .onDemand: settings[name] = Setting("\(isOnDemand)", .live)
            case .idleTimeout:
                // It is of no meaning, and not to be written, for a service that is always there.
                guard isOnDemand else { continue }
                settings[name] = Setting(idleTimeout.map(TOMLText.duration) ?? "infinity".quoted, .live)
            case .fdStoreMax: settings[name] = Setting("\(storedDescriptorsMax)", .live)
            case .sandbox: if let sandbox { settings.add(sandbox.settings, below: name) }
            case .log: settings.add(log.settings, below: name)
            }
        }
        return settings
    }

    private var stopSettings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in StopKey.allCases {
            switch key {
            case .signal: settings[key.rawValue] = Setting(Signal(rawValue: stopSignal).name.quoted, .live)
            case .timeout: settings[key.rawValue] = Setting(TOMLText.duration(policy.stopTimeout), .live)
            }
        }
        return settings
    }
}

extension [String: Setting] {
    /// Adds the settings of the table `table`.
    mutating func add(_ settings: [String: Setting], below table: String) {
        for (key, setting) in settings { self["\(table).\(key)"] = setting }
    }
}

extension CapabilityLimit {
    fileprivate var text: String {
        switch self {
        case .only(let set): TOMLText.array(set.names.map(\.quoted))
        case .all: "all".quoted
        }
    }
}

extension WorkerCount {
    fileprivate var text: String {
        switch self {
        case .count(let count): "\(count)"
        case .cpus: "cpus".quoted
        }
    }
}

extension ResourceLimits {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in LimitsKey.allCases {
            let text: String? =
                switch key {
                case .memoryMax: memoryMax.map { SizeFormat.exact($0).quoted }
                case .memoryHigh: memoryHigh.map { SizeFormat.exact($0).quoted }
                case .memorySwapMax: memorySwapMax.map { SizeFormat.exact($0).quoted }
                case .cpuMax: cpuMaxPercent.map { PercentFormat.format($0).quoted }
                case .cpuWeight: cpuWeight.map { "\($0)" }
                case .tasksMax: tasksMax.map { "\($0)" }
                case .ioWeight: ioWeight.map { "\($0)" }
                case .cpusetCpus: cpusetProcessors?.quoted
                case .cpusetMems: cpusetMemoryNodes?.quoted
                }
            settings[key.rawValue] = text.map { Setting($0, .live) }
        }
        return settings
    }
}

extension RestartPolicy {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in RestartKey.allCases {
            let text =
                switch key {
                case .policy: condition.rawValue.quoted
                case .delay: TOMLText.duration(delay)
                case .maxDelay: TOMLText.duration(maximumDelay)
                case .multiplier: TOMLText.number(multiplier)
                case .jitter: TOMLText.number(jitter)
                case .budget: "\(budget)"
                case .window: TOMLText.duration(window)
                case .successExitCodes: TOMLText.array(successExitCodes.sorted().map { "\($0)" })
                }
            settings[key.rawValue] = Setting(text, .live)
        }
        return settings
    }
}

extension RolloutPolicy {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        for key in RolloutKey.allCases {
            // Those without a meaning for the strategy are not to be written.
            let isRolling = strategy == .rolling
            let text: String? =
                switch key {
                case .strategy: strategy.rawValue.quoted
                case .maxSurge: isRolling ? maxSurge.text : nil
                case .maxUnavailable: isRolling ? maxUnavailable.text : nil
                case .parallel: parallel.map { "\($0)" }
                case .minReady: TOMLText.duration(minReady)
                case .failures: "\(failures)"
                case .onFailure: onFailure.rawValue.quoted
                }
            settings[key.rawValue] = text.map { Setting($0, .live) }
        }
        return settings
    }
}

extension RolloutPolicy.Share {
    fileprivate var text: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(TOMLText.number(percent))%".quoted
        }
    }
}

extension LogSpecification {
    fileprivate var settings: [String: Setting] {
        let (target, file): (String, String?) =
            switch destination {
            case .auto: ("auto", nil)
            case .journal: ("journal", nil)
            case .terminal: ("terminal", nil)
            case .file(let path): ("file", path)
            case .none: ("none", nil)
            }
        var settings: [String: Setting] = [:]
        for key in LogKey.allCases {
            switch key {
            case .to: settings[key.rawValue] = Setting(target.quoted, .replace)
            case .file: settings[key.rawValue] = file.map { Setting($0.quoted, .replace) }
            }
        }
        return settings
    }
}
