public import Processes

/// A question that tells whether a worker is ready, or well.
public struct Probe: Sendable {
    /// What is asked.
    public enum Question: Sendable {
        /// Whether a connection to a stream socket is accepted.
        case connect(ProbeAddress)
        /// Whether an HTTP request is answered as expected.
        case http(HTTPProbe)
        /// Whether a command succeeds.
        case command(CommandProbe)
    }

    /// What is asked.
    public var question: Question
    /// How long the answer may take, in all.
    public var timeout: Duration

    /// A question and how long the answer may take.
    public init(_ question: Question, timeout: Duration) {
        self.question = question
        self.timeout = timeout
    }
}

/// Where a worker listens.
public enum ProbeAddress: Hashable, Sendable, CustomStringConvertible {
    /// A TCP port of a host, by name or address.
    case internet(host: String, port: UInt16)
    /// A unix socket.
    case unix(path: String)

    /// As it is written in the configuration.
    public var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A GET request and the answer that is expected.
public struct HTTPProbe: Hashable, Sendable {
    /// Where the worker listens.
    public var address: ProbeAddress
    /// Path and query.
    public var path: String
    /// The statuses that are a success.
    public var statuses: [ClosedRange<Int>]
    /// What the body must contain, within its first 64 KiB; nil if it doesn't matter.
    public var body: String?

    /// A request and the answer that is expected.
    public init(address: ProbeAddress, path: String, statuses: [ClosedRange<Int>], body: String? = nil) {
        self.address = address
        self.path = path
        self.statuses = statuses
        self.body = body
    }
}

/// A command that succeeds by exiting with 0.
///
/// It runs in a cgroup of its own below that of the worker. So it is limited, frozen, killed and accounted for as part of
/// the worker, and no command that eats memory or forks for ever harms anybody else; and all that it started can be
/// killed without the worker. While it runs the worker's cgroup counts as populated, which its timeout bounds.
public struct CommandProbe: Sendable {
    /// Program and arguments.
    public var arguments: [String]
    /// The whole environment, as `NAME=value`.
    public var environment: [String]
    /// The working directory.
    public var directory: String
    /// As whom it runs, with which privileges and limits.
    public var surroundings: Surroundings
    /// The absolute path of the worker's cgroup.
    public var controlGroup: String

    /// A command; what is left out is as the supervisor has it.
    public init(
        arguments: [String], environment: [String], directory: String,
        surroundings: Surroundings = Surroundings(), controlGroup: String
    ) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.surroundings = surroundings
        self.controlGroup = controlGroup
    }

    /// The name of the cgroup that it runs in, below the worker's.
    public static let groupName = "cadre-probe"
}

/// What came of a probe.
public enum ProbeResult: Hashable, Sendable {
    /// The answer is as expected.
    case passed
    /// It isn't; why is told in a phrase such as `connect to 127.0.0.1:8080: Connection refused (ECONNREFUSED)`.
    case failed(String)
}
