public import ControlGroups

/// Everything that is known of one worker at one moment, for somebody who looks for a fault.
///
/// What the kernel knows is read file by file while the worker runs on, so parts may be some milliseconds apart, and what
/// ended meanwhile is missing. It is all bounded, whatever the worker does.
public struct Inspection: Codable, Hashable, Sendable {
    /// The service's name.
    public var service: String
    /// How the worker is.
    public var worker: WorkerSnapshot
    /// Its executions, the oldest first: the present ones, and the latest of those that are gone.
    public var incarnations: [IncarnationRecord]
    /// Program and arguments as they were executed; as they would be, if it doesn't run.
    public var command: [String]
    /// Where its output goes: `journal`, `terminal`, `none` or a file's path.
    public var log: String
    /// The names of systemd's credentials that it gets.
    public var credentials: [String] = []
    /// The sockets that it is passed, in the order of their descriptors.
    public var sockets: [PassedSocket] = []
    /// Its port; nil if the specification gives it none.
    public var port: Int?
    /// What it is walled off from; nil for nothing.
    public var sandbox: SandboxInspection?
    /// What it and its past incarnations have used and met with.
    public var usage: Usage
    /// Its cgroup; nil if it doesn't run.
    public var controlGroup: ControlGroupInspection?
    /// The process that counts as the worker; nil if there is none.
    public var leader: LeaderInspection?
    /// The processes of the cgroup.
    public var processes = Bounded<ProcessInspection>()
    /// The threads of all these.
    public var threads = Bounded<ThreadInspection>()
    /// What it tells about itself; nil without `introspect` in its specification.
    public var introspection: IntrospectionAnswer?
    /// What could not be found out, and why, in sentences.
    public var problems: [String] = []

    /// The first ones of a list, and how many more there are.
    public struct Bounded<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
        /// The first ones.
        public var items: [Item] = []
        /// How many were left out.
        public var more = 0
    }
}

/// A socket that workers are passed.
public struct PassedSocket: Codable, Hashable, Sendable {
    /// Its name in `LISTEN_FDNAMES`.
    public var name: String
    /// What it is bound to, as in the specification; `systemd:NAME` for one that systemd passes under that name.
    public var address: String
    /// Whether it is a `stream`, `datagram` or `seqpacket` one; nil for systemd's.
    public var type: String?
    /// Whether this worker has it to itself (`SO_REUSEPORT`).
    public var isOwn: Bool
    /// Whether it is the worker's descriptor 0.
    public var isStandardInput: Bool
}

/// A worker's walls.
public struct SandboxInspection: Codable, Hashable, Sendable {
    /// Those that are in force, as the specification has them: `private_tmp = true`.
    public var walls: [String]
    /// Those that were left out with `best_effort`, and why: `private_tmp: it needs CAP_SYS_ADMIN; …`.
    public var omitted: [String] = []
}

/// The cgroup of an incarnation.
public struct ControlGroupInspection: Codable, Hashable, Sendable {
    /// Its absolute path.
    public var path: String
    /// Whether its processes are to be frozen (`cgroup.freeze`).
    public var isFreezing: Bool
    /// Whether all of them are (`cgroup.events`).
    public var isFrozen: Bool
    /// Its limits, each by its file's name.
    public var limits: [Limit]
    /// The kernel's figures of it.
    public var statistics: Statistics?

    /// A limit as it was asked for and as it is.
    public struct Limit: Codable, Hashable, Sendable {
        /// The file's name, such as `memory.max`.
        public var file: String
        /// What was written for the specification; nil if it leaves this to the kernel.
        public var specified: String?
        /// What is in the file; nil if there is none, as the controller is missing.
        public var kernel: String?
    }
}

/// The process that counts as the worker.
public struct LeaderInspection: Codable, Hashable, Sendable {
    /// Its number.
    public var pid: Int32
    /// Its working directory.
    public var directory: String?
    /// The file that it executes.
    public var executable: String?
    /// The effective user ID.
    public var user: UInt32?
    /// The effective group ID.
    public var group: UInt32?
    /// The supplementary group IDs.
    public var groups: [UInt32] = []
    /// The capabilities that it may use (`CapPrm` in its status); nil if that is not known.
    public var capabilities: [String]?
    /// Those that any program it executes may get at the most (`CapBnd`).
    public var capabilityBounds: [String]?
    /// Whether no program it executes can give it privileges.
    public var noNewPrivileges: Bool?
    /// The permissions that new files don't get, in octal.
    public var fileCreationMask: String?
    /// The processors that it may use, in the form `0-3,6`.
    public var processors: String?
    /// How processors are shared.
    public var schedulingPolicy: String?
    /// Its priority in real time; nil if it has none.
    public var schedulingPriority: Int?
    /// Its niceness.
    public var niceness: Int?
    /// How disks are shared and its priority there, as `best-effort 4`; nil if that follows from the niceness.
    public var ioScheduling: String?
    /// `oom_score_adj`.
    public var outOfMemoryScore: Int?
    /// The environment that it was executed with, by name.
    public var environment = Inspection.Bounded<Variable>()
    /// Its open files, by descriptor.
    public var files = Inspection.Bounded<OpenFile>()
    /// Its resource limits (getrlimit(2)).
    public var resourceLimits: [ResourceLimit] = []

    /// A variable of the environment.
    public struct Variable: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value; nil if it looks like a secret: the name contains SECRET, TOKEN, PASS, PWD, KEY, CREDENTIAL, AUTH,
        /// PRIVATE, COOKIE, SALT or DSN, in whatever case, or the value has a URL with a user in it.
        public var value: String?
    }

    /// An open file.
    public struct OpenFile: Codable, Hashable, Sendable {
        /// The descriptor.
        public var descriptor: Int32
        /// What it stands for, as the kernel shows it: a path, `pipe:[4711]`, `socket:[4711]`.
        public var target: String
        /// For a socket: `tcp 127.0.0.1:8080 listening`, `unix /run/app.sock`.
        public var socket: String?
    }

    /// A resource limit, with the kernel's words.
    public struct ResourceLimit: Codable, Hashable, Sendable {
        /// What is limited: `Max open files`.
        public var name: String
        /// What the process may go up to: a number or `unlimited`.
        public var soft: String
        /// What it may raise that to.
        public var hard: String
        /// The unit; nil if it has none.
        public var unit: String?
    }
}

/// A process of a worker.
public struct ProcessInspection: Codable, Hashable, Sendable {
    /// Its number.
    public var pid: Int32
    /// That of its parent.
    public var parent: Int32
    /// Program and arguments, as it shows them now; its bare name in brackets if it shows none.
    public var command: [String]
    /// Its state, in the kernel's words: `S (sleeping)`.
    public var state: String
    /// How many threads it has.
    public var threads: Int
    /// The memory that it has in RAM, what it shares with others included, in bytes.
    public var residentBytes: UInt64
}

/// A thread of a worker.
public struct ThreadInspection: Codable, Hashable, Sendable {
    /// Its number.
    public var thread: Int32
    /// That of its process.
    public var process: Int32
    /// Its name.
    public var name: String
    /// Its state in the kernel's letter: `R`, `S`, `D`, `T`, `Z`.
    public var state: String
    /// Where it is in the kernel, the innermost function first; empty if it runs, or if that isn't permitted.
    public var stack: [String]
    /// The kernel's function it waits in; nil if it waits in none, or if that isn't permitted.
    public var waitChannel: String?
    /// The number of the system call that it is in; nil if it is in none, or if that isn't permitted.
    public var systemCall: Int?
}

/// What a worker answered at its `introspect` URL.
public struct IntrospectionAnswer: Codable, Hashable, Sendable {
    /// The URL, with the worker's name filled in.
    public var url: String
    /// The status of the answer, such as 200; nil if there was none.
    public var status: Int?
    /// The answer's `Content-Type`.
    public var contentType: String?
    /// The answer, or its beginning.
    public var text: String?
    /// Whether there was more.
    public var isCut = false
    /// Why there is no answer, in a sentence.
    public var problem: String?

    /// The question, not asked yet.
    public init(url: String) {
        self.url = url
    }
}
