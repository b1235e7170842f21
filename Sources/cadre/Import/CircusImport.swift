import Supervision

/// Imports circus.ini (https://circus.readthedocs.io/en/latest/for-ops/configuration/).
struct CircusImport {
    private(set) var result: ImportedConfiguration
    let source: ImportSource
    private(set) var document = INIDocument(.circus)
    /// What [circus] says that holds for all watchers.
    private(set) var umask: (value: TOMLText.Value, origin: ImportOrigin)?
    /// The sockets by name, in their order.
    private(set) var sockets: [(name: String, socket: CircusSocket)] = []
    /// Which service a socket was given to.
    private var owners: [String: String] = [:]

    /// What becomes of a file.
    static func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        var importer = CircusImport(source)
        try importer.read()
        importer.importGlobals()
        importer.importSockets()
        importer.importWatchers()
        importer.sayWhoHasNoSocket()
        importer.result.setOrder()
        return importer.result
    }

    private init(_ source: ImportSource) {
        self.source = source
        result = ImportedConfiguration(.circus, source)
        result.hints = [
            "Workers are counted from 0, where Circus counts from 1 ($(circus.wid)).",
            "Like Circus, services without a socket of Cadre's stop a process before they start its successor "
                + "(max_surge = 0); those with one replace it successor first, and lose nothing.",
        ]
    }

    // MARK: - Files

    private mutating func read() throws(ImportError) {
        try document.read(source.text, file: source.name)
        guard let circus = document["circus"] else { return }
        for (key, pattern) in [("include", ""), ("include_dir", "/*.ini")] {
            guard let entry = circus[key] else { continue }
            for name in entry.value.split(whereSeparator: \.isWhitespace).map(String.init) {
                let paths = source.matches(source.absolute(name) + pattern)
                let origin = ImportOrigin(entry.place, "circus.\(key)")
                if paths.isEmpty { result.drop(origin, "no file matches \(name)\(pattern)") }
                for path in paths {
                    guard let text = source.read(path) else {
                        result.drop(origin, "\(source.displayName(of: path)) cannot be read as text")
                        continue
                    }
                    try document.read(text, file: source.displayName(of: path))
                }
            }
        }
    }

    // MARK: - Sections that are no watchers

    private mutating func importGlobals() {
        for section in document.sections {
            let kind = section.name.prefix { $0 != ":" }
            let origin = ImportOrigin(section.place, section.name)
            switch kind {
            case "circus": for entry in section.entries { importGlobal(entry) }
            case "watcher", "socket", "env": break
            case "plugin":
                let plugin = section["use"]?.value ?? ""
                let message = CircusKeys.plugins.first { plugin.contains($0.key) }?.value
                result.drop(origin, message ?? "there are no plugins; the control socket speaks HTTP and JSON")
            default: result.drop(origin, "this is a section that Circus' documentation doesn't have")
            }
        }
    }

    private mutating func importGlobal(_ entry: INIDocument.Entry) {
        let origin = ImportOrigin(entry.place, "circus.\(entry.key)")
        switch entry.key {
        case "include", "include_dir": break
        case "umask": umask = (.string(SupervisordKeys.octal(entry.value)), origin)
        default:
            result.drop(origin, CircusKeys.globals[entry.key] ?? "this is no key that Circus' documentation has")
        }
    }

    // MARK: - Sockets

    private mutating func importSockets() {
        var expansion = CircusExpansion()
        for entry in document["env"]?.entries ?? [] { expansion.values["env.\(entry.key.lowercased())"] = entry.value }
        for section in document.sections where section.name.hasPrefix("socket:") {
            var socket = CircusSocket(section, expansion)
            socket.importEntries()
            for remark in socket.remarks { result.remark(remark) }
            sockets.append((section.name.dropFirst(7).lowercased(), socket))
        }
    }

    /// Gives a watcher the sockets of these names, and returns their descriptors. Each can be one service's only.
    mutating func give(_ names: [String], to service: inout ImportedService, _ origin: ImportOrigin) -> [String: Int] {
        var descriptors: [String: Int] = [:]
        for name in names {
            guard let (_, socket) = sockets.first(where: { $0.name == name }) else {
                service.drop(origin, "there is no socket \(name)")
                continue
            }
            if let owner = owners[name] {
                service.drop(
                    origin,
                    "the socket \(name) is passed to \(owner) already, and Cadre opens a socket for one service; give "
                        + "this one an address of its own", in: "socket")
                continue
            }
            owners[name] = service.name
            descriptors[name] = service.addSocket(socket.keys, socket.origin)
        }
        return descriptors
    }

    private mutating func sayWhoHasNoSocket() {
        for (name, socket) in sockets where owners[name] == nil {
            result.drop(socket.origin, "no watcher uses it; write it into the service that is to have it")
        }
    }

    // MARK: - Watchers

    private mutating func importWatchers() {
        for section in document.sections where section.name.hasPrefix("watcher:") {
            let name = String(section.name.dropFirst(8))
            var watcher = CircusWatcher(section, name, environment: environment(of: name), importer: self)
            let service = watcher.makeService(&self)
            if let service {
                result.add(service, named: name)
            } else {
                for (_, remark) in watcher.service.remarks { result.remark(remark) }
            }
        }
    }

    /// The variables of [env], and of those [env:…] whose patterns match.
    private func environment(of watcher: String) -> [INIDocument.Entry] {
        document.sections.flatMap { section -> [INIDocument.Entry] in
            if section.name == "env" { return section.entries }
            guard section.name.hasPrefix("env:") else { return [] }
            let patterns = section.name.dropFirst(4).split(separator: ",").map {
                String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            }
            return patterns.contains { Self.matches(watcher, $0) } ? section.entries : []
        }
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        if name == pattern { return true }
        guard let pattern = try? NamePattern(pattern) else { return false }
        return pattern.matches(service: name)
    }
}
