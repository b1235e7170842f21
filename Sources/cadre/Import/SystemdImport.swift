/// Imports a service unit of systemd's, mostly a template (systemd.service(5)). Where a key here is called as there it
/// means the same.
struct SystemdImport {
    var service: ImportedService
    private let document: INIDocument
    private let source: ImportSource
    var text: SystemdText
    /// The options that count, in their order: of those that are no lists the last.
    private var entries: [(section: String, entry: INIDocument.Entry)] = []
    private var environment: [String: String] = [:]

    /// What becomes of a file.
    static func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        var result = ImportedConfiguration(.systemd, source)
        result.hints = [
            "Like systemd, the service stops a process before it starts its successor (max_surge = 0). If the program takes "
                + "its socket from Cadre ([[service.NAME.socket]]), or sets SO_REUSEPORT, leave [service.NAME.rollout] out, and "
                + "nothing is lost by a restart.",
            "Drop-ins (\(source.baseName).d/) are not read; `systemctl cat` shows all of a unit.",
        ]
        var document = INIDocument(.systemd)
        try document.read(source.text, file: source.name)
        let base = source.baseName
        let unit = base.hasSuffix(".service") ? String(base.dropLast(8)) : base
        let prefix = String(unit.prefix { $0 != "@" })
        var importer = SystemdImport(
            document, source, name: result.serviceName(prefix),
            SystemdText(prefix: prefix, isTemplate: unit.hasSuffix("@"), directory: source.directory))
        let isComplete = importer.makeService()
        if let install = document["Install"] {
            result.drop(
                ImportOrigin(install.place, "Install"),
                "what cadre.service runs is started with it: systemctl enable --now cadre")
        }
        for section in document.sections where !["Unit", "Service", "Install"].contains(section.name) {
            if section.name.hasPrefix("X-") { continue }
            result.drop(ImportOrigin(section.place, section.name), "a service unit has no such section")
        }
        if isComplete {
            result.add(importer.service, named: prefix)
        } else {
            for (_, remark) in importer.service.remarks { result.remark(remark) }
        }
        return result
    }

    private init(_ document: INIDocument, _ source: ImportSource, name: String, _ text: SystemdText) {
        self.document = document
        self.source = source
        self.text = text
        let place = document["Service"]?.place ?? ImportPlace(file: source.name)
        service = ImportedService(name: name, origin: ImportOrigin(place, "Service"))
        for section in document.sections where section.name == "Unit" || section.name == "Service" {
            for entry in section.entries { collect(section.name, entry) }
        }
    }

    /// An empty value takes back what was said before; what is no list is said anew.
    private mutating func collect(_ section: String, _ entry: INIDocument.Entry) {
        let isList =
            SystemdKeys.straight[entry.key]?.form == .list || entry.key.hasPrefix("Exec")
            || [
                "Environment", "EnvironmentFile", "CPUAffinity", "AllowedCPUs", "AllowedMemoryNodes",
                "CapabilityBoundingSet",
                "AmbientCapabilities", "SuccessExitStatus", "LoadCredential", "LoadCredentialEncrypted",
                "SetCredential",
                "SetCredentialEncrypted", "After", "Requires", "Wants",
            ].contains(entry.key)
        if entry.value.isEmpty || !isList { entries.removeAll { $0.entry.key == entry.key } }
        if !entry.value.isEmpty { entries.append((section, entry)) }
    }

    func values(_ key: String) -> [INIDocument.Entry] { entries.map(\.entry).filter { $0.key == key } }

    func origin(_ entry: INIDocument.Entry) -> ImportOrigin {
        ImportOrigin(
            entry.place, "\(entries.first { $0.entry.place == entry.place }?.section ?? "Service").\(entry.key)")
    }

    /// Expands what is in a value, and says what can't be.
    mutating func expanded(_ entry: INIDocument.Entry) -> String {
        let result = text.expand(entry.value)
        for specifier in text.takeUnknown() {
            service.change(origin(entry), "nothing is put in for \(specifier) here; write its value in its place")
        }
        return result
    }

    // MARK: - The service

    /// Whether there is a command to run.
    private mutating func makeService() -> Bool {
        let description = values("Description").last.map { ": " + ImportedText.template(text.expand($0.value)) } ?? ""
        service.title = source.baseName + description
        _ = text.takeUnknown()
        service.set("workers", .integer(1))
        if text.isTemplate {
            service.change(
                service.origin,
                "how many instances there are is not in the unit; set workers. They are numbered from 0, and that "
                    + "number takes the place of %i")
        }
        // systemd's own, without a word in the unit.
        service.set("restart.policy", .string("never"))
        service.set("stop.timeout", .string("90s"))
        service.stopsFirst()
        for entry in values("Environment") { importEnvironment(entry) }
        importEnvironmentFiles()
        importCapabilities()
        for (_, entry) in entries { importEntry(entry) }
        importDelays()
        return importCommand()
    }

    private mutating func importCommand() -> Bool {
        let commands = values("ExecStart")
        guard let entry = commands.first else {
            service.drop(service.origin, "the unit has no ExecStart=")
            return false
        }
        for other in commands.dropFirst() {
            service.drop(origin(other), "a service has one command; make a service of each, or a script of all")
        }
        var line = expanded(entry)
        var modifiers = ""
        while let first = line.first, "@-:+!|".contains(first) {
            modifiers.append(first)
            line.removeFirst()
        }
        guard var words = SystemdText.words(line), !words.isEmpty else {
            service.drop(origin(entry), "the command is empty, or has a quote without an end")
            return false
        }
        if modifiers.contains("@"), words.count > 1 { words.remove(at: 1) }
        for (modifier, message) in [
            ("@", "what the program calls itself can't be another name"),
            ("-", "an end with a failure counts as one; restart.success_exit_codes says which don't"),
            ("+", "it runs with the same privileges as everything else; set user and capabilities"),
            ("!", "it runs with the same privileges as everything else; set user and capabilities"),
        ] where modifiers.contains(modifier) {
            service.drop(ImportOrigin(entry.place, "\(origin(entry).key) \(modifier)"), message)
        }
        if !modifiers.contains(":") { words = words.map { SystemdText.marking($0, known: environment) } }
        let arguments = ImportedCommand(words: words).arguments
        if arguments.count != words.count || arguments.first == "/bin/sh" && words.first != "/bin/sh" {
            service.change(origin(entry), "a shell puts the variables in, which only the worker's environment has")
        }
        service.set("command", .strings(arguments), origin(entry))
        return true
    }

    // MARK: - Environment and privileges

    private mutating func importEnvironment(_ entry: INIDocument.Entry) {
        guard let words = SystemdText.words(expanded(entry)) else {
            return service.drop(origin(entry), "a quote in it has no end")
        }
        for word in words {
            guard let equals = word.firstIndex(of: "=") else {
                service.drop(origin(entry), "there is no \"=\" in one of its words")
                continue
            }
            let (name, value) = (String(word[..<equals]), String(word[word.index(after: equals)...]))
            environment[name] = value
            service.set(["environment", name], .string(ImportedText.template(value)), origin(entry))
        }
    }

    private mutating func importEnvironmentFiles() {
        let files = values("EnvironmentFile")
        for (index, entry) in files.enumerated() {
            guard index == files.count - 1 else {
                service.drop(origin(entry), "a service has one environment_file; write all variables into one")
                continue
            }
            service.set("environment_file", .string(ImportedText.template(expanded(entry))), origin(entry))
        }
        // What a file may say otherwise is not known.
        if !files.isEmpty { environment = [:] }
    }

    /// Root has all capabilities but those that are taken from it; others have those that are given to them.
    private mutating func importCapabilities() {
        let isRoot = values("User").last.map { ["root", "0"].contains($0.value) } ?? true
        let (key, other) =
            isRoot ? ("CapabilityBoundingSet", "AmbientCapabilities") : ("AmbientCapabilities", "CapabilityBoundingSet")
        let names = values(key).flatMap { $0.value.split(whereSeparator: \.isWhitespace).map(String.init) }
        if let entry = values(key).first {
            if names.contains(where: { $0.hasPrefix("~") }) {
                service.drop(origin(entry), "capabilities lists what a worker may do, and not what it may not do")
            } else {
                service.set("capabilities", .strings(names), origin(entry))
            }
        } else if isRoot {
            service.change(
                values("User").last.map(origin) ?? service.origin,
                "it runs as root, which has no capabilities here unless they are listed: set capabilities, or a user")
        }
        // The bounding set of one that has none is of no use, nor the ambient one of root.
        if let entry = values(other).first, isRoot, values(key).isEmpty {
            service.set(
                "capabilities",
                .strings(values(other).flatMap { $0.value.split(whereSeparator: \.isWhitespace).map(String.init) }),
                origin(entry))
        }
        let credentials = ["LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted"]
        let given = credentials.flatMap(values)
        guard let first = given.first else { return }
        service.set(
            "credentials", .strings(given.map { String($0.value.prefix { $0 != ":" }) }), origin(first))
        for entry in given {
            service.change(origin(entry), "the line itself belongs into cadre.service: `systemctl edit cadre`")
        }
    }
}
