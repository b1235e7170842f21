/// How the leader of an incarnation ended, as its parent learnt it (waitid(2)).
public enum Exit: Hashable, Sendable, Codable {
    /// It exited with this code.
    case code(Int32)
    /// It was killed by this signal.
    case signal(Int32, coreDumped: Bool)
    /// It was another process's child, and the kernel keeps no status of such.
    case unknown

    /// Whether `policy` takes this for a success; what is unknown is none.
    public func isSuccess(under policy: RestartPolicy) -> Bool {
        switch self {
        case .code(let code): policy.successExitCodes.contains(code)
        // SIGHUP, SIGINT, SIGPIPE, SIGTERM: the clean signals of systemd.service(5).
        case .signal(let signal, _): [1, 2, 13, 15].contains(signal)
        case .unknown: false
        }
    }
}

/// Why an incarnation ended.
public enum EndReason: String, CaseIterable, Hashable, Sendable, Codable, CodingKeyRepresentable {
    /// Its leader exited of its own accord.
    case exit
    /// Its leader was killed by a signal that nobody here sent.
    case signal
    /// The kernel killed it at `memory.max`.
    case oomKill = "oom-kill"
    /// It touched `memory.high` and was replaced.
    case memoryHigh = "memory-high"
    /// It wasn't ready in time.
    case readyTimeout = "ready-timeout"
    /// It kept silent for longer than its watchdog allows.
    case watchdog
    /// Its health probes failed and it was replaced.
    case health
    /// It was older than its service's `max_age` and was replaced.
    case age
    /// It was replaced for another reason: it ran an outdated specification.
    case replaced
    /// A command restarted or killed it.
    case manual
    /// It was stopped by command, or as its service is gone.
    case stopped
    /// It was stopped as nobody was connected to its service.
    case idle
    /// Its program could not be executed.
    case spawn
}

/// The end of an incarnation.
public struct End: Hashable, Sendable, Codable {
    /// Why it ended.
    public let reason: EndReason
    /// How its leader ended; nil if it was never executed.
    public let exit: Exit?
    /// Whether this is a success under the service's policy.
    public let isSuccess: Bool

    /// The end of an incarnation.
    public init(reason: EndReason, exit: Exit?, isSuccess: Bool) {
        self.reason = reason
        self.exit = exit
        self.isSuccess = isSuccess
    }
}
