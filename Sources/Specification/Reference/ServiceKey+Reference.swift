import Processes
import Supervision

extension ServiceKey {
    var reference: KeyReference {
        switch self {
        case .command:
            KeyReference(
                required: .other("array of strings"), example: "[\"python3\", \"server.py\"]", like: "ExecStart=",
                """
                Program and arguments. No shell takes part. The program is an absolute path, a name that is looked for in \
                PATH, or a path relative to directory. {service} and {worker} are expanded.
                """)
        case .type:
            KeyReference(
                .choice(ServiceType.self), default: "\"service\"", like: "Type=",
                """
                "service": the workers run until they are stopped. "oneshot": each does its work once; ending with one of \
                success_exit_codes (state "done") is what is wanted of it, and makes it ready. It is run again by `cadre start` \
                or `cadre restart`, and when its command or the like changes, never twice at a time. Its restart policy is \
                "on-failure" unless "never" is set; it has no ready table, no watchdog and no memory_high.
                """)
        case .workers:
            KeyReference(
                .other("integer, \(WorkerCount.bounds), or \"cpus\""), default: "1",
                "How many workers: a number, or \"cpus\" for one for each processor. 0 keeps the service idle.")
        case .after:
            KeyReference(
                .other("table of services"), example: "{ cache = \"ready\" }", like: "After=",
                """
                The services that the workers are started after, and how far each must be: "started" (each of its workers is \
                executed), "ready" (each is ready, or done), or "completed" (each is done; for a oneshot). This is about order: \
                what has failed, is stopped or can't start keeps nobody waiting. Workers stop before those of the services that \
                they are started after.
                """)
        case .requires:
            KeyReference(
                .other("table of services"), example: "{ migrate = \"completed\" }", like: "Requires=",
                """
                The same for services without which the workers are not started at all. `cadre start` starts these too, and \
                `cadre stop` of one of them stops this service first, unless it was "completed" that was required. A failure \
                while this runs is none of its business; nor does a restart or a replacement wait for anything. A service with \
                0 workers keeps nobody waiting.
                """)
        case .essential:
            KeyReference(
                .boolean, default: "false",
                """
                Whether everything stops when a worker has failed for good. `cadre supervise` ends with its exit code, with \
                128 and the number of the signal that killed it, or with 5 if it had none.
                """)
        case .directory:
            KeyReference(
                .path, example: "\"/srv/{service}\"", like: "WorkingDirectory=",
                "The working directory; without it, the root directory. {service} and {worker} are expanded.")
        case .environment: KeyReference(table: "Variables of the worker's environment.", like: "Environment=")
        case .environmentFile:
            KeyReference(
                .other("absolute path, with or without \"-\" before it"), example: "\"-/etc/default/{service}\"",
                like: "EnvironmentFile=",
                """
                A file of NAME=value lines, read at each start; its values win over those of environment. With "-" before the \
                path it may be missing. {service} and {worker} are expanded in the path.
                """)
        case .user:
            KeyReference(
                .account, example: "\"www-data\"", like: "User=",
                "The user to run as; without it, the supervisor's.")
        case .group:
            KeyReference(
                .account, example: "\"www-data\"", like: "Group=",
                "The group to run as; without it, the user's own, or the supervisor's if there is no user either.")
        case .supplementaryGroups:
            KeyReference(
                .other("array of names and numbers"), default: "[]", like: "SupplementaryGroups=",
                "Further groups, beside those that the user is in.")
        case .umask:
            KeyReference(
                .other("string of octal digits"), example: "\"0027\"", like: "UMask=",
                "Which permissions new files don't get; without it, the supervisor's.")
        case .capabilities:
            KeyReference(
                .other("array of strings, or \"all\""), default: "[]",
                like: "CapabilityBoundingSet=, AmbientCapabilities=",
                """
                What a worker may do that else only root may (capabilities(7)): exactly this, whoever it runs as, root too, and \
                whatever it executes. A server that begins as root needs what it changes its user with, and more: nginx' \
                master ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID"]. The supervisor \
                must have them itself. "all": no limit; root is root.
                """)
        case .noNewPrivileges:
            KeyReference(
                .boolean, default: "true", like: "NoNewPrivileges=",
                """
                Whether set-user-ID programs, such as sudo and ping, and file capabilities give a worker nothing \
                (PR_SET_NO_NEW_PRIVS).
                """)
        case .credentials:
            KeyReference(
                .strings, default: "[]", like: "LoadCredential=",
                """
                The names of those of systemd's credentials (LoadCredential= and the like in Cadre's unit, systemd.exec(5)) \
                that a worker gets: files in $CREDENTIALS_DIRECTORY, a directory of its own, which its user alone may read.
                """)
        case .nice:
            KeyReference(
                .integer(-20...19), example: "5", like: "Nice=",
                """
                How little of busy processors a worker wants (nice(2)). What is not set here and in the next keys is the \
                supervisor's.
                """)
        case .oomScoreAdj:
            KeyReference(
                .integer(-1000...1000), example: "200", like: "OOMScoreAdjust=",
                """
                How much rather than others the kernel kills it when the machine, and not just its cgroup, is out of memory; \
                -1000 is never.
                """)
        case .cpuAffinity:
            KeyReference(
                .other("numbers such as \"0-3,6\" or [0, 1]"), example: "\"0\"", like: "CPUAffinity=",
                """
                The only processors that it may use. Unlike limits.cpuset_cpus the worker can change that, no controller is \
                needed, and a processor that is not there is an error.
                """)
        case .cpuSchedulingPolicy:
            KeyReference(
                .choice(Scheduling.Policy.self), example: "\"rr\"", like: "CPUSchedulingPolicy=",
                "How processors are shared, sched(7); \"fifo\" and \"rr\" are real time.")
        case .cpuSchedulingPriority:
            KeyReference(
                .integer(1...99), example: "1", like: "CPUSchedulingPriority=",
                "The priority of \"fifo\" and \"rr\"; 1 if it is not set.")
        case .ioSchedulingClass:
            KeyReference(
                .choice(Scheduling.IOClass.self), example: "\"best-effort\"", like: "IOSchedulingClass=",
                "How busy disks are shared, where the I/O scheduler heeds it (ioprio_set(2)).")
        case .ioSchedulingPriority:
            KeyReference(
                .integer(0...7), example: "4", like: "IOSchedulingPriority=",
                "The priority within \"best-effort\" or \"realtime\"; 0 is the highest, and 4 if it is not set.")
        case .rlimits:
            KeyReference(table: "Resource limits of each process of a worker.", like: "LimitNOFILE= and the like")
        case .watchdog:
            KeyReference(
                .durationOrInfinity, example: "\"30s\"", like: "WatchdogSec=",
                """
                How long a worker may be silent between two WATCHDOG=1 messages (sd_notify(3)) before it is replaced. Without \
                it, or with "infinity", it need not send any.
                """)
        case .maxAge:
            KeyReference(
                .durationOrInfinity, example: "\"7d\"",
                """
                How old a worker may become before it is replaced, as by a roll-out; without it, or with "infinity", as old as \
                it gets.
                """)
        case .maxAgeJitter:
            KeyReference(
                .number(0...1), example: "0.1",
                """
                By which part that varies at random, so that workers of an age don't become too old at the same time: 0.1 if \
                it is not set.
                """)
        case .healthyPercentage:
            KeyReference(
                .number(0...100), default: "50",
                "How many percent of the workers have to be ready, or done, for the service to count as healthy.")
        case .introspect:
            KeyReference(
                .other("URL"), example: "\"http://127.0.0.1:900{worker}/debug\"",
                """
                Where a worker tells about itself; `cadre inspect` shows what it says. Also "https://…", or \
                "http+unix://%2Frun%2F{service}%2F{worker}.sock/debug" for a unix socket. {service} and {worker} are expanded.
                """)
        case .ready: KeyReference(table: "When a worker is ready to be used.")
        case .health: KeyReference(table: "Whether a worker that is ready is well.")
        case .limits: KeyReference(table: "Limits of each worker's cgroup.")
        case .restart: KeyReference(table: "What happens when a worker ends by itself.", like: "Restart=")
        case .rollout: KeyReference(table: "How workers are replaced.")
        case .stop: KeyReference(table: "How a worker is stopped.", like: "KillSignal=, TimeoutStopSec=")
        case .socket: KeyReference(table: "Sockets that the workers get.", like: "a .socket unit")
        case .port: KeyReference(table: "Ports that workers open for themselves.")
        case .onDemand:
            KeyReference(
                .boolean, example: "true", like: "a .socket unit",
                "Whether the workers are down until somebody connects to one of the service's sockets; false if it is not set."
            )
        case .idleTimeout:
            KeyReference(
                .durationOrInfinity, example: "\"5min\"",
                """
                With on_demand: the workers are stopped again when nobody has been connected for this long (5 min if it is not \
                set), or never with "infinity". (For datagrams: when none has waited.) Who connects meanwhile waits in the \
                socket's queue, and is answered once they run.
                """)
        case .fdStoreMax:
            KeyReference(
                .integer(0...1024), default: "0", like: "FileDescriptorStoreMax=",
                """
                How many descriptors each worker may leave with the supervisor (FDSTORE=1 of sd_notify(3)). Its next \
                incarnation gets them behind its sockets, by restarts as well as replacements; they are closed when it is \
                stopped.
                """)
        case .sandbox: KeyReference(table: "What the workers are walled off from.")
        case .log: KeyReference(table: "Where standard output and standard error go.", like: "StandardOutput=")
        }
    }
}
