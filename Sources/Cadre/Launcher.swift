import CLinux
import ControlGroups
import Logging
import Probes
import Processes
import Reactor
import Specification
import Supervision
import SystemPackage
import Systemd

/// Makes incarnations: cgroup, limits, sockets, log streams, environment, process.
final class Launcher {
    private let options: Options
    private let available: Set<Controller>
    private let unavailable: [Controller: String]
    private let events: EventLog
    private let logs: WorkerLogs
    private let inherited: WorkerEnvironment
    /// What workers get back after the supervisor raised its own.
    private let openFileLimit: OpenFileLimit
    private let standardStreams: StandardStreams
    /// The limits that were left out, so that each is told once.
    private var leftOut: Set<String> = []
    private let sandboxes = Sandboxes()
    private let credentials: CredentialDirectories
    /// What the keeper keeps for us.
    let kept: KeptDescriptors

    init(options: Options, root: borrowing DelegatedRoot, events: EventLog, prober: LazyProber) throws {
        self.options = options
        available = root.available
        unavailable = root.unavailable
        self.events = events
        kept = KeptDescriptors(options.keeper)
        logs = WorkerLogs(standard: options.logs, events: events, kept, prober: prober)
        let variables = environmentVariables()
        inherited = WorkerEnvironment(inherited: variables)
        credentials = CredentialDirectories(environment: variables, path: options.credentialDirectory)
        openFileLimit = try OpenFileLimit.raise()
        standardStreams = try StandardStreams()
    }

    /// Makes the directories for sockets.
    static func makeDirectories(for options: Options) throws(SystemCallError) {
        try makeDirectory(options.runtimeDirectory, mode: 0o755)
        // Workers pass through to their own socket, and see no one else's.
        try makeDirectory(options.notificationDirectory, mode: 0o711)
    }

    /// Removes the sockets for notifications, and the credentials, that a killed supervisor left of incarnations that are
    /// gone.
    ///
    /// - Parameter live: the incarnations that are there.
    func removeRemains(allBut live: [LiveIncarnation]) {
        credentials.removeAll(but: Set(live.map(\.fileName)))
        let directory = options.notificationDirectory
        let used = Set(
            live.map {
                options.notificationSocket(
                    ofService: $0.worker.service, LiveIncarnation.groupName($0.worker, $0.number))
            })
        for name in (try? Directory.names(at: directory)) ?? [] where !used.contains("\(directory)/\(name)") {
            unlink("\(directory)/\(name)")
        }
    }

    /// Gives up what there was for an incarnation beside its cgroup.
    func release(_ incarnation: LiveIncarnation) {
        incarnation.notifications.removePath()
        kept.release(incarnation.keptName)
        credentials.remove(incarnation.fileName)
    }

    /// Goes on with what an incarnation prints that a supervisor before had started.
    func resumeLog(of incarnation: LiveIncarnation, since: Double) throws {
        try logs.resume(incarnation, since: since)
    }

    /// The same for those of which nothing else is left.
    func adoptLogs() throws { try logs.adopt() }

    /// Executes a worker's program in a fresh cgroup; if that fails nothing of it is left.
    ///
    /// - Parameters:
    ///   - specification: what it is to run.
    ///   - stored: the descriptors that earlier incarnations left for it, and their names.
    ///   - lineWatch: what waits for a line of its output.
    func launch(
        _ worker: WorkerID, _ number: UInt64, of service: Service, _ specification: ServiceSpecification,
        stored: [(name: String, descriptor: Int32)], _ lineWatch: LineWatch? = nil
    ) throws -> LiveIncarnation {
        let account = try service.resolveCredentials(of: specification)
        try specification.requirePrivileges(as: account)
        try openSockets(of: service)
        let sockets = try service.sockets.descriptors(of: specification.sockets, for: worker.number)
        let passed = sockets.listening + stored
        let name = LiveIncarnation.groupName(worker, number)
        let group = try service.group.makeChild(name)
        var keptName: String?
        do {
            // A child of a frozen cgroup never gets to exec, for which the core would wait.
            if try group.events().frozen { throw LaunchFailure.frozen(service.group.path) }
            try apply(specification.limits, to: group, of: worker)
            let notifications = try NotificationSocket(
                path: options.notificationSocket(ofService: worker.service, name), owner: account?.user)
            keptName = try kept.keep(notifications)
            let incarnation = LiveIncarnation(
                worker: worker, number: number, specification: specification, key: service.key(of: specification),
                group: group, notifications: notifications)
            incarnation.keptName = keptName
            incarnation.lineWatch = lineWatch
            let streams = try logs.open(for: worker, specification, groupPath: incarnation.groupPath, lineWatch)
            if let offset = streams.offset, options.keeper != nil { try incarnation.group.setOutputOffset(offset) }
            if !specification.credentials.isEmpty {
                try credentials.make(incarnation.fileName, specification.credentials, for: account?.user)
            }
            var environment = try environment(of: incarnation, account)
            environment.add(descriptors: passed.map(\.name))
            if let stream = streams.journalStream { environment["JOURNAL_STREAM"] = stream }
            try standardStreams.set(streams)
            defer { standardStreams.clear() }
            var request = SpawnRequest(
                arguments: specification.command.map { specification.expand($0, worker: worker.number) },
                environment: environment.lines,
                workingDirectory: specification.directory.map { specification.expand($0, worker: worker.number) }
                    ?? "/",
                descriptors: [
                    sockets.input ?? standardStreams.nullDevice.rawValue, standardStreams.output.rawValue,
                    standardStreams.error.rawValue,
                ] + passed.map(\.descriptor),
                controlGroup: incarnation.group.directory.rawValue,
                leaderAttribute: options.keeper.map { _ in ControlGroup.leaderAttribute }, listenPID: !passed.isEmpty)
            request.surroundings = surroundings(of: specification, account)
            let child = try sandboxes.spawn(
                request, specification, worker: worker.number, wallPlace(of: incarnation)
            ) { omitted in noteOmitted(omitted, of: incarnation) }
            incarnation.firstPid = child.pid
            incarnation.log = streams.source.of(leader: child.pid)
            incarnation.leader = LiveIncarnation.Leader(pid: child.pid, pidfd: child.takePidfd(), .supervisor)
            return incarnation
        } catch {
            lineWatch?.end()
            kept.release(keptName)
            credentials.remove("\(worker.service).\(name)")
            try? service.group.removeTree(childNamed: name)
            throw error
        }
    }

    /// Ends an incarnation that was executed and that the supervisor cannot watch.
    func abandon(_ incarnation: LiveIncarnation, of service: Service) {
        try? incarnation.group.kill()
        if let leader = incarnation.leader { Pidfd.end(leader.pidfd, within: .seconds(1)) }
        release(incarnation)
        try? service.group.removeTree(childNamed: LiveIncarnation.groupName(incarnation.worker, incarnation.number))
    }

    /// A command that probes an incarnation: as its user, with its environment and directory, in a cgroup below its own.
    func commandProbe(
        _ arguments: [String], of incarnation: LiveIncarnation, as credentials: Credentials?
    ) throws -> CommandProbe {
        if incarnation.probeEnvironment == nil {
            var environment = try environment(of: incarnation, credentials)
            // Of what these are for it has no part.
            for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_FDNAMES"] { environment[name] = nil }
            incarnation.probeEnvironment = environment.lines
        }
        return CommandProbe(
            arguments: arguments, environment: incarnation.probeEnvironment ?? [],
            directory: incarnation.specification.directory.map {
                incarnation.specification.expand($0, worker: incarnation.worker.number)
            } ?? "/",
            surroundings: surroundings(of: incarnation.specification, credentials),
            controlGroup: incarnation.group.path)
    }

    /// Returns when all that workers printed is out.
    nonisolated(nonsending) func finish() async {
        // If that failed after the last start, the end of what the worker printed would never show.
        standardStreams.clear()
        await logs.finish()
        rmdir(options.notificationDirectory)
        rmdir(options.credentialDirectory)
    }

    /// Opens the sockets of a service that aren't open.
    func openSockets(of service: Service) throws(ListenError) {
        try service.sockets.open(service.specification.sockets)
        recordSockets(of: service)
    }

    /// So that they can be removed if this supervisor is killed.
    private func recordSockets(of service: Service) {
        let paths = service.specification.sockets.compactMap(\.path)
        guard paths != service.recordedSockets else { return }
        do {
            try service.group.setSocketPaths(paths)
            service.recordedSockets = paths
        } catch {
            events.log(
                .warning, .trouble,
                "if this supervisor is killed, cadre destroy won't find \(paths.joined(separator: ", ")): \(error)",
                service: service.specification.name)
        }
    }

    /// All but the cgroup that the processes of a service's workers have in common.
    private func surroundings(of specification: ServiceSpecification, _ credentials: Credentials?) -> Surroundings {
        Surroundings(
            credentials: credentials, capabilities: specification.capabilities.set,
            noNewPrivileges: specification.noNewPrivileges, fileCreationMask: specification.fileCreationMask,
            scheduling: specification.scheduling, openFileLimit: openFileLimit, limits: specification.processLimits)
    }

    private func apply(_ limits: ResourceLimits, to group: borrowing ControlGroup, of worker: WorkerID) throws {
        let missing = try limits.apply(
            to: group, available: available, unavailable: unavailable, bestEffort: options.isBestEffort)
        for error in missing where leftOut.insert("\(worker.service): \(error.limit ?? "")").inserted {
            events.log(
                .warning, .limitLeftOut, "\(worker.service) runs without a limit: \(error)", service: worker.service)
        }
    }

    /// What concerns an incarnation's walls.
    private func wallPlace(of incarnation: LiveIncarnation) -> WallPlan.Place {
        WallPlan.Place(
            runtimeDirectory: options.runtimeDirectory, notifications: incarnation.notifications.path,
            credentials: incarnation.specification.credentials.isEmpty
                ? nil : "\(options.credentialDirectory)/\(incarnation.fileName)",
            controlGroup: incarnation.group.path)
    }

    /// Tells of walls that are missing, once for each service, and has it stand on the incarnation's cgroup.
    private func noteOmitted(_ omitted: [OmittedWall], of incarnation: LiveIncarnation) {
        guard !omitted.isEmpty else { return }
        let service = incarnation.worker.service
        for wall in omitted where leftOut.insert("\(service): \(wall.key)").inserted {
            events.log(
                .warning, .wallLeftOut, "\(service) runs without a wall of its sandbox: \(wall.text)", service: service)
        }
        do {
            try incarnation.group.setAttribute(OmittedWall.attributeName, omitted.attribute)
        } catch {
            events.log(
                .warning, .trouble, "\(incarnation.worker): cadre inspect won't show its missing walls: \(error)",
                incarnation.worker, incarnation.number)
        }
    }

    private func environment(
        of incarnation: LiveIncarnation, _ credentials: Credentials?
    ) throws -> WorkerEnvironment {
        let (worker, specification) = (incarnation.worker, incarnation.specification)
        var environment = inherited
        if let credentials { environment.add(credentials) }
        environment.add(specification, for: worker)
        if let file = specification.environmentFilePath {
            environment.add(
                try readEnvironmentFile(
                    specification.expand(file.template, worker: worker.number), mayBeMissing: file.mayBeMissing))
        }
        environment.add(worker, incarnation: incarnation.number)
        environment["NOTIFY_SOCKET"] = incarnation.notifications.path
        environment["CREDENTIALS_DIRECTORY"] =
            specification.credentials.isEmpty ? nil : "\(options.credentialDirectory)/\(incarnation.fileName)"
        if let watchdog = specification.policy.watchdog {
            environment["WATCHDOG_USEC"] = "\(watchdog.microseconds)"
        }
        if let port = specification.port(ofWorker: worker.number) { environment["CADRE_PORT"] = "\(port)" }
        return environment
    }

    /// Read at each start, so that a restart is enough for a change.
    private func readEnvironmentFile(_ path: String, mayBeMissing: Bool) throws -> [(String, String)] {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(path, atMost: 1 << 20)
        } catch {
            switch error {
            case .system(let error) where mayBeMissing && error.errno == .noSuchFileOrDirectory: return []
            case .system(let error): throw error
            case .notRegular: throw LaunchFailure.environmentFile(path, "is no regular file")
            case .tooLarge: throw LaunchFailure.environmentFile(path, "is larger than 1 MiB")
            }
        }
        do {
            return try parseEnvironmentFile(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw LaunchFailure.environmentLines(path, error)
        }
    }
}

/// What a failed launch means.
enum LaunchFailure: Error, CustomStringConvertible {
    /// An environment file can't be read, for this reason.
    case environmentFile(String, String)
    /// An environment file has lines that can't be understood.
    case environmentLines(String, EnvironmentFileError)
    /// Capabilities are wanted that the supervisor doesn't have.
    case capabilities(CapabilitySet)
    /// Root is to have no capabilities but some, and may get others by what it executes.
    case unlimitedRoot
    /// Processors are wanted that aren't there; the others are.
    case processors([Int], online: [Int])
    /// This cgroup, or one above it, is frozen.
    case frozen(String)

    var description: String {
        switch self {
        case .environmentFile(let path, let reason):
            "the environment file \(path) \(reason)"
        case .environmentLines(let path, let error):
            error.problems.map { "\(path):\($0.line): \($0.message)" }.joined(separator: "; ")
        case .capabilities(let missing):
            "capabilities: the supervisor lacks \(missing) itself; give it that (CapabilityBoundingSet= of its unit if it runs "
                + "as root, AmbientCapabilities= if not), or leave it out"
        case .unlimitedRoot:
            "no_new_privileges: without it, what root executes has all capabilities, which the supervisor can't prevent as it "
                + "lacks CAP_SETPCAP; leave no_new_privileges on, choose another user, or set capabilities = \"all\""
        case .processors(let missing, let online):
            "cpu_affinity: processor \(NumberListFormat.format(missing)) isn't there, \(NumberListFormat.format(online)) "
                + "is; write those that are"
        case .frozen(let path):
            "the cgroup \(path) or one above it is frozen by somebody; thaw it (echo 0 > \(path)/cgroup.freeze)"
        }
    }

    /// Whether the system, not the service, is at fault, so that the worker's budget isn't spent on it.
    static func isExhaustion(_ error: any Error) -> Bool {
        switch error {
        case let error as SystemCallError: error.errno.isExhaustion
        case let error as SpawnError: error.isExhaustion
        case ControlGroupError.system(let error): error.errno.isExhaustion
        case LaunchFailure.frozen: true
        default: false
        }
    }
}

/// Makes a directory, and those above it, unless it is there.
func makeDirectory(_ path: String, mode: UInt32) throws(SystemCallError) {
    do {
        try systemCall("mkdir", path) { mkdir(path, mode) }
        // Whatever the umask says.
        chmod(path, mode)
    } catch {
        if error.errno == .fileExists { return }
        guard error.errno == .noSuchFileOrDirectory, let slash = path.lastIndex(of: "/"), slash > path.startIndex
        else { throw error }
        try makeDirectory(String(path[..<slash]), mode: 0o755)
        try makeDirectory(path, mode: mode)
    }
}

/// How many processors this process may use.
func availableProcessors() -> Int { max(1, Int(cadre_processor_count())) }

func currentUser() -> UInt32 { geteuid() }

func currentProcess() -> Int32 { getpid() }

/// This process's environment.
func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = cadre_environment()
    while let line = entry?.pointee {
        let text = String(cString: line)
        if let equals = text.firstIndex(of: "=") {
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        entry = entry?.advanced(by: 1)
    }
    return variables
}
