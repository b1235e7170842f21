import Processes

/// The reference of the configuration, which `cadre manual` writes: docs/configuration.md, examples/reference.toml and
/// cadre.toml(5). What the decoder knows and what is told here are the same declarations.
public enum ConfigurationReference {
    /// What applies to all of a file, a paragraph each.
    public static let introduction = [
        """
        Files in conf.d/ beside the file are read after it, in the order of their names. They may add services, or override \
        single keys of a service: tables are merged, everything else (arrays as well) is replaced.
        """,
        """
        Durations are spelt as in systemd.time(7): "1min 30s", "500ms", "2h"; a number is in seconds. Sizes are in bytes, or \
        have the unit K, M, G or T, to the base 1024.
        """,
        """
        {service} and {worker} stand for the service's name and the worker's number, and {port} for the worker's port where \
        it has one; {{ and }} are literal braces.
        """,
    ]

    /// All tables, in the order in which a file may have them.
    public static let tables: [KeyTable] =
        [
            KeyTable(nil, "What is said of all services, before the first table.", RootKey.self),
            KeyTable(
                "[service.NAME]",
                """
                A service: one command, and how to run a number of copies of it, its workers. Its name has 1 to 64 letters, \
                digits, "_" or "-".
                """, ServiceKey.self),
            KeyTable(
                "[service.NAME.environment]",
                "Variables of the worker's environment; {service} and {worker} are expanded in the values.",
                lines: ["DATABASE = \"postgresql:///{service}\""]),
            KeyTable("[service.NAME.ready]", "When a worker is ready to be used.", ReadyKey.self),
            KeyTable(
                "[service.NAME.health]", isOptional: true,
                """
                Whether a worker that is ready is well; without this table nobody asks. One that isn't is replaced, successor \
                first. (For a worker that tells by itself there is watchdog above.)
                """, HealthKey.self),
            KeyTable(
                "[service.NAME.limits]",
                """
                Limits of each worker's cgroup, by the names that the kernel has for them. Without a limit, none is set. One \
                whose controller systemd has not delegated is an error.
                """, LimitsKey.self),
            KeyTable(
                "[service.NAME.rlimits]",
                """
                Resource limits of each process of a worker (getrlimit(2)), by the kernel's names. One value for both limits, \
                or "soft:hard": a process may raise its soft limit up to the hard one. Numbers, sizes such as "64M" where it is \
                bytes, or "infinity". What is not set is as the supervisor was started with.
                """, ProcessLimit.self),
            KeyTable("[service.NAME.restart]", "What happens when a worker ends by itself.", RestartKey.self),
            KeyTable(
                "[service.NAME.rollout]",
                """
                How workers are replaced: by a new release, by `cadre restart`, at max_age or memory_high. A release is all \
                that a worker has to be replaced for; what else changes with it comes into force for each worker when it is \
                replaced.
                """, RolloutKey.self),
            KeyTable("[service.NAME.stop]", "How a worker is stopped.", StopKey.self),
            sockets,
            KeyTable("[service.NAME.port]", isOptional: true, "Ports that workers open for themselves.", PortKey.self),
            KeyTable(
                "[service.NAME.sandbox]", isOptional: true,
                """
                What the workers are walled off from. Where systemd.exec(5) has an option of the same name, it means the \
                same. Walls around files, devices and the network take CAP_SYS_ADMIN, as a supervisor that runs as root has \
                it; Landlock and filters of system calls take nothing. Commands that probe a worker run outside of its walls. \
                In a worker with walls around files, the supervisor's runtime directory has nothing but the worker's own \
                socket for notifications and its credentials, unless one of the paths below is in there.
                """, SandboxKey.self),
            KeyTable(
                "[service.NAME.sandbox.landlock]", isOptional: true,
                """
                What Landlock lets the workers do (landlock(7)). As soon as one of read_only, read_write and execute is there, \
                no file can be opened but below what they list. A program needs its own directory, and those of its interpreter \
                and libraries, in execute. Before Linux 6.2 files can still be truncated elsewhere.
                """, LandlockKey.self),
            KeyTable("[service.NAME.log]", "Where standard output and standard error go.", LogKey.self),
            KeyTable(
                "[control]",
                "Who may use the API. Root and the supervisor's own user may do everything on the control socket.",
                ControlKey.self),
            KeyTable(
                "[control.allow]", isOptional: true,
                """
                Who may change some services only: a user, the members of a group ("@NAME"), or the processes of a service's \
                workers ("service:NAME"), and the services, by name or pattern. With [] they may look only; all of them may \
                look at everything. What concerns any other service as well, or Cadre itself, is refused as a whole. Workers \
                that aren't named here may not even look, whichever user they run as. For the control socket; over TCP one may \
                do everything.
                """, lines: ["alice = [\"web\"]", "\"@deploy\" = [\"web\", \"api-*\"]", "\"service:web\" = []"]),
            KeyTable(
                "[control.tls]", isOptional: true, "How the connections to listen are encrypted. The files are PEM.",
                TLSKey.self),
            KeyTable(
                "[metrics]", "Metrics in OpenMetrics text, which the API serves under /metrics.", MetricsKey.self),
        ]

    /// Sockets are of three sorts, and no socket has the keys of all.
    private static let sockets: KeyTable = {
        let ofFiles: [SocketKey] = [.mode, .user, .group]
        let others = SocketKey.allCases.filter { $0 != .fromSystemd && !ofFiles.contains($0) }
        return KeyTable(
            "[[service.NAME.socket]]", isOptional: true,
            """
            A socket, opened by Cadre and handed to every worker (sd_listen_fds(3)). There may be several. It stays open while \
            workers are restarted and replaced: who connects meanwhile waits for the next one.
            """,
            parts: [
                KeyTable.Part("", lines: [], others),
                KeyTable.Part(
                    "The file of a unix socket can be given away.",
                    lines: ["name = \"control\"", "listen = \"unix:/run/web.sock\""], ofFiles),
                KeyTable.Part("A socket of systemd's.", lines: ["name = \"public\""], [SocketKey.fromSystemd]),
            ])
    }()
}
