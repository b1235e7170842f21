public import Keeper
public import Specification

/// How a supervisor runs, as opposed to what it runs.
public struct Options: Sendable {
    /// Where the delegated root comes from.
    public enum Root: Hashable, Sendable {
        /// The cgroup this process was started in if it is delegated; else a scope that systemd makes; else, where
        /// there's no systemd, a cgroup below our own.
        case discovered
        /// This directory of a cgroup v2 mount.
        case directory(String)
    }

    /// Where the lines of workers go whose specification doesn't say (`log.to = "auto"`).
    public enum Logs: Hashable, Sendable {
        /// To journald, or to our own standard output and error where there is none.
        case journal
        /// To our own standard output and error, behind the worker's name.
        case terminal
    }

    /// Where the delegated root comes from.
    public var root: Root
    /// A directory for sockets, made if it is missing: `/run/cadre`.
    public var runtimeDirectory: String
    /// Where the lines of workers go whose specification doesn't say.
    public var logs: Logs
    /// Whether a limit whose controller is missing is left out, with a warning, instead of being an error.
    public var isBestEffort: Bool
    /// Whether SIGTERM and SIGINT stop the supervisor and SIGHUP reloads it. They must be blocked in all threads.
    public var handlesSignals: Bool
    /// Whether to tell systemd about readiness and the like, if it asked for that (`NOTIFY_SOCKET`).
    public var notifiesManager: Bool
    /// Whether to stop when no worker runs and none is going to: all are done or have failed.
    public var endsWhenIdle: Bool
    /// How to read the specification again at a reload; nil if that isn't possible.
    public var reload: (@Sendable () throws -> Specification)?
    /// What must succeed before another specification is in force; nil for nothing. It is called on the core's thread
    /// and throws to refuse the specification. What it returns is called with whether the specification is in force,
    /// as something else may have refused it meanwhile.
    public var prepare: (@Sendable (Specification) throws -> (@Sendable (Bool) -> Void))?
    /// The keeper that started this process, with whose help a successor of this supervisor goes on with what runs if
    /// this one dies; nil if there is none.
    public var keeper: KeeperLink?
    /// Descriptors that this process was handed for its services, by name: those of systemd's .socket units, and what an
    /// earlier supervisor held. They are the supervisor's to close.
    public var descriptors: [HandedDescriptor] = []
    /// From what the random variations of waits follow; nil for chance.
    public var seed: UInt64?

    /// The options of a supervisor within another program.
    public init(
        root: Root = .discovered, runtimeDirectory: String, logs: Logs = .terminal, isBestEffort: Bool = false,
        handlesSignals: Bool = false, notifiesManager: Bool = false, endsWhenIdle: Bool = false,
        reload: (@Sendable () throws -> Specification)? = nil, keeper: KeeperLink? = nil, seed: UInt64? = nil
    ) {
        self.root = root
        self.runtimeDirectory = runtimeDirectory
        self.logs = logs
        self.isBestEffort = isBestEffort
        self.handlesSignals = handlesSignals
        self.notifiesManager = notifiesManager
        self.endsWhenIdle = endsWhenIdle
        self.reload = reload
        self.keeper = keeper
        self.seed = seed
    }
}

extension Options {
    /// Where the sockets for notifications are.
    var notificationDirectory: String { "\(runtimeDirectory)/notify" }

    /// Where the directories with the credentials of incarnations are.
    var credentialDirectory: String { "\(runtimeDirectory)/credentials" }

    /// Where a supervisor leaves what its successor has to know.
    var statePath: String { "\(runtimeDirectory)/state" }

    /// Where an incarnation sends its notifications; the name of its cgroup tells which it is.
    func notificationSocket(ofService service: String, _ groupName: String) -> String {
        "\(notificationDirectory)/\(service).\(groupName)"
    }
}
