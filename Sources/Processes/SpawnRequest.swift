/// A process to be started: its program and everything that is set up before its first instruction.
public struct SpawnRequest: Sendable {
    /// The program and its arguments. A program without a slash is looked for along the `PATH` of `environment`.
    public var arguments: [String]
    /// The path of the program, if it isn't the first of the arguments.
    public var program: String?
    /// The whole environment, each entry as `NAME=value`. Nothing of the supervisor's own is added.
    public var environment: [String]
    /// The working directory, entered as the new user; nil for the supervisor's.
    public var workingDirectory: String?
    /// The descriptors that the process gets: the one at index 0 becomes its standard input and so on. They stay
    /// the caller's; all others are closed in the process.
    public var descriptors: [Int32]
    /// A descriptor of the directory of the cgroup in which the process starts (it stays the caller's);
    /// nil for the supervisor's own cgroup.
    public var controlGroup: Int32?
    /// The extended attribute of that cgroup in which the process writes its own ID before it executes its program;
    /// nil for none.
    public var leaderAttribute: String?
    /// The signals that are blocked in the process, which may thus come before it is ready for them.
    public var blockedSignals: [Int32]
    /// The signal that the process gets when the thread that started it ends (`PR_SET_PDEATHSIG`); nil for none.
    public var parentDeathSignal: Int32?
    /// As whom it runs, with which privileges and limits.
    public var surroundings: Surroundings
    /// Whether `LISTEN_PID` is added to the environment with the process's own ID, as sd_listen_fds(3) wants it.
    public var listenPID: Bool
    /// What the process is walled off from; nil for nothing. What is above is then found from behind the walls: the
    /// program, and the working directory.
    public var walls: Walls?

    /// A request; what is left out stays as the supervisor has it.
    public init(
        arguments: [String], program: String? = nil, environment: [String] = [], workingDirectory: String? = nil,
        descriptors: [Int32] = [0, 1, 2], controlGroup: Int32? = nil, leaderAttribute: String? = nil,
        parentDeathSignal: Int32? = nil, blockedSignals: [Int32] = [], surroundings: Surroundings = Surroundings(),
        listenPID: Bool = false
    ) {
        self.arguments = arguments
        self.program = program
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.descriptors = descriptors
        self.controlGroup = controlGroup
        self.leaderAttribute = leaderAttribute
        self.parentDeathSignal = parentDeathSignal
        self.blockedSignals = blockedSignals
        self.surroundings = surroundings
        self.listenPID = listenPID
    }

    /// The directories in which a program without a slash is looked for; an empty one means the working directory.
    var searchPath: Substring {
        for entry in environment where entry.utf8.starts(with: "PATH=".utf8) { return entry.dropFirst(5) }
        return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }

    /// The paths under which the program may be, in the order in which they are tried.
    package var candidates: [String] {
        guard let program = program ?? arguments.first, !program.isEmpty else { return [] }
        if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        return searchPath.split(separator: ":", omittingEmptySubsequences: false).map { directory in
            directory.isEmpty ? "./\(program)" : "\(directory)/\(program)"
        }
    }
}
