public import ArgumentParser
import ControlGroups
import Glibc
import Specification
public import Supervision

extension RestartPolicy.Condition: ExpressibleByArgument {}

/// The values of flags; each error names its flag.
extension RunCommand {
    func workerCount() throws -> WorkerCount {
        if workers == "cpus" { return .cpus }
        guard let count = Int(workers), count > 0 else {
            throw ValidationError("--workers: \"\(workers)\" is no count of copies; write a number from 1, or cpus")
        }
        return .count(count)
    }

    /// What a name may be made of, from a program's path.
    func defaultName(_ program: String) throws -> String {
        let base = program.split(separator: "/").last.map(String.init) ?? program
        let name = String(base.prefix { $0 != "." }.map { isNameCharacter($0) ? $0 : "-" })
        guard !name.isEmpty else { throw ValidationError("give the service a name with --name") }
        return ServiceSpecification.reservedNames.contains(name) ? "\(name)-service" : name
    }

    func checkedName(_ name: String) throws -> String {
        if ServiceSpecification.isValidName(name) { return name }
        throw ValidationError(
            "--name: \"\(name)\" can't name a service; use up to 64 letters, digits, _ and -, and not \"supervisor\"")
    }

    private func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }

    func size(_ text: String, _ flag: String) throws -> ByteLimit {
        try named(flag) { () throws(FormatError) in try SizeFormat.parse(text) }
    }

    func percent(_ text: String) throws -> Double {
        try named("--cpu") { () throws(FormatError) in try PercentFormat.parse(text) }
    }

    func duration(_ text: String, _ flag: String) throws -> Duration {
        guard let duration = try named(flag, { () throws(FormatError) in try DurationFormat.parse(text) }) else {
            throw ValidationError("\(flag): a stop has to end some time; write a duration such as \"30s\"")
        }
        return duration
    }

    private func named<Value>(_ flag: String, _ parse: () throws(FormatError) -> Value) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(flag): \(error)")
        }
    }

    func metricsAddress() throws -> SocketAddress? {
        guard let metrics else { return nil }
        let address = try named("--metrics") { () throws(FormatError) in try SocketAddress.parse(metrics) }
        guard address.isLoopback else {
            throw ValidationError(
                "--metrics: \"\(metrics)\" is no loopback address, and metrics are served to everybody who asks; "
                    + "write one such as 127.0.0.1:9477")
        }
        return address
    }

    func socket(_ text: String, _ index: Int) throws -> SocketSpecification {
        // A name ends at the first "=", which no address begins with.
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let (name, address) = parts.count == 2 ? (parts[0], parts[1]) : ("listen-\(index)", text)
        guard SocketSpecification.isValidName(name) else {
            throw ValidationError("--listen: \"\(name)\" can't name a socket; use printable characters, but no colon")
        }
        var socket = SocketSpecification(
            name: name, address: try named("--listen") { () throws(FormatError) in try SocketAddress.parse(address) })
        if case .internet? = socket.address { socket.reusePort = reusePort }
        return socket
    }

    /// An absolute path for one that is relative to where the user is.
    func absolute(_ path: String) throws -> String {
        path.hasPrefix("/") ? path : "\(try workingDirectory())/\(path)"
    }

    func workingDirectory() throws -> String {
        guard let path = getcwd(nil, 0) else { throw ValidationError("the working directory is gone") }
        defer { free(path) }
        return String(cString: path)
    }

    /// A text of the command line as a template: only `{service}`, `{worker}` and, with `--port`, `{port}` stand for
    /// something, and other braces for themselves, as scripts are full of them.
    func template(_ text: String) -> String {
        var template = ""
        for character in text {
            template.append(character)
            if character == "{" || character == "}" { template.append(character) }
        }
        for name in ["service", "worker"] + (port == nil ? [] : ["port"]) {
            template = replace("{{\(name)}}", by: "{\(name)}", in: template)
        }
        return template
    }

    private func replace(_ old: String, by new: String, in text: String) -> String {
        var (result, rest) = ("", text[...])
        while let range = rest.firstRange(of: old) {
            result += rest[..<range.lowerBound] + new
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
