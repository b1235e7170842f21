import ControlGroups
import Processes
import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("Import of systemd units") struct SystemdImportTests {
    private static let example = """
        [Unit]
        Description=The app, number %i
        After=network-online.target
        StartLimitIntervalSec=30
        StartLimitBurst=5

        [Service]
        Type=notify
        User=www-data
        WorkingDirectory=/srv/%p
        Environment=PORT=80%i "NAME=an app" MODE='x y'
        Environment=LEVEL=info
        ExecStart=/srv/app/server --port ${PORT} --name app-%i \\
            --mode "${MODE}" --percent 5%% {x}
        ExecReload=/bin/kill -HUP $MAINPID
        Restart=on-failure
        RestartSec=5
        TimeoutStartSec=20
        TimeoutStopSec=1min 30s
        WatchdogSec=10
        KillSignal=SIGINT
        SuccessExitStatus=2 SIGKILL
        LimitNOFILE=1024:65536
        LimitCPU=2min
        MemoryMax=512M
        MemoryHigh=448M
        CPUQuota=150%
        TasksMax=100
        AllowedCPUs=0-3 6
        Nice=5
        UMask=0027
        AmbientCapabilities=CAP_NET_BIND_SERVICE
        NoNewPrivileges=yes
        PrivateTmp=yes
        ProtectSystem=strict
        ProtectHome=read-only
        ReadWritePaths=/var/lib/%p -/var/cache/%p
        SystemCallFilter=@system-service
        SystemCallFilter=~@resources
        LoadCredential=db:/etc/db
        StandardOutput=append:/var/log/app-%i.log
        StandardError=inherit
        LockPersonality=yes

        [Install]
        WantedBy=multi-user.target
        """

    @Test("a template becomes a service of the same meaning, with the worker's number for %i") func example() throws {
        let imported = try Imported(Self.example, name: "app@.service", formation: ["app": 4])
        let app = try imported.service("app")
        #expect(
            app.command == [
                "/srv/app/server", "--port", "80{worker}", "--name", "app-{worker}", "--mode", "x y", "--percent", "5%",
                "{{x}}",
            ])
        #expect(app.workers == .count(4) && app.user == "www-data" && app.directory == "/srv/app")
        #expect(app.environment == ["PORT": "80{worker}", "NAME": "an app", "MODE": "x y", "LEVEL": "info"])
        #expect(app.policy.readiness == .notify && app.policy.readyTimeout == .seconds(20))
        #expect(app.policy.restart.condition == .onFailure && app.policy.restart.delay == .seconds(5))
        #expect(app.policy.restart.budget == 5 && app.policy.restart.window == .seconds(30))
        #expect(app.policy.restart.successExitCodes == [0, 2])
        #expect(app.policy.stopTimeout == .seconds(90) && app.stopSignal == 2 && app.policy.watchdog == .seconds(10))
        #expect(
            app.processLimits == [.nofile: .init(soft: 1024, hard: 65536), .cpu: .init(soft: 120, hard: 120)])
        #expect(app.limits.memoryMax == .bytes(512 << 20) && app.limits.memoryHigh == .bytes(448 << 20))
        #expect(app.limits.cpuMaxPercent == 150 && app.limits.tasksMax == 100)
        #expect(app.limits.cpusetProcessors == "0-3,6")
        #expect(app.scheduling.niceness == 5 && app.fileCreationMask == 0o027 && app.noNewPrivileges)
        #expect(app.capabilities == .only(try #require(CapabilitySet(name: "CAP_NET_BIND_SERVICE"))))
        let sandbox = try #require(app.sandbox)
        #expect(sandbox.privateTmp && sandbox.protectSystem == .strict && sandbox.protectHome == .readOnly)
        #expect(sandbox.readWritePaths == ["/var/lib/app", "-/var/cache/app"])
        #expect(sandbox.systemCallFilter == ["@system-service", "~@resources"])
        #expect(app.credentials == ["db"] && app.log.destination == .file("/var/log/app-{worker}.log"))
        for key in [
            "Unit.After", "Service.ExecReload", "Service.RestartSec", "Service.SuccessExitStatus", "Service.MemoryHigh",
            "Service.LoadCredential", "Service.LockPersonality", "Install", "Service",
        ] {
            #expect(imported.remarks(about: key).count == 1, "\(key)")
        }
    }

    @Test("what a unit doesn't say is as systemd has it") func defaults() throws {
        let service = try Imported("[Service]\nExecStart=/bin/a\nUser=a\n", name: "a.service").service("a")
        #expect(service.policy.restart.condition == .never && service.policy.stopTimeout == .seconds(90))
        #expect(service.policy.rollout.maxSurge == .count(0) && service.sandbox == nil)
    }

    @Test("variables that only the environment has are put in by a shell") func variables() throws {
        let imported = try Imported(
            "[Service]\nEnvironmentFile=/etc/a\nExecStart=-/bin/a ${X}y $OPTIONS 'a b' $$HOME %H\n", name: "a.service")
        let service = try imported.service("a")
        #expect(service.command == ["/bin/sh", "-c", #"exec /bin/a "$X"y $OPTIONS 'a b' '$HOME' %H"#])
        #expect(service.environmentFile == "/etc/a")
        let remarks = imported.remarks(about: "Service.ExecStart").map(\.message)
        #expect(remarks.count == 2 && remarks.contains { $0.hasPrefix("nothing is put in for %H") })
        #expect(imported.remarks(about: "Service.ExecStart -").count == 1)
        #expect(imported.remarks.contains { $0.message.contains("runs as root") })
    }

    @Test("each option is carried over or told of") func keys() throws {
        let options = """
            Type=exec RemainAfterExit=no ExecStartPre=/x ExecStartPost=/x ExecCondition=/x ExecReload=/x ExecStop=/x ExecStopPost=/x
            RestartSec=3 RestartSteps=2 RestartMaxDelaySec=60 TimeoutStartSec=9 TimeoutStopSec=9 TimeoutAbortSec=9 TimeoutSec=9
            RuntimeMaxSec=9 RuntimeRandomizedExtraSec=9 WatchdogSec=9 Restart=always RestartMode=direct SuccessExitStatus=3
            RestartPreventExitStatus=3 RestartForceExitStatus=3 RootDirectoryStartOnly=yes NonBlocking=yes Sockets=a.socket
            FileDescriptorStoreMax=3 USBFunctionDescriptors=/x OOMPolicy=stop OpenFile=/x ReloadSignal=HUP BusName=a PIDFile=/x
            KillMode=process KillSignal=INT RestartKillSignal=INT SendSIGHUP=yes SendSIGKILL=no FinalKillSignal=ABRT
            WatchdogSignal=TERM WorkingDirectory=/tmp RootDirectory=/x RootImage=/x MountAPIVFS=yes ProtectProc=invisible
            ProcSubset=pid BindPaths=/x BindReadOnlyPaths=/x MountImages=/x ExtensionImages=/x User=nobody Group=nogroup
            DynamicUser=yes SupplementaryGroups=video PAMName=x CapabilityBoundingSet=CAP_KILL AmbientCapabilities=CAP_KILL
            NoNewPrivileges=no SecureBits=noroot SELinuxContext=x AppArmorProfile=x LimitCPU=1 LimitFSIZE=1M LimitDATA=1M
            LimitSTACK=1M LimitCORE=0 LimitRSS=1M LimitNOFILE=10 LimitAS=1G LimitNPROC=9 LimitMEMLOCK=1M LimitLOCKS=9
            LimitSIGPENDING=9 LimitMSGQUEUE=9 LimitNICE=9 LimitRTPRIO=9 LimitRTTIME=9 UMask=077 CoredumpFilter=1 KeyringMode=private
            OOMScoreAdjust=5 TimerSlackNSec=1 Personality=x86 IgnoreSIGPIPE=no Nice=3 CPUSchedulingPolicy=batch
            CPUSchedulingPriority=3 CPUSchedulingResetOnFork=yes CPUAffinity=0 NUMAPolicy=bind NUMAMask=0
            IOSchedulingClass=idle IOSchedulingPriority=3 ProtectSystem=full ProtectHome=yes RuntimeDirectory=a StateDirectory=a
            CacheDirectory=a LogsDirectory=a ConfigurationDirectory=a ReadWritePaths=/a ReadOnlyPaths=/a InaccessiblePaths=/a
            ExecPaths=/a NoExecPaths=/a TemporaryFileSystem=/a PrivateTmp=yes PrivateDevices=yes PrivateNetwork=yes PrivateIPC=yes
            PrivateUsers=yes ProtectHostname=yes ProtectClock=yes ProtectKernelTunables=yes ProtectKernelModules=yes
            ProtectKernelLogs=yes ProtectControlGroups=yes RestrictAddressFamilies=AF_UNIX RestrictFileSystems=ext4
            RestrictNamespaces=yes LockPersonality=yes MemoryDenyWriteExecute=yes RestrictRealtime=yes RestrictSUIDSGID=yes
            RemoveIPC=yes PrivateMounts=yes MountFlags=slave SystemCallFilter=@system-service SystemCallArchitectures=native
            SystemCallLog=@debug Environment=A=1 EnvironmentFile=/a PassEnvironment=A UnsetEnvironment=A StandardInput=null
            StandardOutput=null StandardError=null LogLevelMax=3 LogRateLimitBurst=3 SyslogIdentifier=a SyslogFacility=a
            TTYPath=/a LoadCredential=a:/b SetCredential=a:b UtmpIdentifier=a MemoryMin=1M MemoryLow=1M MemoryHigh=1M MemoryMax=1M
            MemorySwapMax=1M CPUWeight=5 StartupCPUWeight=5 CPUQuota=5% CPUQuotaPeriodSec=1 AllowedCPUs=0 AllowedMemoryNodes=0
            TasksMax=5 IOWeight=5 StartupIOWeight=5 IODeviceWeight=5 IOReadBandwidthMax=5 IOWriteIOPSMax=5 IPAddressDeny=any
            DeviceAllow=/a DevicePolicy=closed Slice=a.slice Delegate=yes ManagedOOMSwap=kill MemoryPressureWatch=on
            StartLimitIntervalSec=3 StartLimitBurst=3 StartLimitAction=none OnFailure=a PartOf=a Wants=a Requires=a BindsTo=a
            Conflicts=a Before=a After=a ConditionPathExists=/a AssertPathExists=/a Documentation=man:a
            IgnoreOnIsolate=yes RefuseManualStart=yes JobTimeoutSec=3 StopWhenUnneeded=yes
            """
        let keys = options.split(whereSeparator: \.isWhitespace).map { option in
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            return (key: parts[0], value: parts[1])
        }
        #expect(keys.count > 150)
        try expectEveryKey(keys.filter { $0.key != "Type" && !SystemdKeys.withoutEffect.contains($0.key) }) {
            key, value in
            // What means something only beside another has that.
            let more =
                switch key {
                case "CPUSchedulingPriority": "CPUSchedulingPolicy=rr\n"
                case "IOSchedulingPriority": "IOSchedulingClass=best-effort\n"
                case "StandardError": "StandardOutput=null\n"
                default: ""
                }
            return try Imported(
                "[Service]\nExecStart=/bin/a\n\(more)\(key.isEmpty ? "" : "\(key)=\(value)\n")", name: "a.service")
        }
    }

    @Test("what can't differ from worker to worker, or has only the environment to know it, is told of")
    func misplaced() throws {
        let imported = try Imported(
            "[Service]\nExecStart=/bin/a %d/key\nUser=u%i\nWorkingDirectory=%d\nEnvironment=A=%d/x B=%i\n",
            name: "a@.service")
        let service = try imported.service("a")
        #expect(service.command == ["/bin/sh", "-c", #"exec /bin/a "$CREDENTIALS_DIRECTORY"/key"#])
        #expect(service.user == nil && service.directory == nil && service.environment == ["B": "{worker}"])
        for key in ["User", "WorkingDirectory", "Environment"] {
            #expect(imported.remarks(about: "Service.\(key)").map(\.kind).contains(.dropped), "\(key)")
        }
    }

    @Test("an empty value takes back what was said before") func reset() throws {
        let imported = try Imported(
            "[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\nNice=3\nNice=\n",
            name: "a.service")
        let service = try imported.service("a")
        #expect(
            service.command == ["/bin/b"] && service.environment == ["B": "2"] && service.scheduling.niceness == nil)
    }
}
