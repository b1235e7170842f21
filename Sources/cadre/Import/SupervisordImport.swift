import Specification

/// Imports supervisord.conf (https://supervisord.org/configuration.html), as supervisord 4 reads it.
struct SupervisordImport {
    private(set) var result: ImportedConfiguration
    let source: ImportSource
    private(set) var document = INIDocument(.supervisord)
    /// `environment=` of [supervisord], which all programs have.
    private(set) var globalEnvironment: [(name: String, value: String)] = []
    /// Settings of [supervisord] that its programs inherit.
    private(set) var inherited: [(path: String, value: TOMLText.Value, origin: ImportOrigin)] = []
    /// Where programs run that don't say; nil if that isn't said either.
    private(set) var directory: String?

    /// What becomes of a file.
    static func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        var importer = SupervisordImport(source)
        try importer.read()
        importer.importGlobals()
        importer.importPrograms()
        return importer.result
    }

    private init(_ source: ImportSource) {
        self.source = source
        result = ImportedConfiguration(.supervisord, source)
        result.hints = [
            "Like supervisord, these services stop a process before they start its successor (max_surge = 0). If a program "
                + "takes its socket from Cadre ([[service.NAME.socket]]), or sets SO_REUSEPORT, leave [service.NAME.rollout] "
                + "out, and nothing is lost by a restart."
        ]
    }

    // MARK: - Files

    private mutating func read() throws(ImportError) {
        try document.read(Self.withHere(source.text, source.directory), file: source.name)
        guard let include = document["include"] else { return }
        guard let files = include["files"] else {
            return result.drop(
                ImportOrigin(include.place, "include"), "it has no line files = …, so nothing is included")
        }
        var expansion = SupervisordExpansion(values: [:], start: 0, count: 1)
        let patterns: String
        do throws(SupervisordExpansion.Problem) {
            patterns = try expansion.expand(files.value)
        } catch {
            throw ImportError(files.place, error.message, key: "include.files")
        }
        for pattern in patterns.split(whereSeparator: \.isWhitespace).map(String.init) {
            let paths = source.matches(source.absolute(pattern))
            if paths.isEmpty {
                result.drop(ImportOrigin(files.place, "include.files"), "no file matches \(pattern)")
            }
            for path in paths {
                let name = source.displayName(of: path)
                guard let text = source.read(path) else {
                    result.drop(ImportOrigin(files.place, "include.files"), "\(name) cannot be read as text")
                    continue
                }
                let here = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? source.directory
                try document.read(Self.withHere(text, here), file: name)
            }
        }
    }

    /// `%(here)s` is the directory of the file that it stands in.
    private static func withHere(_ text: String, _ directory: String) -> String {
        text.replacing("%(here)s", with: directory.replacing("%", with: "%%"))
    }

    // MARK: - [supervisord] and the like

    private mutating func importGlobals() {
        for section in document.sections {
            let kind = section.name.prefix { $0 != ":" }
            if kind == "supervisord" {
                for entry in section.entries { importGlobal(entry) }
            } else if let message = SupervisordKeys.otherSections[String(kind)] {
                if !message.isEmpty { result.drop(ImportOrigin(section.place, section.name), message) }
            } else if !["program", "fcgi-program", "group"].contains(kind) {
                result.drop(
                    ImportOrigin(section.place, section.name),
                    "this is a section that supervisord's documentation doesn't have"
                )
            }
        }
    }

    private mutating func importGlobal(_ entry: INIDocument.Entry) {
        let origin = ImportOrigin(entry.place, "supervisord.\(entry.key)")
        switch entry.key {
        case "umask": inherited.append(("umask", .string(SupervisordKeys.octal(entry.value)), origin))
        case "user": inherited.append(("user", .string(entry.value), origin))
        case "directory": directory = source.absolute(entry.value)
        case "minfds":
            guard let number = Int(entry.value) else { return result.drop(origin, "it is no number") }
            inherited.append(("rlimits.nofile", .integer(number), origin))
        case "environment":
            var expansion = SupervisordExpansion(values: [:], start: 0, count: 1)
            guard let text = try? expansion.expand(entry.value), let variables = SupervisordEnvironment.parse(text)
            else {
                return result.drop(origin, "it can't be read as KEY=\"value\",KEY2=\"value2\"")
            }
            globalEnvironment = variables
        default:
            result.drop(
                origin, SupervisordKeys.globals[entry.key] ?? "this is no key that supervisord's documentation has")
        }
    }

    // MARK: - Programs

    private mutating func importPrograms() {
        var groups: [String: (name: String, rank: Int)] = [:]
        for section in document.sections where section.name.hasPrefix("group:") {
            let name = String(section.name.dropFirst(6))
            let rank = section["priority"].flatMap { Int($0.value) } ?? 999
            let programs = (section["programs"]?.value ?? "").split(separator: ",").map {
                String($0.split(whereSeparator: \.isWhitespace).joined(separator: " "))
            }
            for program in programs { groups[program] = (name, rank) }
            result.drop(
                ImportOrigin(section.place, section.name),
                "there are no groups; commands take several names, and patterns, such as "
                    + "`cadre restart \(programs.joined(separator: " "))`")
            for entry in section.entries where entry.key != "programs" && entry.key != "priority" {
                result.drop(
                    ImportOrigin(entry.place, "\(section.name).\(entry.key)"),
                    "this is no key that supervisord's documentation has")
            }
        }
        for section in document.sections {
            for kind in ["program:", "fcgi-program:"] where section.name.hasPrefix(kind) {
                let name = String(section.name.dropFirst(kind.count))
                var program = SupervisordProgram(section, name, group: groups[name], importer: self)
                guard let service = program.makeService() else {
                    for (_, remark) in program.service.remarks { result.remark(remark) }
                    continue
                }
                result.add(service, named: name)
            }
        }
        if result.services.contains(where: { $0.value("restart.policy") == .string("on-failure") }) {
            result.hints.append(
                "With \"on-failure\" a death by SIGHUP, SIGINT, SIGTERM or SIGPIPE counts as a success here, as in systemd; to "
                    + "supervisord it was unexpected. With \"always\" a worker is started again whatever it ends by.")
        }
        // Where nobody has a priority of its own there is no order.
        if Set(result.services.compactMap(\.rank)).count > 1 { result.setOrder() }
    }
}
