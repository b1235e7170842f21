import Processes
import Specification
import Supervision

/// What a worker finds in its environment.
///
/// From weak to strong: what the supervisor has, the account's variables, `environment`, `environment_file` (as in
/// systemd.exec(5) the file wins), and what Cadre itself has to say.
struct WorkerEnvironment {
    /// What is meant for the supervisor alone. A worker that took it for its own would, for one, report the
    /// supervisor ready, or take the supervisor's sockets for its own.
    private static let withheld: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
        "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID", "FDSTORE", "CREDENTIALS_DIRECTORY",
    ]

    /// What all workers begin with, which is put together once: there may be much of it.
    private let inherited: [(name: String, line: String)]
    /// What this one has beside that, or in place of it; nil for what it lacks.
    private var variables: [String: String?] = [:]

    /// Begins with what `inherited` has that isn't the supervisor's alone.
    init(inherited: [String: String]) {
        self.inherited = inherited.filter { !Self.withheld.contains($0.key) }.map { ($0.key, "\($0.key)=\($0.value)") }
    }

    /// As the lines that execve(2) takes.
    var lines: [String] {
        var lines: [String] = []
        lines.reserveCapacity(inherited.count + variables.count)
        for (name, line) in inherited where variables.index(forKey: name) == nil { lines.append(line) }
        for case (let name, let value?) in variables { lines.append("\(name)=\(value)") }
        return lines
    }

    /// The value of a variable.
    subscript(name: String) -> String? {
        get {
            if let own = variables[name] { return own }
            return inherited.first { $0.name == name }.map { String($0.line.dropFirst(name.count + 1)) }
        }
        set { variables.updateValue(newValue, forKey: name) }
    }

    /// Adds what login(1) would set for the account.
    mutating func add(_ credentials: Credentials) {
        if let name = credentials.name {
            variables["USER"] = name
            variables["LOGNAME"] = name
        }
        if let home = credentials.home { variables["HOME"] = home }
        if let shell = credentials.shell { variables["SHELL"] = shell }
    }

    /// Adds what the specification says, with the worker's name filled in.
    mutating func add(_ specification: ServiceSpecification, for worker: WorkerID) {
        for (name, value) in specification.environment {
            variables[name] = specification.expand(value, worker: worker.number)
        }
    }

    /// Adds lines of an environment file, as they are.
    mutating func add(_ assignments: [(String, String)]) {
        for (name, value) in assignments { variables[name] = value }
    }

    /// Adds the descriptors that the worker finds from 3 on, by their names (sd_listen_fds(3)).
    mutating func add(descriptors names: [String]) {
        guard !names.isEmpty else { return }
        variables["LISTEN_FDS"] = "\(names.count)"
        variables["LISTEN_FDNAMES"] = names.joined(separator: ":")
    }

    /// Adds which incarnation this is. The last one is for programs written for Monoceros.
    mutating func add(_ worker: WorkerID, incarnation: UInt64) {
        variables["CADRE_SERVICE"] = worker.service
        variables["CADRE_WORKER"] = "\(worker.number)"
        variables["CADRE_INCARNATION"] = "\(incarnation)"
        variables["MULTIPROCESS_WORKER_ID"] = "\(worker.service)_\(worker.service)-\(worker.number)"
    }
}
