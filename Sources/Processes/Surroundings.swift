/// As whom a process runs, with which privileges and limits. What is nil or missing is as the supervisor has it.
public struct Surroundings: Hashable, Sendable {
    /// As whom it runs.
    public var credentials: Credentials?
    /// The capabilities that it has, and the only ones that what it executes may ever get, whoever the user; nil for what
    /// the supervisor's come to be for that user.
    ///
    /// A supervisor without `CAP_SETPCAP` can't keep it from getting others by a set-user-ID program;
    /// ``noNewPrivileges`` does.
    public var capabilities: CapabilitySet?
    /// Whether it and what it executes can never gain privileges (`PR_SET_NO_NEW_PRIVS`: no set-user-ID, no file
    /// capabilities).
    public var noNewPrivileges: Bool
    /// Which permissions new files don't get (umask(2)).
    public var fileCreationMask: UInt32?
    /// How it shares the machine with others.
    public var scheduling: Scheduling
    /// Its limit of open files, unless ``limits`` have one.
    public var openFileLimit: OpenFileLimit?
    /// Its resource limits.
    public var limits: [ProcessLimit: ProcessLimit.Value]

    /// Those of the supervisor but for what is given.
    public init(
        credentials: Credentials? = nil, capabilities: CapabilitySet? = nil, noNewPrivileges: Bool = false,
        fileCreationMask: UInt32? = nil, scheduling: Scheduling = Scheduling(), openFileLimit: OpenFileLimit? = nil,
        limits: [ProcessLimit: ProcessLimit.Value] = [:]
    ) {
        self.credentials = credentials
        self.capabilities = capabilities
        self.noNewPrivileges = noNewPrivileges
        self.fileCreationMask = fileCreationMask
        self.scheduling = scheduling
        self.openFileLimit = openFileLimit
        self.limits = limits
    }

    /// All limits that are to be set, in the order of their names.
    var allLimits: [(limit: ProcessLimit, value: ProcessLimit.Value)] {
        var all = limits
        if let openFileLimit, all[.nofile] == nil {
            all[.nofile] = ProcessLimit.Value(soft: openFileLimit.soft, hard: openFileLimit.hard)
        }
        return all.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }
}
