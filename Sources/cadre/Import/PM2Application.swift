/// One application of PM2's on its way to being a service.
struct PM2Application {
    var service: ImportedService
    private let members: [(name: String, value: RelaxedJSON)]
    private let source: ImportSource
    private let name: String
    private let prefix: String
    private var directory: String

    init(_ members: [(name: String, value: RelaxedJSON)], line: Int, _ index: Int, _ importer: PM2Import) {
        // The last of two with a name counts, as in JavaScript.
        var unique: [(name: String, value: RelaxedJSON)] = []
        for (name, value) in members {
            let key = PM2Keys.aliases[name] ?? name
            unique.removeAll { $0.name == key }
            unique.append((key, value))
        }
        self.members = unique
        source = importer.source
        func text(_ key: String) -> String? { unique.first { $0.name == key }?.value.text }
        let script = ImportSource.baseName(of: text("script") ?? "app")
        name = text("name") ?? String(script[..<(script.lastIndex(of: ".") ?? script.endIndex)])
        prefix = "apps[\(index)]"
        let place = ImportPlace(file: source.name, line: line)
        service = ImportedService(name: importer.result.serviceName(name), origin: ImportOrigin(place, prefix))
        service.title = "\(name), \(source.baseName):\(line)"
        directory = source.absolute(ImportedText.unmarked(text("cwd") ?? "."))
    }

    private subscript(key: String) -> RelaxedJSON? { members.first { $0.name == key }?.value }

    private func origin(_ key: String) -> ImportOrigin {
        guard let value = self[key] else { return service.origin }
        return ImportOrigin(ImportPlace(file: source.name, line: value.line), "\(prefix).\(key)")
    }

    /// The service, nil if it can't be run, and the application's name.
    mutating func makeService() -> (ImportedService?, name: String) {
        guard let script = self["script"]?.text, !script.isEmpty else {
            service.drop(service.origin, "the application has no script")
            return (nil, name)
        }
        service.set("command", .strings(command(script)), origin("script"))
        service.set("workers", .integer(1))
        service.set("directory", .string(ImportedText.template(directory)), origin("cwd"))
        // PM2's own, without a word in the file.
        service.set("stop.signal", .string("INT"))
        service.stopsFirst()
        for (key, value) in members where !PM2Keys.isWithoutEffect(key, value) { importMember(key, value) }
        importNumbers()
        importPort()
        importRestarts()
        importLogs()
        return (service, name)
    }

    // MARK: - Command

    private mutating func command(_ script: String) -> [String] {
        var words = interpreter(of: script)
        if !words.isEmpty { words += list("node_args") }
        words.append(ImportedText.unmarked(script))
        return (words + list("args")).map(ImportedText.template)
    }

    /// A list of words, or the words of a text.
    private mutating func list(_ key: String) -> [String] {
        guard let value = self[key] else { return [] }
        if case .array(let elements) = value.value { return elements.compactMap(\.text).map(ImportedText.unmarked) }
        guard let text = value.text else { return [] }
        if let words = ShellWords.split(ImportedText.unmarked(text)) { return words }
        service.drop(origin(key), "a quote in it has no end")
        return []
    }

    /// What PM2 runs a script with, by its name; nothing for programs.
    private mutating func interpreter(of script: String) -> [String] {
        if let interpreter = self["exec_interpreter"]?.text, !interpreter.isEmpty {
            return interpreter == "none" ? [] : [ImportedText.unmarked(interpreter)]
        }
        let name = ImportSource.baseName(of: script)
        switch name.lastIndex(of: ".").map({ String(name[name.index(after: $0)...]) }) {
        case "js"?, "cjs"?, "mjs"?: return ["node"]
        case "py"?: return ["python3"]
        case "sh"?: return ["bash"]
        case "rb"?: return ["ruby"]
        case "php"?: return ["php"]
        case "pl"?: return ["perl"]
        case "ts"?, "tsx"?:
            service.change(origin("script"), "PM2 runs TypeScript with bun or ts-node; name yours in place of node")
            return ["node"]
        case .some, nil:
            // A program in PATH, or one that the kernel knows how to run.
            guard script.contains("/") else { return [] }
            let text = source.read(ImportSource.join(directory, script))
            if let text, text.hasPrefix("#!") { return [] }
            service.change(
                origin("script"),
                "PM2 runs what is no program with node; if this is no program, write \"node\" before it")
            return []
        }
    }

    // MARK: - Keys

    private mutating func importMember(_ key: String, _ value: RelaxedJSON) {
        let origin = origin(key)
        switch key {
        case "script", "name", "cwd", "args", "exec_interpreter", "node_args", "instances", "increment_var", "port",
            "restart_delay", "exp_backoff_restart_delay", "min_uptime", "max_restarts", "autorestart",
            "stop_exit_codes",
            "out_file", "error_file", "log_file", "disable_logs", "merge_logs":
            break
        case "env": importEnvironment(value, origin)
        case "uid": text(value, origin) { $0.set("user", .string($1), origin) }
        case "gid": text(value, origin) { $0.set("group", .string($1), origin) }
        case "exec_mode":
            if value.text?.hasPrefix("cluster") == true {
                service.change(
                    origin,
                    "workers share no port by Node's cluster module; have the program listen on a socket of Cadre's, or give "
                        + "each worker a port of its own ([service.\(service.name).port])")
            }
        case "max_memory_restart":
            // Both replace a process that holds too much; a hard limit is another matter.
            text(value, origin) { service, text in
                let size = Int(text).map(TOMLText.Value.integer) ?? .string(text)
                service.set("limits.memory_high", size, origin)
            }
        case "kill_timeout": text(value, origin) { $0.set("stop.timeout", .string("\($1)ms"), origin) }
        case "instance_var": break
        case "treekill":
            if !value.isTruthy {
                service.change(origin, "whatever a worker leaves behind is stopped with it, and killed at the deadline")
            }
        case _ where key.hasPrefix("env_"):
            service.drop(
                origin,
                "there is one environment; for another one write [service.\(service.name).environment] into a file in conf.d/"
            )
        default: service.drop(origin, PM2Keys.dropped[key] ?? "PM2's documentation has no such key")
        }
    }

    /// Does something with a value that is a text or a number.
    private mutating func text(
        _ value: RelaxedJSON, _ origin: ImportOrigin, _ body: (inout ImportedService, String) -> Void
    ) {
        if let text = value.text {
            body(&service, text)
        } else {
            service.drop(origin, "it is neither a text nor a number")
        }
    }

    private mutating func importEnvironment(_ value: RelaxedJSON, _ origin: ImportOrigin) {
        guard case .object(let variables) = value.value else {
            return service.drop(origin, "it is no object with a member for each variable")
        }
        for (name, value) in variables {
            let place = ImportOrigin(ImportPlace(file: source.name, line: value.line), "\(prefix).env.\(name)")
            guard let text = value.text else {
                service.drop(place, "it is no text; PM2 passes on what JavaScript makes of it")
                continue
            }
            service.set(["environment", name], .string(ImportedText.template(ImportedText.unmarked(text))), place)
        }
    }

    private mutating func importNumbers() {
        if let instances = self["instances"] {
            switch instances.text {
            case "max"?, "0"?: service.set("workers", .string("cpus"), origin("instances"))
            case let text? where Int(text).map({ $0 < 0 }) == true:
                service.set("workers", .string("cpus"), origin("instances"))
                service.change(
                    origin("instances"), "\"cpus\" is one for each processor; there is no way to leave out some")
            case let text?:
                service.set("workers", Int(text).map(TOMLText.Value.integer) ?? .string(text), origin("instances"))
            case nil: service.drop(origin("instances"), "it is no number")
            }
        }
        let variable = self["instance_var"]?.text
        if let variable = variable ?? (self["instances"] == nil ? nil : "NODE_APP_INSTANCE") {
            service.set(["environment", variable], .string("{worker}"), origin("instance_var"))
        }
    }

    private mutating func importPort() {
        if let port = self["port"]?.text { service.set(["environment", "PORT"], .string(port), origin("port")) }
        guard let variable = self["increment_var"]?.text else { return }
        guard case .string(let text)? = service.value("environment.\(variable)"), let first = Int(text) else {
            return service.drop(origin("increment_var"), "env has no number of that name to begin with")
        }
        if first == 0 {
            service.set(["environment", variable], .string("{worker}"), origin("increment_var"))
        } else if (1...65535).contains(first) {
            service.set("port.start", .integer(first), origin("increment_var"))
            service.set(["environment", variable], .string("{port}"), origin("increment_var"))
        } else {
            service.drop(origin("increment_var"), "only {worker}, from 0 on, and {port} count up")
        }
    }

    // MARK: - Restarts

    private mutating func importRestarts() {
        if let value = self["autorestart"], !value.isTruthy {
            service.set("restart.policy", .string("never"), origin("autorestart"))
        }
        if let value = self["stop_exit_codes"] {
            var codes = [value]
            if case .array(let elements) = value.value { codes = elements }
            let numbers = codes.compactMap(\.text).compactMap { Int($0) }
            // PM2 restarts after an exit with 0, unless that is among them.
            service.set(
                "restart.success_exit_codes", .array(numbers.map(TOMLText.Value.integer)), origin("stop_exit_codes"))
            service.set("restart.policy", .string("on-failure"), origin("stop_exit_codes"))
        }
        if let delay = self["restart_delay"]?.text, delay != "0" {
            service.set("restart.delay", .string("\(delay)ms"), origin("restart_delay"))
            service.set("restart.multiplier", .integer(1), origin("restart_delay"))
            if let milliseconds = Int(delay), milliseconds > 30_000 {
                service.set("restart.max_delay", .string("\(delay)ms"), origin("restart_delay"))
            }
            service.change(
                origin("restart_delay"), "the first of several restarts in a row comes at once", in: "restart")
        } else if let delay = self["exp_backoff_restart_delay"]?.text, delay != "0" {
            service.set("restart.delay", .string("\(delay)ms"), origin("exp_backoff_restart_delay"))
            service.set("restart.multiplier", .float(1.5), origin("exp_backoff_restart_delay"))
            service.set("restart.max_delay", .string("15s"), origin("exp_backoff_restart_delay"))
        }
        importBudget()
    }

    /// PM2 gives up after so many restarts in a row of what ran for less than `min_uptime`.
    private mutating func importBudget() {
        guard self["max_restarts"] != nil || self["min_uptime"] != nil else { return }
        guard let restarts = Int(self["max_restarts"]?.text ?? "16"), (0...100_000).contains(restarts) else {
            return service.drop(origin("max_restarts"), "it is no number")
        }
        guard let uptime = Self.milliseconds(self["min_uptime"]?.text ?? "1000") else {
            return service.drop(origin("min_uptime"), "it is no time such as 5000 (milliseconds), \"5s\" or \"1m\"")
        }
        let delay = self["restart_delay"]?.text.flatMap { Int($0) } ?? 0
        let window = max(1, restarts) * (min(uptime, 86_400_000) + min(max(0, delay), 86_400_000))
        let place = origin(self["max_restarts"] == nil ? "min_uptime" : "max_restarts")
        service.set("restart.budget", .integer(restarts), place)
        service.set("restart.window", .string("\(window)ms"), place)
    }

    private static func milliseconds(_ text: String) -> Int? {
        let units = ["s": 1000, "m": 60_000, "h": 3_600_000]
        guard let unit = units[String(text.suffix(1))] else { return Int(text).flatMap { $0 >= 0 ? $0 : nil } }
        return Int(text.dropLast()).flatMap { (0...86_400).contains($0) ? $0 * unit : nil }
    }

    // MARK: - Output

    private mutating func importLogs() {
        if let value = self["disable_logs"], value.isTruthy {
            service.set("log.to", .string("none"), origin("disable_logs"))
            return
        }
        var chosen: String?
        for key in ["log_file", "out_file", "error_file"] {
            guard let value = self[key], value.isTruthy else { continue }
            guard case .string(let text) = value.value, !text.isEmpty else { continue }
            let path = ImportSource.join(directory, ImportedText.unmarked(text))
            if text.uppercased() == "NULL" || path == "/dev/null" {
                if chosen == nil { service.set("log.to", .string("none"), origin(key)) }
            } else if let chosen, chosen != path {
                service.drop(
                    origin(key), "both streams go to \(chosen) here, as there is one place for both", in: "log")
            } else {
                chosen = path
            }
        }
        guard let chosen else { return }
        service.removeSettings { $0.path == ["log", "to"] }
        let key = ["log_file", "out_file", "error_file"].first { self[$0]?.isTruthy == true } ?? "out_file"
        // PM2 writes the number of the instance behind the name, unless the files are to be one.
        let isShared = self["merge_logs"]?.isTruthy == true || self["instances"] == nil
        service.set("log.file", .string(ImportedText.template(isShared ? chosen : Self.numbered(chosen))), origin(key))
    }

    /// `/var/log/app.log` as `/var/log/app-{worker}.log`.
    private static func numbered(_ path: String) -> String {
        let name = ImportSource.baseName(of: path)
        let start = path.dropLast(name.count)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "\(path)-\(ImportedText.worker)" }
        return "\(start)\(name[..<dot])-\(ImportedText.worker)\(name[dot...])"
    }
}
