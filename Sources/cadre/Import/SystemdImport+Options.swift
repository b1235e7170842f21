import Specification

/// The options that become a key, or are told of.
extension SystemdImport {
    mutating func importEntry(_ entry: INIDocument.Entry) {
        let origin = origin(entry)
        if SystemdKeys.withoutEffect.contains(entry.key) { return }
        if let (path, form) = SystemdKeys.straight[entry.key] { return importStraight(entry, path, form) }
        switch entry.key {
        case "ExecStart", "Environment", "EnvironmentFile", "CapabilityBoundingSet", "AmbientCapabilities",
            "LoadCredential",
            "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted", "RestartSec", "RestartSteps",
            "RestartMaxDelaySec":
            break
        case "Type": importType(entry.value, origin)
        case "Restart": importRestart(entry.value, origin)
        case "WorkingDirectory": importDirectory(entry)
        case "TimeoutStopSec": set("stop.timeout", duration: entry.value, origin)
        case "TimeoutStartSec": setReadyTimeout(entry)
        case "TimeoutSec":
            set("stop.timeout", duration: entry.value, origin)
            setReadyTimeout(entry)
        case "RuntimeMaxSec":
            set("max_age", duration: entry.value, origin)
            service.change(origin, "a worker that is too old is replaced, which is no failure")
        case "MemoryHigh":
            importStraight(entry, "limits.memory_high", .size)
            service.change(origin, "a worker that touches it is not only slowed down, but replaced", in: "limits")
        case "KillMode":
            if !["control-group", "mixed"].contains(entry.value) {
                service.change(
                    origin,
                    "the main process gets the stop signal, the others when it is gone, and at the deadline all are killed",
                    in: "stop")
            }
        case "SuccessExitStatus": importExitStatus(entry)
        case "CPUAffinity": service.set("cpu_affinity", .string(Self.numbers(values(entry.key))), origin)
        case "AllowedCPUs": service.set("limits.cpuset_cpus", .string(Self.numbers(values(entry.key))), origin)
        case "AllowedMemoryNodes": service.set("limits.cpuset_mems", .string(Self.numbers(values(entry.key))), origin)
        case "IOSchedulingClass":
            let names = ["0": "best-effort", "1": "realtime", "2": "best-effort", "3": "idle"]
            service.set("io_scheduling_class", .string(names[entry.value] ?? entry.value), origin)
        case "StandardOutput", "StandardError": importOutput(entry)
        default: service.drop(origin, SystemdKeys.reason(entry.key))
        }
    }

    private mutating func importStraight(_ entry: INIDocument.Entry, _ path: String, _ form: SystemdKeys.Form) {
        let origin = origin(entry)
        let text = expanded(entry)
        if form != .list, ImportedText.differsByWorker(text) {
            return service.drop(origin, "it is the same for all workers here")
        }
        let value = ImportedText.literal(text, service: service.name)
        switch form {
        case .text: service.set(path, .string(value), origin)
        case .integer: service.set(path, Int(value).map(TOMLText.Value.integer) ?? .string(value), origin)
        case .boolean:
            guard let boolean = SystemdText.boolean(value) else { return service.drop(origin, "it is no boolean") }
            service.set(path, .boolean(boolean), origin)
        case .choice:
            service.set(path, SystemdText.boolean(value).map(TOMLText.Value.boolean) ?? .string(value), origin)
        case .duration: set(path, duration: value, origin)
        case .size: service.set(path, Int(value).map(TOMLText.Value.integer) ?? .string(value), origin)
        case .limit:
            // LimitCPU= and LimitRTTIME= take spans of time, the kernel whole seconds and microseconds.
            let span = try? DurationFormat.parse(value)
            if Int(value) == nil, let span, path == "rlimits.cpu" || path == "rlimits.rttime" {
                let (seconds, attoseconds) = span.components
                let number = path == "rlimits.cpu" ? seconds : seconds * 1_000_000 + attoseconds / 1_000_000_000_000
                return service.set(path, .integer(Int(number)), origin)
            }
            service.set(path, Int(value).map(TOMLText.Value.integer) ?? .string(value), origin)
        case .list:
            let words = values(entry.key).flatMap { SystemdText.words(self.text.expand($0.value)) ?? [] }
            service.set(path, .strings(words.map { ImportedText.template($0) }), origin)
        }
    }

    private mutating func set(_ path: String, duration: String, _ origin: ImportOrigin) {
        service.set(path, .string(Int(duration) == nil ? duration : "\(duration)s"), origin)
    }

    private mutating func importType(_ type: String, _ origin: ImportOrigin) {
        switch type {
        case "simple", "exec", "idle": break
        case "notify": service.set("ready.by", .string("notify"), origin)
        case "notify-reload":
            service.set("ready.by", .string("notify"), origin)
            service.change(origin, "`cadre signal HUP NAME` has it read its configuration again", in: "ready")
        case "oneshot":
            service.set("type", .string("oneshot"), origin)
        case "forking":
            service.change(
                origin,
                "the program must stay in the foreground; most have an option for that, such as -F or --nodaemon")
        default:
            service.drop(origin, "set [service.NAME.ready]; by = \"exec\" holds without it")
        }
    }

    private mutating func importRestart(_ policy: String, _ origin: ImportOrigin) {
        switch policy {
        case "no": service.set("restart.policy", .string("never"), origin)
        case "always", "on-failure": service.set("restart.policy", .string(policy), origin)
        case "on-abnormal", "on-abort", "on-watchdog":
            service.set("restart.policy", .string("on-failure"), origin)
            service.change(
                origin, "there is no \"\(policy)\"; \"on-failure\" restarts after exit codes, too", in: "restart")
        default:
            service.drop(
                origin, "there is no \"\(policy)\"; \"never\" stays, \"always\" would restart after failures, too")
        }
    }

    private mutating func importDirectory(_ entry: INIDocument.Entry) {
        var path = expanded(entry)
        if path.hasPrefix("-") {
            path.removeFirst()
            service.change(origin(entry), "the directory must be there")
        }
        if path == "~" {
            return service.drop(origin(entry), "write the user's home directory into directory")
        }
        service.set("directory", .string(ImportedText.template(path)), origin(entry))
    }

    private mutating func setReadyTimeout(_ entry: INIDocument.Entry) {
        if values("Type").last?.value.hasPrefix("notify") == true {
            set("ready.timeout", duration: entry.value, origin(entry))
        } else if entry.key == "TimeoutStartSec" {
            service.drop(
                origin(entry),
                "a worker is ready once it is executed; ready.timeout is for those that say when they are")
        }
    }

    private mutating func importExitStatus(_ entry: INIDocument.Entry) {
        var codes: Set<Int> = [0]
        for word in values(entry.key).flatMap({ $0.value.split(whereSeparator: \.isWhitespace) }) {
            if let code = Int(word) {
                codes.insert(code)
            } else {
                service.drop(origin(entry), "\(word): only numbers of exit codes are successes", in: "restart")
            }
        }
        service.set("restart.success_exit_codes", .array(codes.sorted().map(TOMLText.Value.integer)), origin(entry))
    }

    /// systemd waits as long before each restart; or longer, up to a maximum, in so many steps.
    mutating func importDelays() {
        guard let entry = values("RestartSec").last else {
            for entry in values("RestartMaxDelaySec") + values("RestartSteps") {
                service.drop(
                    origin(entry), "waits double from restart.delay to restart.max_delay anyway", in: "restart")
            }
            return
        }
        set("restart.delay", duration: entry.value, origin(entry))
        service.change(origin(entry), "the first of several restarts in a row comes at once", in: "restart")
        if let maximum = values("RestartMaxDelaySec").last {
            set("restart.max_delay", duration: maximum.value, origin(maximum))
            if let steps = values("RestartSteps").last {
                service.change(
                    origin(steps), "each wait is twice as long as the one before; set multiplier", in: "restart")
            }
        } else {
            service.set("restart.multiplier", .integer(1), origin(entry))
            if let delay = try? DurationFormat.parse(entry.value), delay > .seconds(30) {
                set("restart.max_delay", duration: entry.value, origin(entry))
            }
        }
    }

    private mutating func importOutput(_ entry: INIDocument.Entry) {
        let value = expanded(entry)
        let origin = origin(entry)
        switch value {
        case "journal", "inherit", "syslog", "kmsg": break
        case "null":
            let other = values(entry.key == "StandardOutput" ? "StandardError" : "StandardOutput").last?.value
            if other == "null" || entry.key == "StandardOutput" && (other == nil || other == "inherit") {
                service.set("log.to", .string("none"), origin)
            } else {
                service.drop(origin, "standard output and standard error go to the same place here", in: "log")
            }
        default:
            guard let colon = value.firstIndex(of: ":"), ["append", "file", "truncate"].contains(value[..<colon]) else {
                return service.drop(
                    origin, "output goes to the journal, a file, or nowhere: [service.NAME.log]", in: "log")
            }
            let file = ImportedText.template(String(value[value.index(after: colon)...]))
            if case .string(let chosen)? = service.value("log.file"), chosen != file {
                return service.drop(
                    origin, "both streams go to \(chosen) here, as there is one place for both", in: "log")
            }
            service.set("log.file", .string(file), origin)
            if !value.hasPrefix("append:") {
                service.change(origin, "what is in the file stays, and more is appended", in: "log")
            }
        }
    }

    /// "0 1 2-5" and "0,1" as "0,1,2-5".
    private static func numbers(_ entries: [INIDocument.Entry]) -> String {
        entries.flatMap { $0.value.split { $0.isWhitespace || $0 == "," } }.joined(separator: ",")
    }
}
