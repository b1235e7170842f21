import Cadre
import Glibc
import Testing

@Suite(.needsControlGroups) struct StartTests {
    private let once = "restart.policy = 'never'"

    @Test("each worker is in a cgroup of its own from its first instruction")
    func cgroups() throws {
        try withSupervisor(service("web", "report-cgroup", workers: 3, more: once)) { supervisor in
            for number in 0..<3 {
                let line = try supervisor.expect("web/\(number) ", "| 0::")
                #expect(line.hasSuffix("/\(supervisor.scene.name)/web/\(number)@1"))
                try supervisor.expect("web/\(number) is done")
            }
        }
    }

    @Test("a worker finds who it is, its sockets and where to send notifications in its environment")
    func environment() throws {
        let outer = ["NOTIFY_SOCKET": "/nowhere", "LISTEN_FDS": "7", "WATCHDOG_USEC": "1", "INHERITED": "yes"]
        try withSupervisor(
            { scene in
                service(
                    "web", "environment", workers: 2,
                    more: """
                        environment = { GREETING = '{service} says {{hello}} to {worker}', INHERITED_TOO = '1' }
                        watchdog = '5s'
                        \(once)
                        socket = [
                            { name = 'http', listen = 'unix:\(scene.path("http"))' },
                            { name = 'admin', listen = 'unix:\(scene.path("admin"))' },
                        ]
                        """)
            }, environment: outer
        ) { supervisor in
            try supervisor.ready("web/0")
            let pid = try supervisor.ready("web/1")
            for number in 0..<2 { try supervisor.expect("web/\(number) is done") }
            let found = try supervisor.output(of: "web/1")
            for line in [
                "CADRE_SERVICE=web", "CADRE_WORKER=1", "CADRE_INCARNATION=1", "MULTIPROCESS_WORKER_ID=web_web-1",
                "NOTIFY_SOCKET=\(supervisor.runtimeDirectory)/notify/web.1@1", "WATCHDOG_USEC=5000000", "LISTEN_FDS=2",
                "LISTEN_FDNAMES=http:admin", "LISTEN_PID=\(pid)", "GREETING=web says {hello} to 1", "INHERITED=yes",
            ] { #expect(found.contains(line)) }
            #expect(Set(found.map { $0.prefix { $0 != "=" } }).count == found.count, "a variable is there twice")
        }
    }

    @Test("{service} and {worker} stand for the names in arguments, and doubled braces for braces")
    func arguments() throws {
        try withSupervisor(service("web", "arguments", "{service}-{worker}", "{{worker}}", workers: 2, more: once)) {
            for number in 0..<2 { try $0.expect("web/\(number) is done") }
            #expect(try $0.output(of: "web/0") == ["web-0", "{worker}"])
            #expect(try $0.output(of: "web/1") == ["web-1", "{worker}"])
        }
    }

    @Test("the environment file is read at each start")
    func environmentFile() throws {
        try withSupervisor({ scene in
            try scene.write("web-0.env", "COLOUR=green\n")
            return service(
                "web", script: "echo \"colour $COLOUR\"; exec \"$worker\" sleep",
                more: "environment_file = '\(scene.path("{service}-{worker}.env"))'")
        }) { supervisor in
            try supervisor.expect("colour green")
            try supervisor.scene.write("web-0.env", "# later\nCOLOUR=\"dark blue\"\n")
            #expect(try supervisor.cadre("stop", "web").code == 0)
            #expect(try supervisor.cadre("start", "web").code == 0)
            try supervisor.expect("colour dark blue")
        }
    }

    @Test("a worker runs in its directory, which may be one for each worker")
    func directory() throws {
        try withSupervisor({ scene in
            for number in 0..<2 { mkdir(scene.path("data-\(number)"), 0o755) }
            return service(
                "web", "directory", workers: 2, more: "directory = '\(scene.path("data-{worker}"))'\n\(once)")
        }) { supervisor in
            for number in 0..<2 { try supervisor.expect("web/\(number) is done") }
            #expect(try supervisor.output(of: "web/1") == [supervisor.scene.path("data-1")])
        }
    }

    @Test("a worker runs as its user and group, with that user's groups and without capabilities", .needsRoot)
    func user() throws {
        let more = "user = 'nobody'\ngroup = 'daemon'\n\(once)"
        try withSupervisor(service("web", "credentials", more: more)) { supervisor in
            try supervisor.expect("web/0 is done")
            let lines = try supervisor.output(of: "web/0")
            #expect(lines.contains("Uid:\t65534\t65534\t65534\t65534"))
            #expect(lines.contains("Gid:\t1\t1\t1\t1"))
            #expect(lines.contains("CapEff:\t0000000000000000"))
        }
    }

    @Test("a worker has the limit of open files that the supervisor was started with, which has more itself")
    func openFiles() throws {
        try withSupervisor(
            service("web", "limits", more: once) + service("other", "sleep"), wrapper: ["prlimit", "--nofile=512:4096"]
        ) { supervisor in
            try supervisor.expect("web/0 ", "| files 512 4096")
            let own = try run(["prlimit", "--pid", "\(supervisor.pid)", "--nofile", "--noheadings", "-o", "SOFT,HARD"])
            #expect(own.output.split(separator: " ") == ["4096", "4096"])
        }
    }

    @Test("a worker has the standard descriptors and its sockets, and no other")
    func descriptors() throws {
        try withSupervisor({ scene in
            service(
                "web", "fds", workers: 3,
                more: "\(once)\nsocket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
        }) { supervisor in
            for number in 0..<3 { try supervisor.expect("web/\(number) is done") }
            for number in 0..<3 {
                let lines = try supervisor.output(of: "web/\(number)").sorted()
                #expect(lines.map { $0.prefix { $0 != ":" } } == ["0 /dev/null", "1 pipe", "2 pipe", "3 socket"])
            }
        }
    }

    @Test("a worker leads a session, with no signal blocked or ignored")
    func signals() throws {
        try withSupervisor(service("web", "signals", more: once)) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.expect("web/0 is done")
            #expect(
                try supervisor.output(of: "web/0") == [
                    "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "session \(pid) pid \(pid)",
                ])
        }
    }

    @Test("without a number of workers for each processor, cpus is as many as there are")
    func processors() throws {
        try withSupervisor(
            "[service.web]\ncommand = ['\(Machine.worker)', 'sleep']\nworkers = 'cpus'\n", wrapper: ["taskset", "1"]
        ) { supervisor in
            try supervisor.ready("web/0")
            #expect(try supervisor.status().summary == "1 service, 1 of 1 worker ready")
        }
    }
}
