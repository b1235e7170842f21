import ArgumentParser
import Cadre
import Glibc
import Keeper
import Processes
import Specification
import Systemd

/// `cadre supervise`
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Run the services of a configuration file; what cadre.service starts.",
        discussion: """
            SIGTERM and SIGINT stop all workers, each in its own time, and then the supervisor. SIGHUP reads the \
            configuration again and changes what runs to it; if it has a problem nothing changes.

            When a worker of an essential service has failed for good all stop as well, and the supervisor exits with the \
            worker's exit code, with 128 and the number of the signal that killed it, or with 5 if there is neither.
            """)

    @Option(
        help: "The configuration; more files may lie in conf.d/ beside it.", completion: .file(extensions: ["toml"]))
    var config = defaultConfiguration

    @Option(help: "The directory of further files, instead of conf.d beside the file.", completion: .directory)
    var dropIns: String?

    @Option(
        help: ArgumentHelp(
            "Where the log goes, and the output of workers that have no log of their own: journal or terminal.",
            discussion: "Where there is no journald, both mean the terminal: standard output and error.",
            valueName: "where"))
    var log = Log.journal

    @Flag(
        help: ArgumentHelp(
            "Wait while another supervisor has the cgroup of --cgroup, and run when it is gone.",
            discussion: "What a supervisor that was killed together with its keeper has left is cleared away then."))
    var standby = false

    @Flag(
        help: ArgumentHelp(
            "Take over what the supervisor with this runtime directory runs, which then ends.",
            discussion: """
                No worker is restarted, and no connection is lost; then the configuration is applied. Without such a \
                supervisor this one starts as usual. That of a systemd unit refuses: it has cadre upgrade.
                """))
    var takeover = false

    @OptionGroup var options: SupervisorOptions

    enum Log: String, CaseIterable, ExpressibleByArgument {
        case journal
        case terminal
    }

    func run() throws {
        let load: @Sendable () throws -> Specification = { [config, dropIns] in
            try Specification.load(file: config, dropIns: dropIns)
        }
        // What a service needs and this machine doesn't have keeps that service from starting, and no other. But a change
        // that would come to that is refused.
        let reload: @Sendable () throws -> Specification = { [config, dropIns] in
            var host = HostCheck()
            host.looksUpAccounts = true
            host.capabilities = .ofThisProcess
            host.looksAtCredentials = true
            return try Specification.load(file: config, dropIns: dropIns, host: host)
        }
        var supervisorOptions = Options(
            runtimeDirectory: options.runtimeDirectory ?? RuntimeDirectory.standard,
            logs: log == .journal ? .journal : .terminal, handlesSignals: true, notifiesManager: true, reload: reload)
        try options.apply(to: &supervisorOptions)
        let other: Foreground.Other =
            if takeover { .takenOver } else if standby, let root = options.cgroup { .awaited(root: root) } else {
                .kept
            }
        try Foreground.run(supervisorOptions, keeping: options, other: other, load)
    }

    func validate() throws {
        if standby && takeover { throw ValidationError("--standby waits and --takeover doesn't: give one of them") }
        if standby && options.cgroup == nil {
            throw ValidationError("--standby needs --cgroup, the cgroup in which the other supervisor is")
        }
        if takeover && options.cgroup != nil {
            throw ValidationError("--takeover goes on in the cgroup of the other supervisor; leave out --cgroup")
        }
    }
}

/// What `cadre supervise` and `cadre run` have in common.
struct SupervisorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Use this cgroup v2 directory as the delegated root.",
            discussion: """
                Without it: the cgroup the supervisor starts in if it is delegated (Delegate=yes), else a transient \
                scope of systemd's, else a new cgroup below its own.
                """,
            valueName: "directory"),
        completion: .directory)
    var cgroup: String?

    @Option(help: ArgumentHelp("Where sockets are made.", valueName: "directory"), completion: .directory)
    var runtimeDirectory: String?

    @Flag(help: "Leave out limits whose controller is missing, with a warning, instead of failing.")
    var bestEffortLimits = false

    @Option(
        help: ArgumentHelp(
            "How long the supervisor's core may hang before its keeper kills it and starts it again; 0 for never.",
            discussion: "What runs is not touched by that.", valueName: "duration"))
    var coreWatchdog = CoreWatchdog(duration: Keeper.Options.usualWatchdog)

    @Option(
        help: ArgumentHelp(
            "How long a supervisor that is started again, or upgraded to, may take to go on with what runs.",
            discussion: "One that takes longer is killed; after an upgrade the program before follows it.",
            valueName: "duration"))
    var coreStartTimeout = Timeout(Keeper.Options.usualStartTimeout)

    func apply(to options: inout Options) throws {
        if let cgroup { options.root = .directory(cgroup) }
        options.isBestEffort = bestEffortLimits
    }
}

/// How long the core may hang.
struct CoreWatchdog: ExpressibleByArgument, Hashable, Sendable {
    /// At least a second; nil if nobody is to look.
    let duration: Duration?

    init(duration: Duration?) { self.duration = duration }

    /// `0`, or what isn't so short that a busy machine makes it.
    init?(argument: String) {
        guard let parsed = try? DurationFormat.parse(argument), parsed == .zero || parsed >= .seconds(1) else {
            return nil
        }
        duration = parsed == .zero ? nil : parsed
    }

    var defaultValueDescription: String { duration.map(DurationFormat.format) ?? "0" }
}
