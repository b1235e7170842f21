import CLinux
import Cadre
import FoundationEssentials
import Glibc
import Processes
import Reactor
import Testing

/// `cadre supervise` in a scene.
final class SupervisorProcess {
    let scene: Scene
    /// The delegated root's path below the scene's cgroup, or nothing.
    private let root: String
    private let program: RunningProgram
    private var hasStopped = false

    /// The supervisor's process; a number that no process has if there is none at the moment. (A signal to 0 would go to
    /// this process and all that it has started.)
    var pid: Int32 { (try? findSupervisor()) ?? .max }
    /// The keeper's process, which was started.
    var keeper: Int32 { program.pid }
    var runtimeDirectory: String { scene.path("run") }
    var socket: String { "\(runtimeDirectory)/control.sock" }
    /// All that it logged, and its workers printed, as far as it was read.
    var lines: [String] { program.lines }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - toml: What it is to run.
    ///   - root: A cgroup to be made below the scene's, for the delegated root.
    ///   - wrapper: What executes it with arguments of its own, such as prlimit.
    init(
        _ toml: String, in scene: Scene, root: String = "", options: [String] = [], wrapper: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        self.scene = scene
        self.root = root
        let cgroup = root.isEmpty ? scene.cgroup : "\(scene.cgroup)/\(root)"
        mkdir(cgroup, 0o755)
        let config = try scene.write("cadre.toml", toml)
        program = try RunningProgram(
            wrapper + [
                Machine.cadre, "supervise", "--config", config, "--cgroup", cgroup,
                "--runtime-directory",
                scene.path("run"), "--log", "terminal",
            ] + options, environment: environment)
    }

    /// Waits for a line of the log, or of a worker's output, that has all these parts.
    @discardableResult
    func expect(_ parts: String..., at location: SourceLocation = #_sourceLocation) throws -> String {
        try program.expect(parts, at: location)
    }

    /// Whether such a line is there already.
    func hasPrinted(_ parts: String...) throws -> Bool { try program.hasPrinted(parts) }

    /// Waits until a worker is ready, and returns its process.
    @discardableResult
    func ready(_ worker: String, at location: SourceLocation = #_sourceLocation) throws -> Int32 {
        let line = try program.expect(["cadre: \(worker) is ready after ", "(pid "], at: location)
        let number = line.split(separator: " ").last.map { $0.dropLast() } ?? ""
        return try #require(Int32(number), sourceLocation: location)
    }

    // MARK: Control

    /// Runs a subcommand for this supervisor to its end.
    @discardableResult
    func cadre(_ arguments: String...) throws -> (code: Int32, output: String) {
        try begin(arguments).finish()
    }

    /// Begins a subcommand for this supervisor.
    func begin(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram([Machine.cadre] + arguments + ["--socket", socket])
    }

    /// What `cadre status --json` prints.
    func status(at location: SourceLocation = #_sourceLocation) throws -> Snapshot {
        let (code, output) = try cadre("status", "--json")
        try #require(code == 0, "\(output)", sourceLocation: location)
        return try JSONDecoder().decode(Snapshot.self, from: Data(output.utf8))
    }

    /// How `status` shows a worker (`web/0`).
    func worker(_ name: String, at location: SourceLocation = #_sourceLocation) throws -> WorkerSnapshot {
        let parts = name.split(separator: "/")
        let service = try status(at: location).services.first { $0.name == parts[0] }
        return try #require(
            service?.workers.first { "\($0.number)" == parts[1] }, "there is no \(name)", sourceLocation: location)
    }

    /// Sends a signal: to the keeper, as systemd does, but what stops and continues to the supervisor itself.
    func signal(_ signal: Int32) throws {
        switch signal {
        case SIGSTOP, SIGCONT: kill(try supervisor(), signal)
        // Without its keeper the supervisor dies too, a moment later.
        case SIGKILL:
            let kept = try Pidfd.open(try supervisor())
            try program.signal(signal)
            var descriptor = pollfd(fd: kept.rawValue, events: Int16(POLLIN), revents: 0)
            #expect(poll(&descriptor, 1, 60_000) == 1, "the supervisor outlives its keeper")
        default: try program.signal(signal)
        }
    }

    /// The process of the supervisor, which the keeper started.
    func supervisor() throws -> Int32 { try #require(try findSupervisor()) }

    private func findSupervisor() throws -> Int32? {
        let children = try Descriptor.open("/proc/\(keeper)/task/\(keeper)/children").readText()
        let processes = children.split(separator: " ").compactMap { Int32($0) }
        // It may be another program than the keeper, and workers whose supervisor died are children of that, too.
        return processes.last { process in
            let line = (try? Descriptor.open("/proc/\(process)/cmdline").readText()) ?? ""
            // Until it has executed its program a worker looks like the supervisor that started it, but for its cgroup.
            return line.split(separator: "\0").dropFirst().contains("supervise")
                && (try? cgroup(of: process))?.contains("@") == false
        }
    }

    /// Kills the supervisor, not its keeper, and waits until the next one goes on.
    ///
    /// - Returns: the process of the next one.
    @discardableResult
    func replace(_ signal: Int32 = SIGKILL, at location: SourceLocation = #_sourceLocation) throws -> Int32 {
        // What is logged by now is written down when this is answered; what isn't written would be said once more.
        try answer(at: location)
        // What earlier ones said is no answer.
        while try program.hasPrinted(["going on with "]) {}
        kill(try supervisor(), signal)
        try program.expect(["going on with "], at: location)
        // Who answers has told the keeper that it is up.
        try answer(at: location)
        return try supervisor()
    }

    /// Asks for something; the supervisor may have a mount of its own where its socket is.
    private func answer(at location: SourceLocation) throws {
        let connection = try connect(to: "/proc/\(keeper)/root\(socket)")
        try send(requestText("GET", "/v1"), to: connection)
        #expect(try connection.readText().contains(" 200 "), sourceLocation: location)
    }

    /// Changes the configuration and tells the supervisor.
    func reload(_ toml: String) throws {
        try scene.write("cadre.toml", toml)
        try signal(SIGHUP)
    }

    /// Waits for the end of a program that has it log a lot.
    func finish(_ other: RunningProgram, silence: Duration = Machine.patience) throws -> (code: Int32, output: String) {
        try other.finish(silence: silence, reading: program)
    }

    // MARK: End

    /// Waits until the supervisor has ended by itself, or as it was told to.
    @discardableResult
    func waitForEnd() throws -> (code: Int32, output: String) {
        hasStopped = true
        return try program.finish()
    }

    /// Stops the supervisor; then all that its workers printed is there, and nothing else of them.
    func stop(at location: SourceLocation = #_sourceLocation) throws {
        if hasStopped { return }
        try signal(SIGTERM)
        let code = try waitForEnd().code
        #expect(code == 0, "\(Unmet(expectation: "a clean end", lines: lines))", sourceLocation: location)
        let groups = try run(["find", scene.cgroup, "-mindepth", "1", "-type", "d", "-printf", "%f\n"]).output
        #expect(
            Set(groups.split(separator: "\n")).isSubset(of: ["supervisor", "keeper", root[...]]),
            sourceLocation: location)
        let events = try Descriptor.open("\(scene.cgroup)/cgroup.events").readText()
        #expect(events.contains("populated 0"), sourceLocation: location)
        let left = try? run(["find", runtimeDirectory]).output
        #expect(access(runtimeDirectory, F_OK) == -1, "it is left: \(left ?? "")", sourceLocation: location)
    }

    /// What a worker printed, without its name, once the supervisor has stopped.
    func output(of worker: String) throws -> [String] {
        try stop()
        let prefix = worker + String(repeating: " ", count: max(0, 8 - worker.count)) + " | "
        return lines.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
}

/// Gives a test a running supervisor; afterwards nothing of it is left, and that is checked.
func withSupervisor(
    _ toml: (Scene) throws -> String, root: String = "", options: [String] = [], wrapper: [String] = [],
    environment: [String: String] = [:], at location: SourceLocation = #_sourceLocation,
    _ body: (SupervisorProcess) throws -> Void
) throws {
    try withScene { scene in
        let supervisor = try SupervisorProcess(
            try toml(scene), in: scene, root: root, options: options, wrapper: wrapper, environment: environment)
        try body(supervisor)
        try supervisor.stop(at: location)
    }
}

func withSupervisor(
    _ toml: String, root: String = "", options: [String] = [], wrapper: [String] = [],
    environment: [String: String] = [:], at location: SourceLocation = #_sourceLocation,
    _ body: (SupervisorProcess) throws -> Void
) throws {
    try withSupervisor(
        { _ in toml }, root: root, options: options, wrapper: wrapper, environment: environment, at: location, body)
}

/// The TOML of a service that runs the test worker.
func service(_ name: String, _ arguments: String..., workers: Int = 1, more: String = "") -> String {
    let command = ([Machine.worker] + arguments).map { "'\($0)'" }.joined(separator: ", ")
    return "[service.\(name)]\ncommand = [\(command)]\nworkers = \(workers)\n\(more)\n"
}

/// The TOML of a service that runs a script, in which `$worker` is the test worker.
func service(_ name: String, script: String, workers: Int = 1, more: String = "") -> String {
    """
    [service.\(name)]
    command = ['/bin/sh', '-c', '''\(script)''']
    workers = \(workers)
    environment = { worker = '\(Machine.worker)' }
    \(more)

    """
}
