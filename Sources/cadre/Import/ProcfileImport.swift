import Specification

/// Imports a Procfile, as foreman and those that came after it read it: `name: command`, run by a shell in the file's
/// directory, with a port for each process, and with the variables of the file `.env` beside it.
struct ProcfileImport {
    private var result: ImportedConfiguration
    private let source: ImportSource
    /// Where `.env` is, if it can be read here.
    private var environmentFile: String?
    /// The first process's first port.
    private var basePort = 5000

    /// What becomes of a file.
    static func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        var importer = ProcfileImport(source)
        importer.readEnvironmentFile()
        importer.importLines()
        importer.setOrder()
        return importer.result
    }

    private init(_ source: ImportSource) {
        self.source = source
        result = ImportedConfiguration(.procfile, source)
        result.hints = [
            "A worker and its successor have the same port, so a worker is stopped before its successor starts "
                + "(max_surge = 0). If a program takes its socket from Cadre ([[service.NAME.socket]]), or sets SO_REUSEPORT, "
                + "leave [service.NAME.rollout] out, and nothing is lost by a restart.",
            "foreman counts the processes of a kind from 1 (PS=web.1), Cadre counts workers from 0.",
        ]
    }

    // MARK: - .env

    private mutating func readEnvironmentFile() {
        let path = source.absolute(".env")
        guard let text = source.read(path) else { return }
        let place = ImportPlace(file: source.displayName(of: path))
        do throws(EnvironmentFileError) {
            let variables = try parseEnvironmentFile(text)
            environmentFile = path
            guard let port = variables.last(where: { $0.0 == "PORT" }) else { return }
            basePort = Int(port.1) ?? basePort
            result.change(
                ImportOrigin(place, "PORT"),
                "take it out of the file: the variables of environment_file are stronger than others, so every worker would "
                    + "have this port, and not its own")
        } catch {
            for problem in error.problems {
                result.drop(
                    ImportOrigin(ImportPlace(file: place.file, line: problem.line), ""),
                    "\(problem.message); when that is mended, set environment_file = \(TOMLText.literal(.string(path)))"
                )
            }
        }
    }

    // MARK: - Processes

    private mutating func importLines() {
        var index = 0
        let lines = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let place = ImportPlace(file: source.name, line: number + 1)
            let text = line.drop(while: \.isWhitespace)
            if text.isEmpty || text.first == "#" { continue }
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }),
                case let command = Self.trimmed(line[line.index(after: colon)...]), !command.isEmpty
            else {
                result.drop(
                    ImportOrigin(place, ""), "the line is not of the form \"name: command\", so foreman skips it")
                continue
            }
            importProcess(String(line[..<colon]), command, index, place)
            index += 1
        }
    }

    private mutating func importProcess(_ name: String, _ command: String, _ index: Int, _ place: ImportPlace) {
        let origin = ImportOrigin(place, name)
        var service = ImportedService(name: result.serviceName(name), origin: origin)
        service.title = "\(name), \(source.baseName):\(place.line ?? 1)"
        let text = ImportedText.unmarked(command)
        if let words = ShellWords.plainCommand(text, variables: ["PORT": ImportedText.port]) {
            service.set("command", .strings(words.map(ImportedText.template)), origin)
        } else {
            // In place of the shell where that has nothing else to do, so that the program is the worker's main process.
            let script = ShellWords.isSimple(text) ? "exec \(text)" : text
            service.set("command", .strings(["/bin/sh", "-c", ImportedText.template(script)]), origin)
        }
        service.set("workers", .integer(1))
        service.set("directory", .string(ImportedText.template(source.directory)))
        if let environmentFile { service.set("environment_file", .string(ImportedText.template(environmentFile))) }
        service.set(["environment", "PORT"], .string("{port}"))
        service.set(["environment", "PS"], .string("\(service.name).{worker}"))
        service.set("port.start", .integer(basePort + 100 * index))
        service.stopsFirst()
        if name == "release" {
            service.set("type", .string("oneshot"), origin)
            service.change(origin, "as on Heroku, it is run once, to its end, before the others start")
        } else {
            // foreman ends when one of its processes does; whoever runs it restarts all of them.
            service.set("restart.policy", .string("always"))
        }
        // SIGTERM, and five seconds for it.
        service.set("stop.timeout", .string("5s"))
        result.add(service, named: name)
    }

    /// What is called "release" comes first.
    private mutating func setOrder() {
        guard result.services.contains(where: { $0.name == "release" }) else { return }
        let condition = TOMLText.Value.Member(key: "release", value: .string("completed"))
        for index in result.services.indices where result.services[index].name != "release" {
            result.services[index].set("requires", .table([condition]))
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
