public import ControlGroups
public import Processes
public import Supervision

/// One service: a command and how to run a number of copies of it.
public struct ServiceSpecification: Hashable, Sendable, Codable {
    /// The service's name, see ``isValidName(_:)``.
    public var name: String
    /// Program and arguments, exec'd without a shell. Each is a ``Template``. The program is an absolute path, a bare
    /// name that is looked for in PATH, or, where there is a ``directory``, a path relative to that.
    public var command: [String]
    /// How many workers there are.
    public var workers: WorkerCount
    /// The services that its workers are started after, and how far those must be first.
    public var after: [String: StartCondition]
    /// The same for services without which its workers aren't started at all.
    public var requires: [String: StartCondition]
    /// Whether everything stops when one of its workers has failed for good.
    public var isEssential: Bool
    /// The absolute working directory, a ``Template``; nil is the root directory's.
    public var directory: String?
    /// Variables set for every worker; the values are ``Template``s.
    public var environment: [String: String]
    /// The absolute path, a ``Template``, of a file that is read at each start (see ``parseEnvironmentFile(_:)``).
    /// After a leading `-`, as in systemd, the file may be missing; ``environmentFilePath`` takes it apart.
    public var environmentFile: String?
    /// The user to run as, by name or number; nil is the supervisor's.
    public var user: String?
    /// The group to run as, by name or number; nil is the user's own.
    public var group: String?
    /// Further groups to run as, by name or number, beside those that the user is in.
    public var supplementaryGroups: [String] = []
    /// Which permissions new files don't get (umask(2)); nil is the supervisor's.
    public var fileCreationMask: UInt32?
    /// The capabilities that workers have; by default none, even as root.
    public var capabilities = CapabilityLimit.only(CapabilitySet())
    /// Whether workers can never gain privileges by what they execute (`PR_SET_NO_NEW_PRIVS`).
    public var noNewPrivileges = true
    /// The names of systemd's credentials that workers get (systemd.exec(5)), in `$CREDENTIALS_DIRECTORY`.
    public var credentials: [String] = []
    /// How workers share the machine with others.
    public var scheduling = Scheduling()
    /// Resource limits of each process of a worker; what is missing is as the supervisor was started with.
    public var processLimits: [ProcessLimit: ProcessLimit.Value] = [:]
    /// What a worker is asked to find out whether it is ready; nil unless the policy's readiness is `tcp`, `http` or
    /// `command`.
    public var readyProbe: ProbeTarget?
    /// What a line of a worker's output contains that makes it ready; nil unless the policy's readiness is `log`.
    public var readyLine: String?
    /// What a worker is asked to find out whether it is well; nil unless the policy has `health`.
    public var healthProbe: HealthProbe?
    /// How workers are supervised.
    public var policy: WorkerPolicy
    /// The signal that asks a worker to end.
    public var stopSignal: Int32
    /// How many percent of the wanted workers have to be ready, or done, for the service to count as healthy.
    public var healthyPercentage: Double
    /// Where a worker tells about itself, a ``Template`` of an ``IntrospectionURL``; nil if it doesn't.
    public var introspect: String?
    /// What each worker's cgroup is limited to.
    public var limits: ResourceLimits
    /// Listening sockets, in the order of their descriptors.
    public var sockets: [SocketSpecification]
    /// The port of worker 0; those of the others follow it. Nil if workers have no ports of their own.
    public var port: UInt16?
    /// Whether its workers are down until somebody connects to one of its sockets.
    public var isOnDemand = false
    /// How long there may be no connection before its workers are stopped again; nil if they never are.
    public var idleTimeout: Duration? = ServiceSpecification.defaultIdleTimeout
    /// How many descriptors each worker may leave with the supervisor (`FDSTORE=1` of sd_notify(3)).
    public var storedDescriptorsMax = 0
    /// What its workers are walled off from; nil for nothing.
    public var sandbox: SandboxSpecification?
    /// Where output goes.
    public var log: LogSpecification

    /// A service; what is left out is as documented for the configuration file. Nothing is validated here.
    public init(
        name: String, command: [String], workers: WorkerCount = .count(1), after: [String: StartCondition] = [:],
        requires: [String: StartCondition] = [:], isEssential: Bool = false, directory: String? = nil,
        environment: [String: String] = [:], environmentFile: String? = nil, user: String? = nil, group: String? = nil,
        policy: WorkerPolicy = WorkerPolicy(), stopSignal: Int32 = 15, healthyPercentage: Double = 50,
        introspect: String? = nil, limits: ResourceLimits = ResourceLimits(), sockets: [SocketSpecification] = [],
        log: LogSpecification = LogSpecification()
    ) {
        self.name = name
        self.command = command
        self.workers = workers
        self.after = after
        self.requires = requires
        self.isEssential = isEssential
        self.directory = directory
        self.environment = environment
        self.environmentFile = environmentFile
        self.user = user
        self.group = group
        self.policy = policy
        self.stopSignal = stopSignal
        self.healthyPercentage = healthyPercentage
        self.introspect = introspect
        self.limits = limits
        self.sockets = sockets
        self.log = log
    }

    /// How long there may be no connection to a service on demand, if nothing is said about that.
    public static let defaultIdleTimeout = Duration.seconds(300)

    /// The port of one of its workers, which it keeps whatever becomes of it; nil if it has none.
    public func port(ofWorker number: Int) -> Int? { port.map { Int($0) + number } }

    /// The text that a ``Template`` of this specification becomes for one of its workers.
    public func expand(_ template: String, worker number: Int) -> String {
        Template.expand(template, service: name, worker: number, port: port(ofWorker: number))
    }

    /// The environment file's path, still a ``Template``, and whether the file may be missing.
    public var environmentFilePath: (template: String, mayBeMissing: Bool)? {
        environmentFile.map { $0.hasPrefix("-") ? (String($0.dropFirst()), true) : ($0, false) }
    }

    /// What it is started after, sorted by name.
    public var dependencies: [Dependency] {
        let required = requires.map { Dependency($0.key, $0.value, isRequired: true) }
        let others = after.filter { requires[$0.key] == nil }.map { Dependency($0.key, $0.value, isRequired: false) }
        return (required + others).sorted { $0.service < $1.service }
    }

    /// The names of Cadre's own cgroups beside those of the services.
    public static let reservedNames = DelegatedRoot.reservedNames

    /// Whether `name` can name a service, which is also a directory in the cgroup tree: letters, digits, `_` and `-`,
    /// 64 at the most, and none of ``reservedNames``.
    public static func isValidName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !reservedNames.contains(name)
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F || $0 == 0x2D
            }
    }
}
