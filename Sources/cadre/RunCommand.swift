import ArgumentParser
import Cadre
import ControlGroups
import Glibc
import Processes
import Specification
import Supervision

/// `cadre run`
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run copies of a command in the foreground, without any file.",
        usage: "cadre run [<options>] [--] <command> ...",
        discussion: """
            Ctrl-C stops all copies, each in its own time; a second Ctrl-C kills them. The copies' output appears here, \
            behind the worker's name. When every worker has ended for good the command ends too: with 0 if all are \
            done, with 5 if any has failed.

            Example: cadre run -n 4 --memory 256M --listen http=:8080 -- python3 server.py
            """)

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("How many copies: a number, or \"cpus\".", valueName: "count"))
    var workers = "1"

    @Option(help: ArgumentHelp("The service's name; without it, the command's.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Kill and restart a copy that holds more memory (memory.max).", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("Replace a copy that holds more memory (memory.high).", valueName: "size"))
    var memoryHigh: String?

    @Option(
        help: ArgumentHelp("How much of the processors a copy may use: 150% is one and a half.", valueName: "percent"))
    var cpu: String?

    @Option(help: ArgumentHelp("How many processes and threads a copy may have.", valueName: "number"))
    var tasks: Int?

    @Option(
        help: ArgumentHelp(
            "A socket that all copies listen on, passed as LISTEN_FDS (repeatable).",
            discussion: "An address is host:port, :port, unix:/path or unix:@name.", valueName: "[name=]address"))
    var listen: [String] = []

    @Flag(help: "Give each copy a TCP socket of its own for each --listen, between which the kernel distributes.")
    var reusePort = false

    @Option(
        help: ArgumentHelp(
            "The port of the first copy, which the others' follow; {port} and $CADRE_PORT stand for it.",
            valueName: "number"))
    var port: UInt16?

    @Option(
        name: [.short, .customLong("env")],
        help: ArgumentHelp("A variable for the copies (repeatable).", valueName: "name=value"))
    var environment: [String] = []

    @Option(help: "A file of variables, read at each start.", completion: .file())
    var envFile: String?

    @Option(help: "The working directory.", completion: .directory)
    var directory: String?

    @Option(help: ArgumentHelp("The user to run the copies as.", valueName: "user"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "When a copy is ready: exec (it was executed), notify (it sent READY=1), or a check.",
            discussion: "A check is tcp=address, http=url or log=text. {worker} in it is the copy's number.",
            valueName: "by"))
    var ready = "exec"

    @Option(
        help: ArgumentHelp(
            "Check every 10 s that a copy is well, and replace it after 3 failures: tcp=address or http=url.",
            valueName: "check"))
    var health: String?

    @Option(
        help: ArgumentHelp("When a copy that ended is started again: always, on-failure or never.", valueName: "policy")
    )
    var restart = RestartPolicy.Condition.always

    @Option(help: ArgumentHelp("How long a copy may take to stop before it is killed.", valueName: "duration"))
    var stopTimeout: String?

    @Option(help: ArgumentHelp("Where the copies' output goes: terminal, journal or none.", valueName: "where"))
    var log = Log.terminal

    @Option(
        help: ArgumentHelp(
            "A loopback address where metrics are served to everybody on this host.", valueName: "address"))
    var metrics: String?

    @OptionGroup var options: SupervisorOptions

    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    enum Log: String, CaseIterable, ExpressibleByArgument {
        case terminal
        case journal
        case none
    }

    func run() throws {
        let service = try makeService()
        try requireProgram(of: service)
        let specification = Specification(
            services: [service], metrics: MetricsSpecification(listen: try metricsAddress()))
        let runtimeDirectory = options.runtimeDirectory ?? RuntimeDirectory.ofThisRun
        var supervisorOptions = Options(
            runtimeDirectory: runtimeDirectory, logs: log == .journal ? .journal : .terminal, handlesSignals: true,
            notifiesManager: true, endsWhenIdle: true)
        try options.apply(to: &supervisorOptions)
        try Foreground.run(supervisorOptions, keeping: options) { specification }
    }

    func validate() throws {
        // What is passed through begins at the first word that isn't an option of ours, whatever that looks like.
        if let first = command.first, first != "--", first.hasPrefix("-") {
            if ["-h", "--help"].contains(first) { throw CleanExit.helpRequest(RunCommand.self) }
            if first == "--version" { throw CleanExit.message(cadreVersion) }
            throw ValidationError("there is no option \(first); a command that begins with \"-\" goes behind \"--\"")
        }
        _ = try makeService()
        _ = try metricsAddress()
    }

    /// Refuses a program that isn't there or that nobody may execute: no restart would mend that. A path with
    /// `{worker}`, or one that a PATH of the variables' file leads to, is left to the start.
    func requireProgram(of service: ServiceSpecification) throws {
        guard let program = service.command.first, envFile == nil,
            !program.contains("{"), service.directory?.contains("{") != true
        else { return }
        let path = service.environment["PATH"] ?? getenv("PATH").map { String(cString: $0) }
        let request = SpawnRequest(arguments: [program], environment: path.map { ["PATH=\($0)"] } ?? [])
        var isThere = false
        for candidate in request.candidates {
            let file = candidate.hasPrefix("/") ? candidate : "\(service.directory ?? ".")/\(candidate)"
            if access(file, X_OK) == 0 { return }
            if access(file, F_OK) == 0 { isThere = true } else if ![ENOENT, ENOTDIR].contains(errno) { return }
        }
        if program.hasSuffix(".toml") {
            throw ValidationError(
                "\(program) is no program; for a configuration file: cadre supervise --config \(program)")
        }
        if isThere {
            throw ValidationError("\(program) isn't executable; make it so (chmod +x), or name its interpreter")
        }
        throw ValidationError(
            program.contains("/")
                ? "there is no program \(program)"
                : "\(program) is in none of the directories of PATH (\(path ?? "not set"))")
    }

    /// The service that the flags describe.
    ///
    /// - Throws: a `ValidationError` that names the flag.
    func makeService() throws -> ServiceSpecification {
        // What stands before the command and after a "--" is passed on with it.
        let command = Array(self.command.first == "--" ? self.command.dropFirst() : self.command[...])
        guard let program = command.first else {
            throw ValidationError("name the command to run, as in: cadre run -n 4 -- python3 server.py")
        }
        var service = ServiceSpecification(
            name: try name.map(checkedName) ?? defaultName(program), command: command.map(template))
        service.workers = try workerCount()
        service.directory = template(try directory.map { try absolute($0) } ?? workingDirectory())
        service.user = user
        try setReady(of: &service)
        try setHealth(of: &service)
        service.policy.restart.condition = restart
        if let stopTimeout { service.policy.stopTimeout = try duration(stopTimeout, "--stop-timeout") }
        if let memory { service.limits.memoryMax = try size(memory, "--memory") }
        if let memoryHigh { service.limits.memoryHigh = try size(memoryHigh, "--memory-high") }
        if let cpu { service.limits.cpuMaxPercent = try percent(cpu) }
        service.limits.tasksMax = tasks
        for variable in environment {
            guard let equals = variable.firstIndex(of: "="), equals != variable.startIndex else {
                throw ValidationError("--env: \"\(variable)\" is no variable; write NAME=value")
            }
            service.environment[String(variable[..<equals])] = template(
                String(variable[variable.index(after: equals)...]))
        }
        if let envFile { service.environmentFile = template(try absolute(envFile)) }
        for (index, text) in listen.enumerated() { service.sockets.append(try socket(text, index)) }
        if reusePort, !service.sockets.contains(where: \.reusePort) {
            throw ValidationError("--reuse-port: there is no TCP socket; add one such as --listen http=:8080")
        }
        if let port {
            let last = Int(port) + service.workers.resolved(cpus: 1) - 1
            guard port > 0, last <= 65_535 else {
                throw ValidationError("--port: there are no ports \(port) to \(last); write 1 to 65535")
            }
            service.port = port
        }
        switch log {
        case .terminal: service.log = LogSpecification(destination: .terminal)
        case .journal: service.log = LogSpecification(destination: .journal)
        case .none: service.log = LogSpecification(destination: .none)
        }
        if service.policy.readiness == .log, log == .none {
            throw ValidationError("--ready: a line can't be waited for with --log none")
        }
        return service
    }
}
