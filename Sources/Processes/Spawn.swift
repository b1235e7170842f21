import CLinux
public import Reactor
import SystemPackage

/// A process that was started and not yet reaped.
public struct Child: ~Copyable, Sendable {
    /// Its process ID. It can't be given to another process before this one is reaped.
    public let pid: Int32
    /// Its pidfd, which becomes readable when it ends; then it is to be reaped (`Pidfd.reap`).
    public let pidfd: Descriptor

    /// Lets the pidfd outlive the rest.
    public consuming func takePidfd() -> Descriptor {
        pidfd
    }
}

/// Starts a process, and returns when it has executed its program.
///
/// It is in its cgroup from its first instruction, leads a session of its own, and has no signal blocked, handled or
/// ignored. The calling thread stands still until then; how long that takes doesn't depend on the caller's memory.
/// If anything fails no process is left behind.
///
/// A process with walls costs an execution and their erection more.
public func spawn(_ request: SpawnRequest) throws(SpawnError) -> Child {
    try spawnDirectly(request)
}

/// - Parameter keepingPrivileges: whether the process keeps the supervisor's privileges, whatever is requested.
func spawnDirectly(_ request: SpawnRequest, keepingPrivileges: Bool = false) throws(SpawnError) -> Child {
    let candidates = request.candidates
    guard !candidates.isEmpty else {
        throw SpawnError(step: .arguments, errno: .invalidArgument, object: "", remedy: "the command is empty")
    }

    var memory = SpawnMemory(for: request, candidates: candidates)
    var call = cadre_spawn()
    memory.fill(&call, from: request, candidates: candidates)
    if let string = memory.stringWithNUL {
        throw SpawnError(
            step: .arguments, errno: .invalidArgument, object: string,
            remedy: "an argument, a variable or a path can't contain a NUL byte")
    }
    if let walls = request.walls { return try StagedSpawn.spawn(request, walls, call, candidates: candidates) }
    if keepingPrivileges { call.privileges = cadre_privileges() }
    if cadre_spawn(&call) != 0 {
        throw SpawnError(of: call, request, candidates: candidates)
    }
    return Child(pid: call.pid, pidfd: Descriptor(owning: call.pidfd))
}

/// The processors that a process may use, as sched_setaffinity(2) takes them.
private func processorWords(of request: SpawnRequest) -> [UInt] {
    guard let processors = request.surroundings.scheduling.processors, let highest = processors.max() else { return [] }
    var words = [UInt](repeating: 0, count: highest / UInt.bitWidth + 1)
    for processor in processors { words[processor / UInt.bitWidth] |= 1 << (processor % UInt.bitWidth) }
    return words
}

private func outOfMemoryScore(of request: SpawnRequest) -> String {
    request.surroundings.scheduling.outOfMemoryScore.map { "\($0)" } ?? ""
}

/// All that the C side of a spawn points to, in one allocation.
private struct SpawnMemory: ~Copyable {
    /// Asked once: a supervisor keeps what it may do.
    private static let mayLockCapabilities = Capability.setProcessCapabilities.isEffective
    private static let listenPIDPrefix = "LISTEN_PID="
    private static let listenPIDEntry = listenPIDPrefix + "0000000000"

    private let base: UnsafeMutableRawPointer
    private var next: UnsafeMutableRawPointer
    private let credentials: Credentials?
    private let limits: [(limit: ProcessLimit, value: ProcessLimit.Value)]
    /// A string that C would read only in part: up to there.
    private(set) var stringWithNUL: String?

    init(for request: SpawnRequest, candidates: [String]) {
        // To become who one is already needs no privilege and no change.
        credentials = request.surroundings.credentials.flatMap { $0.areCurrent ? nil : $0 }
        let pointers = request.arguments.count + request.environment.count + candidates.count + 4
        var size = pointers * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride
        limits = request.surroundings.allLimits
        size += limits.count * MemoryLayout<cadre_spawn_limit>.stride + MemoryLayout<sigset_t>.stride
        size += processorWords(of: request).count * MemoryLayout<UInt>.stride
        size += outOfMemoryScore(of: request).utf8.count + 1
        size += (request.descriptors.count + (credentials?.groups.count ?? 0)) * MemoryLayout<Int32>.stride
        for string in request.arguments { size += string.utf8.count + 1 }
        for string in request.environment { size += string.utf8.count + 1 }
        for string in candidates { size += string.utf8.count + 1 }
        size += Self.listenPIDEntry.utf8.count + 1
        size += (request.workingDirectory?.utf8.count ?? 0) + 1
        size += (request.leaderAttribute?.utf8.count ?? 0) + 1
        base = .allocate(byteCount: size, alignment: 16)
        next = base
    }

    deinit {
        base.deallocate()
    }

    /// What is aligned most comes first, so that nothing needs padding.
    mutating func fill(_ call: inout cadre_spawn, from request: SpawnRequest, candidates: [String]) {
        let arguments = reserve(UnsafeMutablePointer<CChar>?.self, request.arguments.count + 1)
        let environment = reserve(UnsafeMutablePointer<CChar>?.self, request.environment.count + 2)
        let paths = reserve(UnsafePointer<CChar>?.self, candidates.count + 1)
        let limits = reserve(cadre_spawn_limit.self, self.limits.count)
        let blocked = reserve(sigset_t.self, 1)
        let processors = copy(processorWords(of: request))
        let descriptors = copy(request.descriptors)
        let groups = copy(credentials?.groups ?? [])

        for (index, string) in request.arguments.enumerated() { arguments[index] = copy(string) }
        arguments[request.arguments.count] = nil
        for (index, string) in request.environment.enumerated() { environment[index] = copy(variable: string) }
        environment[request.environment.count] = nil
        if request.listenPID {
            let entry = copy(Self.listenPIDEntry)
            environment[request.environment.count] = entry
            call.pid_text = entry + Self.listenPIDPrefix.utf8.count
        }
        environment[request.environment.count + 1] = nil
        for (index, string) in candidates.enumerated() { paths[index] = UnsafePointer(copy(string)) }
        paths[candidates.count] = nil

        call.candidates = UnsafePointer(paths)
        call.arguments = UnsafePointer(arguments)
        call.environment = UnsafePointer(environment)
        call.descriptors = descriptors
        call.descriptor_count = Int32(request.descriptors.count)
        call.control_group = request.controlGroup ?? -1
        call.leader_attribute = request.leaderAttribute.map { UnsafePointer(copy($0)) }
        call.parent_death_signal = request.parentDeathSignal ?? 0
        if !request.blockedSignals.isEmpty {
            sigemptyset(blocked)
            for signal in request.blockedSignals { sigaddset(blocked, signal) }
            call.blocked_signals = UnsafePointer(blocked)
        }
        call.umask = request.surroundings.fileCreationMask.map(Int32.init) ?? -1
        call.privileges.no_new_privileges = request.surroundings.noNewPrivileges
        if let capabilities = request.surroundings.capabilities {
            call.privileges.limit_capabilities = true
            call.privileges.lock_capabilities = Self.mayLockCapabilities
            call.privileges.capabilities = capabilities.bits
        }
        for (index, limit) in self.limits.enumerated() {
            (limits + index).initialize(
                to: cadre_spawn_limit(
                    resource: limit.limit.number,
                    limit: rlimit(rlim_cur: rlim_t(limit.value.soft), rlim_max: rlim_t(limit.value.hard))))
        }
        call.limits = UnsafePointer(limits)
        call.limit_count = self.limits.count
        let scheduling = request.surroundings.scheduling
        if scheduling.outOfMemoryScore != nil {
            call.scheduling.out_of_memory_score = UnsafePointer(copy(outOfMemoryScore(of: request)))
        }
        call.scheduling.processors = UnsafePointer(processors)
        call.scheduling.processor_words = processorWords(of: request).count
        call.scheduling.policy = scheduling.policy?.number ?? -1
        if scheduling.policy?.isRealTime == true { call.scheduling.priority = Int32(scheduling.priority ?? 1) }
        if let niceness = scheduling.niceness {
            call.scheduling.change_niceness = true
            call.scheduling.niceness = Int32(niceness)
        }
        call.scheduling.io_priority = scheduling.ioNumber
        if let credentials {
            call.privileges.change_credentials = true
            call.privileges.user = credentials.user
            call.privileges.group = credentials.group
            call.privileges.groups = UnsafePointer(groups)
            call.privileges.group_count = credentials.groups.count
        }
        call.directory = request.workingDirectory.map { UnsafePointer(copy($0)) }
    }

    private mutating func reserve<Element: BitwiseCopyable>(
        _ type: Element.Type, _ count: Int
    ) -> UnsafeMutablePointer<Element> {
        let start = next.bindMemory(to: type, capacity: count)
        next += count * MemoryLayout<Element>.stride
        return start
    }

    private mutating func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
        let start = reserve(Element.self, elements.count)
        start.initialize(from: elements, count: elements.count)
        return start
    }

    /// Of a variable that can't be copied as a whole only the name is told: the value may be a secret.
    private mutating func copy(variable: String) -> UnsafeMutablePointer<CChar> {
        let other = stringWithNUL
        let start = copy(variable)
        if stringWithNUL != other { stringWithNUL = variable.prefix { $0 != "=" && $0 != "\0" } + "=" }
        return start
    }

    private mutating func copy(_ string: String) -> UnsafeMutablePointer<CChar> {
        var string = string
        let size = string.utf8.count + 1
        let start = reserve(CChar.self, size)
        string.withUTF8 { utf8 in
            guard let bytes = utf8.baseAddress else { return }
            memcpy(start, bytes, utf8.count)
        }
        start[size - 1] = 0
        if strlen(start) != size - 1 { stringWithNUL = String(cString: start) }
        return start
    }
}
