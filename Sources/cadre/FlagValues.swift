import ArgumentParser
import CLinux
import ControlGroups
import Specification
import Supervision

extension WorkerPolicy.Readiness: ExpressibleByArgument {}
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
        return name == "supervisor" || name == "keeper" ? "\(name)-service" : name
    }

    func checkedName(_ name: String) throws -> String {
        guard let complaint = ServiceSpecification.complaint(name: name) else { return name }
        throw ValidationError("--name: \(complaint)")
    }

    private func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }

    func size(_ text: String, _ flag: String) throws -> ByteLimit {
        guard let size = SizeValue.parse(text) else { throw ValidationError("\(flag): \(SizeValue.complaint(text))") }
        return size
    }

    func percent(_ text: String) throws -> Double {
        guard let percent = PercentValue.parse(text) else {
            throw ValidationError("--cpu: \(PercentValue.complaint(text))")
        }
        return percent
    }

    func duration(_ text: String, _ flag: String) throws -> Duration {
        guard let duration = DurationValue.parse(text) else {
            throw ValidationError("\(flag): \(DurationValue.complaint(text))")
        }
        return duration
    }

    func socket(_ text: String, _ index: Int) throws -> SocketSpecification {
        // A name ends at the first "=", which no address begins with.
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let (name, address) = parts.count == 2 ? (parts[0], parts[1]) : ("listen-\(index)", text)
        guard let address = SocketAddress(parsing: address) else {
            throw ValidationError(
                "--listen: \"\(address)\" is no address; write host:port, :port or unix:/path, as in http=:8080")
        }
        return SocketSpecification(name: name, address: address)
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

    /// A text of the command line as a template: only `{service}` and `{worker}` stand for something, and other braces
    /// for themselves, as scripts are full of them.
    func template(_ text: String) -> String {
        var template = ""
        for character in text {
            template.append(character)
            if character == "{" || character == "}" { template.append(character) }
        }
        for name in ["service", "worker"] { template = replace("{{\(name)}}", by: "{\(name)}", in: template) }
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
