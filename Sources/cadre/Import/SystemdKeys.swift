/// Which of systemd's options have a key of the same meaning, and what becomes of the others.
enum SystemdKeys {
    /// What a value of systemd's looks like in Cadre's configuration.
    enum Form {
        /// The text as it is, which may have placeholders.
        case text
        case integer
        case boolean
        /// A span of time: a number is in seconds.
        case duration
        case size
        /// Words, each an element of an array.
        case list
        /// A resource limit.
        case limit
        /// A boolean, or one of systemd's words.
        case choice
    }

    /// Options that are carried over as they are.
    static let straight: [String: (path: String, form: Form)] = [
        "User": ("user", .text), "Group": ("group", .text), "SupplementaryGroups": ("supplementary_groups", .list),
        "UMask": ("umask", .text), "NoNewPrivileges": ("no_new_privileges", .boolean), "Nice": ("nice", .integer),
        "OOMScoreAdjust": ("oom_score_adj", .integer), "CPUSchedulingPolicy": ("cpu_scheduling_policy", .text),
        "CPUSchedulingPriority": ("cpu_scheduling_priority", .integer),
        "IOSchedulingPriority": ("io_scheduling_priority", .integer), "WatchdogSec": ("watchdog", .duration),
        "FileDescriptorStoreMax": ("fd_store_max", .integer), "MemoryMax": ("limits.memory_max", .size),
        "MemorySwapMax": ("limits.memory_swap_max", .size), "CPUQuota": ("limits.cpu_max", .text),
        "CPUWeight": ("limits.cpu_weight", .integer), "TasksMax": ("limits.tasks_max", .integer),
        "IOWeight": ("limits.io_weight", .integer), "KillSignal": ("stop.signal", .text),
        "StartLimitBurst": ("restart.budget", .integer), "StartLimitIntervalSec": ("restart.window", .duration),
        "StartLimitInterval": ("restart.window", .duration), "PrivateTmp": ("sandbox.private_tmp", .boolean),
        "ProtectSystem": ("sandbox.protect_system", .choice), "ProtectHome": ("sandbox.protect_home", .choice),
        "PrivateDevices": ("sandbox.private_devices", .boolean),
        "PrivateNetwork": ("sandbox.private_network", .boolean),
        "ProtectControlGroups": ("sandbox.protect_control_groups", .boolean),
        "ReadOnlyPaths": ("sandbox.read_only_paths", .list), "ReadWritePaths": ("sandbox.read_write_paths", .list),
        "InaccessiblePaths": ("sandbox.inaccessible_paths", .list),
        "ReadOnlyDirectories": ("sandbox.read_only_paths", .list),
        "ReadWriteDirectories": ("sandbox.read_write_paths", .list),
        "InaccessibleDirectories": ("sandbox.inaccessible_paths", .list),
        "SystemCallFilter": ("sandbox.system_call_filter", .list),
        "SystemCallErrorNumber": ("sandbox.system_call_error_number", .text), "LimitAS": ("rlimits.as", .limit),
        "LimitCORE": ("rlimits.core", .limit), "LimitDATA": ("rlimits.data", .limit),
        "LimitFSIZE": ("rlimits.fsize", .limit),
        "LimitLOCKS": ("rlimits.locks", .limit), "LimitMEMLOCK": ("rlimits.memlock", .limit),
        "LimitMSGQUEUE": ("rlimits.msgqueue", .limit), "LimitNOFILE": ("rlimits.nofile", .limit),
        "LimitNPROC": ("rlimits.nproc", .limit), "LimitRSS": ("rlimits.rss", .limit),
        "LimitRTPRIO": ("rlimits.rtprio", .limit), "LimitSIGPENDING": ("rlimits.sigpending", .limit),
        "LimitSTACK": ("rlimits.stack", .limit), "LimitCPU": ("rlimits.cpu", .limit),
        "LimitRTTIME": ("rlimits.rttime", .limit),
        "LimitNICE": ("rlimits.nice", .limit), "MemoryLimit": ("limits.memory_max", .size),
        "CPUShares": ("limits.cpu_weight", .integer),
    ]

    /// Options that are what Cadre does anyway.
    static let withoutEffect: Set<String> = [
        "CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting", "RemainAfterExit", "GuessMainPID",
        "NotifyAccess", "Description",
    ]

    /// What stays undone, by what options begin with, the longest first to be looked at.
    static let dropped: [String: String] = [
        "Documentation": "write it into a comment",
        "After": "order between units is for cadre.service (`systemctl edit cadre`), that between services is `after`",
        "Before": "order between units is for cadre.service (`systemctl edit cadre`), that between services is `after`",
        "Wants": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "Requires":
            "what the services need of other units is for cadre.service (`systemctl edit cadre`), or `requires` for services",
        "Requisite": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "BindsTo": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "PartOf": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "Upholds": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "Conflicts": "what the services need of other units is for cadre.service (`systemctl edit cadre`)",
        "OnFailure": "`cadre events --json` tells of failed workers, and so do alerts on the metrics",
        "OnSuccess": "`cadre events --json` tells of workers that are done",
        "StartLimitAction": "a worker that has failed for good stays down, or ends all with essential = true",
        "Condition": "services have no conditions; cadre.service can have them",
        "Assert": "services have no conditions; cadre.service can have them",
        "DefaultDependencies": "that is for cadre.service",
        "IgnoreOnIsolate": "that is for cadre.service", "AllowIsolate": "that is for cadre.service",
        "StopWhenUnneeded": "that is for cadre.service", "RefuseManual": "that is for cadre.service",
        "ReloadPropagatedFrom": "that is for cadre.service", "PropagatesReloadTo": "that is for cadre.service",
        "StopPropagatedFrom": "that is for cadre.service", "PropagatesStopTo": "that is for cadre.service",
        "JoinsNamespaceOf": "that is for cadre.service", "CollectMode": "that is for cadre.service",
        "JobTimeout": "that is for cadre.service", "JobRunningTimeout": "that is for cadre.service",
        "RequiresMountsFor": "that is for cadre.service (`systemctl edit cadre`)",
        "ExecStartPre":
            "a service of type = \"oneshot\" that this one requires runs before it, but not before each restart; for that "
            + "write both into a script",
        "ExecStartPost": "[service.NAME.ready] by = \"command\" runs a command until it succeeds",
        "ExecCondition": "services have no conditions; write it into a script that executes the program",
        "ExecReload": "`cadre signal HUP NAME` has it read its configuration again, `cadre restart` replaces it",
        "ExecStopPost": "nothing runs when a worker has ended; `cadre events --json` tells of it",
        "ExecStop": "a worker is stopped by stop.signal, and killed at stop.timeout",
        "RestartPreventExitStatus":
            "restart.success_exit_codes with policy = \"on-failure\" are those after which nothing is restarted",
        "RestartForceExitStatus": "with policy = \"always\" every end is followed by a restart",
        "RestartMode": "a restart is none of other services' business",
        "TimeoutStartFailureMode": "what is not ready in time gets the stop signal, and is killed at the deadline",
        "TimeoutStopFailureMode": "what has not stopped in time is killed",
        "TimeoutAbortSec": "a worker whose watchdog runs out has stop.timeout to write its core dump",
        "FailureAction": "essential = true ends everything when a worker has failed for good",
        "SuccessAction": "essential = true ends everything when a worker has failed for good",
        "RuntimeRandomizedExtraSec": "it is max_age_jitter, as a part of max_age",
        "SendSIGKILL": "what has not stopped in time is always killed",
        "SendSIGHUP": "only stop.signal is sent",
        "FinalKillSignal": "what has not stopped in time is killed by the kernel, with all of its cgroup",
        "RestartKillSignal": "workers are stopped by stop.signal, whatever for",
        "WatchdogSignal": "a worker whose watchdog runs out gets SIGABRT, as with systemd's default",
        "PIDFile": "the process that is started is the worker; it must not go into the background",
        "BusName": "have the program say READY=1 (sd_notify(3)), and set [service.NAME.ready] by = \"notify\"",
        "Sockets": "set [[service.NAME.socket]] with from_systemd, and Service=cadre.service in the .socket unit",
        "NonBlocking": "set non_blocking in [[service.NAME.socket]]",
        "USBFunction": "there is no such thing",
        "DynamicUser": "make a user with sysusers.d(5), and set user",
        "PAMName": "no session is opened for workers",
        "RootDirectory": "workers see the host's files; sandbox and Landlock restrain them",
        "RootImage": "workers see the host's files; sandbox and Landlock restrain them",
        "RuntimeDirectory": "make the directory with tmpfiles.d(5)",
        "StateDirectory": "make the directory with tmpfiles.d(5)",
        "CacheDirectory": "make the directory with tmpfiles.d(5)",
        "LogsDirectory": "make the directory with tmpfiles.d(5)",
        "ConfigurationDirectory": "make the directory with tmpfiles.d(5)",
        "PassEnvironment": "workers have the environment of cadre.service; set the variable there",
        "UnsetEnvironment":
            "workers have the environment of cadre.service; UnsetEnvironment= there takes variables away",
        "StandardInput": "standard input is /dev/null, or a socket with stdin = true",
        "SyslogIdentifier": "lines in the journal have the worker's name, such as web/0",
        "Syslog": "lines in the journal have the worker's name and the usual priorities",
        "LogRateLimit": "the journal's own limits hold, see RateLimitBurst= in journald.conf(5)",
        "LogLevelMax": "the journal keeps what is printed, see MaxLevelStore= in journald.conf(5)",
        "MemoryLow": "nothing is set aside for workers; set it for cadre.service",
        "MemoryMin": "nothing is set aside for workers; set it for cadre.service",
        "MemoryPressure": "memory pressure is in `cadre inspect` and the metrics",
        "ManagedOOM": "systemd-oomd acts on cadre.service as a whole",
        "OOMPolicy": "an OOM kill takes all of a worker, and only that",
        "StartupCPUWeight": "limits are the same at all times", "StartupIOWeight": "limits are the same at all times",
        "CPUQuotaPeriodSec": "the period is the kernel's 100 ms",
        "IOReadBandwidthMax": "only limits.io_weight shares disks",
        "IOWriteBandwidthMax": "only limits.io_weight shares disks",
        "IOReadIOPSMax": "only limits.io_weight shares disks", "IOWriteIOPSMax": "only limits.io_weight shares disks",
        "IODeviceWeight": "only limits.io_weight shares disks", "BlockIO": "only limits.io_weight shares disks",
        "IPAddress": "addresses are not filtered; landlock.tcp_connect restrains ports, private_network everything",
        "IPAccounting": "traffic is not counted",
        "DeviceAllow": "sandbox.private_devices leaves the harmless ones",
        "DevicePolicy": "sandbox.private_devices leaves the harmless ones",
        "Slice": "workers are in cgroups below cadre.service; Slice= is for that",
        "Delegate": "workers get no part of the cgroup tree of their own",
        "ProtectKernelTunables":
            "system_call_filter and no capabilities, which is the default, keep a worker from that",
        "ProtectKernelModules": "without capabilities, which is the default, a worker can load none",
        "ProtectKernelLogs": "without capabilities, which is the default, a worker can't read them",
        "ProtectClock": "without capabilities, which is the default, a worker can't set it",
        "ProtectHostname": "without capabilities, which is the default, a worker can't set it",
        "ProtectProc": "there is no such wall; inaccessible_paths hides what has a path",
        "ProcSubset": "there is no such wall; inaccessible_paths hides what has a path",
        "RestrictAddressFamilies": "sandbox.landlock restrains TCP, private_network everything",
        "RestrictNamespaces": "system_call_filter = [\"~@mount\"] and no capabilities come near",
        "RestrictRealtime": "without capabilities, which is the default, a worker can't get real-time priorities",
        "RestrictSUIDSGID": "with no_new_privileges, which is the default, such files give a worker nothing",
        "RestrictFileSystems": "sandbox.landlock restrains which files can be opened",
        "LockPersonality": "system_call_filter = [\"~personality\"] does so",
        "MemoryDenyWriteExecute": "there is no such wall",
        "PrivateUsers": "there is no such wall; no capabilities, which is the default, has most of its effect",
        "PrivateMounts": "a worker with walls around files has mounts of its own",
        "PrivateIPC": "there is no such wall", "PrivatePIDs": "there is no such wall",
        "RemoveIPC": "System V and POSIX IPC objects are left alone",
        "SystemCallArchitectures": "with system_call_filter, programs of other architectures can't be run anyway",
        "SystemCallLog": "calls are not logged", "BindPaths": "nothing is mounted for workers",
        "BindReadOnlyPaths": "nothing is mounted for workers",
        "TemporaryFileSystem": "private_tmp has /tmp and /var/tmp; nothing else is mounted",
        "ExecPaths": "sandbox.landlock.execute says what can be executed",
        "NoExecPaths": "sandbox.landlock.execute says what can be executed",
        "KeyringMode": "workers have no keyring of their own", "SecureBits": "being root gives no capabilities anyway",
        "SELinuxContext": "a worker is executed in the context that the policy gives it",
        "AppArmorProfile": "the profile that is attached to the program holds",
        "Personality": "programs run as they are", "TTY": "workers have no terminal",
        "UtmpIdentifier": "workers open no session",
        "IgnoreSIGPIPE": "SIGPIPE ends a process, as when it is started from a shell",
        "CoredumpFilter": "the kernel's own choice holds", "TimerSlackNSec": "the kernel's own choice holds",
        "NUMA": "limits.cpuset_mems binds memory to nodes",
        "CPUSchedulingResetOnFork": "children have the same scheduling", "OpenFile": "workers open files by themselves",
        "ReloadSignal": "`cadre signal NAME SERVICE` sends any signal",
        "ExtensionImages": "nothing is mounted for workers",
        "MountImages": "nothing is mounted for workers", "MountFlags": "nothing is mounted for workers",
        "MountAPIVFS": "/proc, /sys and /dev are the host's",
    ]

    /// Why an option that isn't carried over is not.
    static func reason(_ key: String) -> String {
        if let reason = dropped[key] { return reason }
        let longest = dropped.keys.filter { key.hasPrefix($0) }.max { $0.count < $1.count }
        return longest.flatMap { dropped[$0] } ?? "there is no such key here; see examples/reference.toml"
    }
}
