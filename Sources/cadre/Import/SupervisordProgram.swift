/// One program of supervisord's on its way to being a service.
struct SupervisordProgram {
    var service: ImportedService
    private let section: INIDocument.Section
    private let importer: SupervisordImport
    private var expansion: SupervisordExpansion
    private var count = 1
    private var logs = SupervisordLogs()

    init(_ section: INIDocument.Section, _ name: String, group: (name: String, rank: Int)?, importer: SupervisordImport)
    {
        self.section = section
        self.importer = importer
        service = ImportedService(
            name: importer.result.serviceName(name), origin: ImportOrigin(section.place, section.name))
        service.title = "[\(section.name)], \(ImportSource.baseName(of: section.place.file)):\(section.place.line ?? 1)"
        func number(_ key: String) -> Int? { section[key].flatMap { Int($0.value) } }
        count = max(0, number("numprocs") ?? 1)
        expansion = SupervisordExpansion(
            values: [
                "program_name": service.name == name ? ImportedText.service : name, "group_name": group?.name ?? name,
                "numprocs": "\(count)",
            ], start: number("numprocs_start") ?? 0, count: count)
        let priority = number("priority") ?? 999
        service.rank = [group?.rank ?? priority, priority]
    }

    /// The service; nil if it can't be run, and why is one of its remarks.
    mutating func makeService() -> ImportedService? {
        service.set("workers", .integer(count), section["numprocs"].map(origin))
        service.set("restart.policy", .string("on-failure"))
        service.stopsFirst()
        for (path, value, origin) in importer.inherited { service.set(path, value, origin) }
        if let directory = importer.directory { service.set("directory", .string(ImportedText.template(directory))) }
        // Commands may have variables of the program's own environment in them.
        var exports = importEnvironment()
        for entry in section.entries where entry.key != "environment" && entry.key != "command" { importEntry(entry) }
        logs.write(to: &service)
        guard let command = section["command"] else {
            service.drop(service.origin, "the program has no command")
            return nil
        }
        guard let words = expanded(command).map({ ShellWords.split($0) }) else { return nil }
        guard let words, !words.isEmpty else {
            service.drop(origin(command), "the command is empty, or has a quote without an end")
            return nil
        }
        exports.removeAll { !ImportedText.hasVariables($0.value) }
        let arguments = ImportedCommand(words: words, exports: exports).arguments
        service.set("command", .strings(arguments), origin(command))
        if words[0].contains("/"), !words[0].hasPrefix("/"), service.value("directory") == nil {
            service.set("directory", .string(ImportedText.template(importer.source.directory)), origin(command))
            service.change(
                origin(command),
                "the program is looked for in the directory of this file, not in that where supervisord was started")
        }
        if let port = expansion.firstPort { service.set("port.start", .integer(port), origin(command)) }
        for change in expansion.changes { service.change(service.origin, change) }
        setAutostart()
        return service
    }

    private func origin(_ entry: INIDocument.Entry) -> ImportOrigin {
        ImportOrigin(entry.place, "\(section.name).\(entry.key)")
    }

    /// A value with its expressions expanded; nil if they can't be, which is said.
    private mutating func expanded(_ entry: INIDocument.Entry) -> String? {
        do throws(SupervisordExpansion.Problem) {
            return try expansion.expand(entry.value)
        } catch {
            service.drop(origin(entry), error.message)
            return nil
        }
    }

    /// Sets the environment, and returns what only a shell can set.
    private mutating func importEnvironment() -> [(name: String, value: String)] {
        var variables = importer.globalEnvironment
        for (name, value) in variables { expansion.environment[name] = value }
        var place = service.origin
        if let entry = section["environment"], let text = expanded(entry) {
            place = origin(entry)
            if let own = SupervisordEnvironment.parse(text) {
                variables.removeAll { variable in own.contains { $0.name == variable.name } }
                variables += own
            } else {
                service.drop(origin(entry), "it can't be read as KEY=\"value\",KEY2=\"value2\"")
            }
        }
        for (name, value) in variables {
            expansion.environment[name] = value
            if ImportedText.hasVariables(value) { continue }
            service.set(["environment", name], .string(ImportedText.template(value)), place)
        }
        return variables
    }

    private mutating func importEntry(_ entry: INIDocument.Entry) {
        let origin = origin(entry)
        if entry.key == "process_name" {
            return service.change(origin, "workers are called \(service.name)/0, \(service.name)/1 and so on")
        }
        guard let text = expanded(entry), !text.isEmpty else { return }
        if ImportedText.hasVariables(text) {
            return service.drop(
                origin,
                "%(ENV_…)s can stand in command and environment only, as no other key has variables here; write its value"
            )
        }
        if ImportedText.differsByWorker(text), entry.key != "directory", !entry.key.hasSuffix("_logfile") {
            return service.drop(origin, "it is the same for all workers here")
        }
        switch entry.key {
        case "numprocs", "numprocs_start", "priority", "startsecs":
            if Int(text) == nil { service.drop(origin, "it is no number") }
            if entry.key == "startsecs", let seconds = Int(text), seconds > 0 {
                service.set("rollout.min_ready", .string("\(seconds)s"), origin)
            }
        case "directory": service.set("directory", .string(ImportedText.template(path(text))), origin)
        case "user": service.set("user", .string(text), origin)
        case "umask": service.set("umask", .string(SupervisordKeys.octal(text)), origin)
        case "autostart":
            if SupervisordKeys.boolean(text) == nil { service.drop(origin, "it is neither true nor false") }
        case "autorestart": importRestart(text, origin)
        case "exitcodes":
            let codes = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.compactMap { Int($0) }
            service.set("restart.success_exit_codes", .array(codes.map(TOMLText.Value.integer)), origin)
        case "startretries": importRetries(text, origin)
        case "stopsignal":
            service.set("stop.signal", Int(text).map(TOMLText.Value.integer) ?? .string(text.uppercased()), origin)
        case "stopwaitsecs": service.set("stop.timeout", .string("\(text)s"), origin)
        case "stopasgroup", "killasgroup":
            // All of them get the signal once the leader is gone, and all are killed.
            if SupervisordKeys.boolean(text) != true {
                service.change(
                    origin,
                    "when the main process is gone, what is left of the worker gets the stop signal, too, and is killed "
                        + "at the deadline", in: "stop")
            }
        case "redirect_stderr", "stdout_logfile", "stderr_logfile", "stdout_logfile_maxbytes",
            "stderr_logfile_maxbytes",
            "stdout_syslog", "stderr_syslog":
            let isFile = entry.key.hasSuffix("_logfile")
            logs.set(entry.key, isFile ? logFile(text) : text, origin)
        case "socket" where section.name.hasPrefix("fcgi-program:"):
            importSocket(ImportedText.literal(text, service: service.name), origin)
        case "socket_owner", "socket_mode", "socket_backlog": break
        default:
            service.drop(
                origin, SupervisordKeys.programs[entry.key] ?? "this is no key that supervisord's documentation has")
        }
    }

    /// An absolute path for one that was relative to where supervisord ran.
    private func path(_ text: String) -> String {
        ImportSource.join(importer.directory ?? importer.source.directory, text)
    }

    private func logFile(_ text: String) -> String {
        ["auto", "none", "off", "syslog"].contains(text.lowercased())
            ? text.lowercased() : ImportedText.template(path(text))
    }

    private mutating func importRestart(_ text: String, _ origin: ImportOrigin) {
        let policy: String? =
            text.lowercased() == "unexpected"
            ? "on-failure" : SupervisordKeys.boolean(text).map { $0 ? "always" : "never" }
        guard let policy else { return service.drop(origin, "it is neither true, false nor unexpected") }
        service.set("restart.policy", .string(policy), origin)
    }

    /// supervisord gives up when a process has died so often in a row before it ran for `startsecs`, and waits a second
    /// longer each time.
    private mutating func importRetries(_ text: String, _ origin: ImportOrigin) {
        guard let retries = Int(text), (0...100_000).contains(retries) else {
            return service.drop(origin, "it is no number of retries")
        }
        let seconds = section["startsecs"].flatMap { Int($0.value) } ?? 1
        let window = retries * max(0, min(seconds, 86400)) + retries * (retries + 1) / 2 + 1
        service.set("restart.budget", .integer(retries), origin)
        service.set("restart.window", .string("\(window)s"), origin)
        service.set("restart.delay", .string("1s"), origin)
    }

    private mutating func importSocket(_ text: String, _ origin: ImportOrigin) {
        let listen: String
        if text.hasPrefix("tcp://") {
            listen = String(text.dropFirst(6))
        } else if text.hasPrefix("unix://") {
            listen = "unix:\(text.dropFirst(7))"
        } else {
            return service.drop(origin, "it is neither tcp://host:port nor unix:///path")
        }
        var keys: [(String, TOMLText.Value)] = [
            ("name", .string("fastcgi")), ("listen", .string(listen)), ("stdin", .boolean(true)),
        ]
        if let backlog = section["socket_backlog"].flatMap({ Int($0.value) }) {
            keys.append(("backlog", .integer(backlog)))
        }
        if let mode = section["socket_mode"] { keys.append(("mode", .string(SupervisordKeys.octal(mode.value)))) }
        if let owner = section["socket_owner"] {
            let parts = owner.value.split(separator: ":", maxSplits: 1).map(String.init)
            if let user = parts.first { keys.append(("user", .string(user))) }
            if parts.count == 2 { keys.append(("group", .string(parts[1]))) }
        }
        service.addSocket(keys, origin)
        // A process and its successor can share a socket that is Cadre's.
        service.removeSettings { $0.path == ["rollout", "max_surge"] || $0.path == ["rollout", "max_unavailable"] }
    }

    private mutating func setAutostart() {
        guard let entry = section["autostart"], SupervisordKeys.boolean(entry.value) == false else { return }
        service.set("workers", .integer(0), origin(entry))
        service.change(
            origin(entry),
            "the service has no workers; `cadre scale \(service.name)=\(max(1, count))` starts \(max(1, count)), until the next apply"
        )
    }
}
