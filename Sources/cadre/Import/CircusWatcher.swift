/// One watcher of Circus' on its way to being a service.
struct CircusWatcher {
    var service: ImportedService
    private let section: INIDocument.Section
    private let environment: [INIDocument.Entry]
    private let source: ImportSource
    private var expansion = CircusExpansion()
    private var logs = CircusLogs()

    init(_ section: INIDocument.Section, _ name: String, environment: [INIDocument.Entry], importer: CircusImport) {
        self.section = section
        self.environment = environment
        source = importer.source
        service = ImportedService(
            name: importer.result.serviceName(name), origin: ImportOrigin(section.place, section.name))
        service.title = "[\(section.name)], \(ImportSource.baseName(of: section.place.file)):\(section.place.line ?? 1)"
        expansion.values = ["wid": ImportedText.worker, "name": name]
        for entry in environment {
            expansion.values["env.\(entry.key.lowercased())"] = ImportedText.unmarked(entry.value)
        }
        for entry in section.entries where expansion.values[entry.key] == nil && !entry.key.contains(".") {
            expansion.values[entry.key.lowercased()] = ImportedText.unmarked(entry.value)
        }
    }

    /// The service; nil if it can't be run, and why is one of its remarks.
    mutating func makeService(_ importer: inout CircusImport) -> ImportedService? {
        guard let command = section["cmd"], !command.value.isEmpty else {
            service.drop(service.origin, "the watcher has no cmd")
            return nil
        }
        service.set("workers", .integer(1))
        // Circus waits longer than Cadre does by itself.
        service.set("stop.timeout", .string("30s"))
        if let umask = importer.umask { service.set("umask", umask.value, umask.origin) }
        importSockets(&importer)
        let exports = importEnvironment()
        for entry in section.entries { importEntry(entry) }
        logs.write(to: &service)
        importAge()
        setAutostart()
        guard let arguments = arguments(command, exports) else { return nil }
        service.set("command", .strings(arguments), origin(command))
        if let program = arguments.first, program.contains("/"), !program.hasPrefix("/"),
            service.value("directory") == nil
        {
            service.set("directory", .string(ImportedText.template(source.directory)), origin(command))
            service.change(
                origin(command),
                "the program is looked for in the directory of this file, not in that where circusd was started")
        }
        return service
    }

    private func origin(_ entry: INIDocument.Entry) -> ImportOrigin {
        ImportOrigin(entry.place, "\(section.name).\(entry.key)")
    }

    private func isSet(_ key: String) -> Bool { section[key].flatMap { CircusKeys.boolean($0.value) } ?? false }

    // MARK: - Command

    private mutating func arguments(
        _ command: INIDocument.Entry, _ exports: [(name: String, value: String)]
    ) -> [String]? {
        var line = expansion.expand(command.value).replacing("$WID", with: ImportedText.worker)
        if let more = section["args"] {
            line += " " + expansion.expand(more.value).replacing("$WID", with: ImportedText.worker)
        }
        for name in expansion.unknownNames(in: line) {
            service.drop(origin(command), "nothing is known of $(circus.\(name)); write its value into command")
        }
        guard let words = ShellWords.split(line), !words.isEmpty else {
            service.drop(origin(command), "the command is empty, or has a quote without an end")
            return nil
        }
        if isSet("shell"), ShellWords.plainCommand(line) == nil, !ImportedText.hasVariables(line) {
            if let shell = section["shell"] {
                service.change(
                    origin(shell), "a shell runs cmd as it is written, where Circus quotes each of its words first")
            }
            return ["/bin/sh", "-c", ImportedText.template(ShellWords.isSimple(line) ? "exec \(line)" : line)]
        }
        return ImportedCommand(words: words, exports: exports).arguments
    }

    /// Sets the environment, and returns what only a shell can set.
    private mutating func importEnvironment() -> [(name: String, value: String)] {
        var exports: [(name: String, value: String)] = []
        for entry in environment {
            // Its own value is that of the variable which it replaces.
            var others = expansion
            others.values["env.\(entry.key.lowercased())"] = nil
            let value = others.expand(entry.value)
            let origin = ImportOrigin(entry.place, "env.\(entry.key)")
            exports.removeAll { $0.name == entry.key }
            service.removeSettings { $0.path == ["environment", entry.key] }
            if ImportedText.hasVariables(value) {
                exports.append((entry.key, value))
                expansion.values["env.\(entry.key.lowercased())"] = ImportedText.variable(entry.key)
            } else {
                service.set(["environment", entry.key], .string(ImportedText.template(value)), origin)
            }
        }
        return exports
    }

    // MARK: - Sockets

    private mutating func importSockets(_ importer: inout CircusImport) {
        var names: [String] = []
        for entry in section.entries {
            for name in CircusExpansion.names(in: entry.value) where name.hasPrefix("sockets.") {
                let socket = String(name.dropFirst(8))
                if !names.contains(socket) { names.append(socket) }
            }
        }
        let stdin = section["stdin_socket"].map { ($0, $0.value.lowercased()) }
        if let stdin, !names.contains(stdin.1) { names.append(stdin.1) }
        let usesSockets = isSet("use_sockets")
        if names.isEmpty, usesSockets { names = importer.sockets.map(\.name) }
        if !names.isEmpty {
            // Circus passes sockets on with use_sockets alone; what is named is meant to be passed.
            let descriptors = importer.give(names, to: &service, section["use_sockets"].map(origin) ?? service.origin)
            for (name, descriptor) in descriptors { expansion.values["sockets.\(name)"] = "\(descriptor)" }
            if let stdin, let descriptor = descriptors[stdin.1] {
                service.set(["socket", "\(descriptor - 3)", "stdin"], .boolean(true), origin(stdin.0))
                // That one is not among those from 3 on.
                for (name, other) in descriptors where other > descriptor {
                    expansion.values["sockets.\(name)"] = "\(other - 1)"
                }
            }
        }
        if service.socketCount == 0 { service.stopsFirst() }
    }

    // MARK: - All other keys

    private mutating func importEntry(_ entry: INIDocument.Entry) {
        let origin = origin(entry)
        let text = expansion.expand(entry.value)
        let template = ImportedText.template(text)
        switch entry.key {
        case "cmd", "args", "use_sockets", "stdin_socket", "max_age", "max_age_variance", "autostart", "name": break
        case "shell", "close_child_stdin":
            if CircusKeys.boolean(text) == nil { service.drop(origin, "it is no boolean") }
            if entry.key == "close_child_stdin", CircusKeys.boolean(text) == false {
                service.drop(origin, "standard input is /dev/null, or a socket with stdin = true")
            }
        case "numprocesses":
            guard let count = Int(text) else { return service.drop(origin, "it is no number") }
            service.set("workers", .integer(count), origin)
        case "singleton":
            if CircusKeys.boolean(text) == true, service.value("workers") == .integer(1) {
                service.change(origin, "nothing keeps the service from being scaled to more than one worker")
            }
        case "working_dir":
            service.set("directory", .string(ImportedText.template(source.absolute(text))), origin)
        case "uid": service.set("user", .string(text), origin)
        case "gid": service.set("group", .string(text), origin)
        case "copy_env":
            if CircusKeys.boolean(text) == true {
                service.change(
                    origin, "the environment is that of Cadre's unit, not that of the shell which started circusd")
            }
        case "respawn":
            guard let respawns = CircusKeys.boolean(text) else { return service.drop(origin, "it is no boolean") }
            service.set("restart.policy", .string(respawns ? "always" : "never"), origin)
        case "on_demand":
            guard CircusKeys.boolean(text) == true else { return }
            service.set("on_demand", .boolean(true), origin)
            service.set("idle_timeout", .string("infinity"), origin)
        case "stop_signal":
            service.set("stop.signal", Int(text).map(TOMLText.Value.integer) ?? .string(text.uppercased()), origin)
        case "stop_children":
            if CircusKeys.boolean(text) == true {
                service.change(origin, "the children get the signal when their main process is gone", in: "stop")
            }
        case "graceful_timeout": service.set("stop.timeout", .string("\(text)s"), origin)
        case "priority":
            guard let priority = Int(text), priority != .min else { return service.drop(origin, "it is no number") }
            // The bigger number starts first.
            service.rank = [-priority]
        case _ where entry.key.hasPrefix("rlimit_"):
            let limit = entry.key.dropFirst(7).lowercased()
            service.set("rlimits.\(limit)", Int(text).map(TOMLText.Value.integer) ?? .string("infinity"), origin)
        case _ where entry.key.hasPrefix("stdout_stream.") || entry.key.hasPrefix("stderr_stream."):
            logs.set(entry.key, template, origin)
        case "close_child_stdout", "close_child_stderr": logs.set(entry.key, text, origin)
        case _ where entry.key.hasPrefix("hooks."):
            service.drop(origin, CircusKeys.hook(String(entry.key.dropFirst(6))))
        default:
            if ["send_hup", "copy_path"].contains(entry.key), CircusKeys.boolean(text) == false { return }
            if entry.key == "check_flapping", CircusKeys.boolean(text) == true { return }
            service.drop(
                origin,
                CircusKeys.watchers[entry.key]
                    ?? "this is no key that Circus' documentation has, but one for a plugin, perhaps")
        }
        if service.rank == nil { service.rank = [0] }
    }

    private mutating func importAge() {
        guard let entry = section["max_age"] else {
            if let variance = section["max_age_variance"] {
                service.drop(origin(variance), "it varies max_age, which is not set")
            }
            return
        }
        guard let age = Int(entry.value), age >= 0 else {
            return service.drop(origin(entry), "it is no number of seconds")
        }
        if age == 0 { return }
        service.set("max_age", .string("\(age)s"), origin(entry))
        let variance = section["max_age_variance"].flatMap { Int($0.value) } ?? 30
        let share = (Double(min(max(0, variance), age)) / Double(age) * 1000).rounded(.up) / 1000
        service.set("max_age_jitter", .float(share), section["max_age_variance"].map(origin) ?? origin(entry))
    }

    private mutating func setAutostart() {
        guard let entry = section["autostart"], CircusKeys.boolean(entry.value) == false else { return }
        let count = section["numprocesses"]?.value ?? "1"
        service.set("workers", .integer(0), origin(entry))
        service.change(
            origin(entry),
            "the service has no workers; `cadre scale \(service.name)=\(count)` starts \(count), until the next apply")
    }
}
