/// The formats that can be imported.
enum ImportFormat: String, CaseIterable, Sendable, Encodable {
    case supervisord, circus, procfile, pm2, systemd

    /// What it is called.
    var title: String {
        switch self {
        case .supervisord: "supervisord"
        case .circus: "Circus"
        case .procfile: "a Procfile"
        case .pm2: "PM2"
        case .systemd: "a systemd unit"
        }
    }

    /// The format of a file, by its name or what is in it; nil if it looks like none.
    init?(of source: ImportSource) {
        let name = source.baseName.lowercased()
        if name == "procfile" || name.hasPrefix("procfile.") {
            self = .procfile
        } else if name.hasSuffix(".service") {
            self = .systemd
        } else if [".json", ".js", ".cjs", ".mjs", ".yml", ".yaml"].contains(where: name.hasSuffix) {
            self = .pm2
        } else if let format = Self.format(ofSectionsIn: source.text) {
            self = format
        } else {
            return nil
        }
    }

    /// By the first section that only one of them has.
    private static func format(ofSectionsIn text: String) -> ImportFormat? {
        let sections = text.split(whereSeparator: \.isNewline).compactMap { line -> Substring? in
            let line = line.drop(while: \.isWhitespace)
            guard line.first == "[", let end = line.firstIndex(of: "]") else { return nil }
            return line[line.index(after: line.startIndex)..<end]
        }
        for section in sections {
            switch section.prefix(while: { $0 != ":" }) {
            case "supervisord", "supervisorctl", "program", "group", "fcgi-program", "eventlistener",
                "unix_http_server", "inet_http_server", "rpcinterface":
                return .supervisord
            case "circus", "watcher": return .circus
            case "Unit", "Service", "Install": return .systemd
            default: break
            }
        }
        return nil
    }

    /// Imports a file of this format.
    ///
    /// - Throws: every problem that keeps it from being read.
    func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        switch self {
        case .supervisord: try SupervisordImport.configuration(of: source)
        case .circus: try CircusImport.configuration(of: source)
        case .procfile: try ProcfileImport.configuration(of: source)
        case .pm2: try PM2Import.configuration(of: source)
        case .systemd: try SystemdImport.configuration(of: source)
        }
    }
}
