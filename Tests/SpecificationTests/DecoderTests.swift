import ControlGroups
import Specification
import Supervision
import Testing

@Suite struct DecoderTests {
    @Test("a service has all that its tables say")
    func everything() throws {
        var expected = ServiceSpecification(name: "web", command: ["/usr/bin/app", "--worker={worker}"])
        expected.workers = .cpus
        expected.directory = "/srv/{service}"
        expected.environment = ["NAME": "{service}/{worker}", "json": "{{}}"]
        expected.environmentFile = "-/etc/default/web"
        expected.user = "www-data"
        expected.group = "33"
        expected.stopSignal = 2
        expected.policy = WorkerPolicy(
            readiness: .notify, readyTimeout: .seconds(5), stopTimeout: .seconds(90), watchdog: .seconds(20),
            restart: RestartPolicy(
                condition: .onFailure, delay: .seconds(1), maximumDelay: .seconds(120), multiplier: 1.5, jitter: 0,
                budget: 3, window: .seconds(600), successExitCodes: [0, 143]))
        expected.healthyPercentage = 75.5
        expected.introspect = "http://127.0.0.1:900{worker}/debug?of={service}"
        expected.limits.memoryMax = .bytes(512 << 20)
        expected.limits.memoryHigh = .bytes(1 << 20)
        expected.limits.memorySwapMax = .bytes(0)
        expected.limits.cpuMaxPercent = 150
        expected.limits.cpuWeight = 200
        expected.limits.tasksMax = 64
        expected.limits.ioWeight = 10
        expected.sockets = [
            SocketSpecification(name: "http", address: .internet(host: nil, port: 8080), backlog: 128),
            SocketSpecification(name: "web", address: .unix(path: "/run/web.sock")),
        ]
        expected.log.destination = .file("/var/log/{service}-{worker}.log")
        let text = """
            [service.web]
            command = ["/usr/bin/app", "--worker={worker}"]
            workers = "cpus"
            directory = "/srv/{service}"
            environment = { NAME = "{service}/{worker}", json = "{{}}" }
            environment_file = "-/etc/default/web"
            user = "www-data"
            group = "33"
            watchdog = 20
            healthy_percentage = 75.5
            introspect = "http://127.0.0.1:900{worker}/debug?of={service}"
            ready = { by = "notify", timeout = "5s" }
            stop.signal = "SIGINT"
            stop.timeout = "1min 30s"
            [service.web.limits]
            memory_max = "512M"
            memory_high = 1048576
            memory_swap_max = 0
            cpu_max = "150%"
            cpu_weight = 200
            tasks_max = 64
            io_weight = 10
            [service.web.restart]
            policy = "on-failure"
            delay = 1.0
            max_delay = "2min"
            multiplier = 1.5
            jitter = 0
            budget = 3
            window = "10min"
            success_exit_codes = [0, 143]
            [[service.web.socket]]
            name = "http"
            listen = ":8080"
            backlog = 128
            [[service.web.socket]]
            listen = "unix:/run/web.sock"
            [service.web.log]
            to = "file"
            file = "/var/log/{service}-{worker}.log"
            """
        #expect(try service(text) == expected)
    }

    @Test("services are sorted by name, and there may be none")
    func order() throws {
        let text = "[service.b]\ncommand = [\"b\"]\n[service.a]\ncommand = [\"a\"]\n"
        #expect(try Specification.parse([("cadre.toml", text)]).services.map(\.name) == ["a", "b"])
        #expect(try Specification.parse([("cadre.toml", "# nothing yet\n")]).services.isEmpty)
    }

    @Test(
        "a log's file alone means that it is used, and every other place has its name",
        arguments: [
            ("file = \"/a\"", .file("/a")), ("to = \"auto\"", .auto), ("to = \"journal\"", .journal),
            ("to = \"terminal\"", .terminal), ("to = \"none\"", .none), ("", .auto),
        ] as [(String, LogSpecification.Destination)])
    func log(line: String, destination: LogSpecification.Destination) throws {
        #expect(try service(withLines: "[service.web.log]\n\(line)").log.destination == destination)
    }

    @Test("\"infinity\" leaves out what is not limited by default")
    func infinity() throws {
        let service = try service(
            withLines: """
                watchdog = "infinity"
                limits = { memory_max = "infinity", cpu_max = "infinity", tasks_max = "infinity" }
                """)
        #expect(service.policy.watchdog == nil)
        #expect(service.limits.memoryMax == .infinity)
        #expect(service.limits.cpuMaxPercent == nil && service.limits.tasksMax == nil)
    }

    @Test("a signal is given by any of its names", arguments: ["\"USR1\"", "\"SIGUSR1\"", "\"10\"", "10"])
    func signals(signal: String) throws {
        #expect(try service(withLines: "stop.signal = \(signal)").stopSignal == 10)
    }

    @Test("0 workers are allowed, and a processor counts for one")
    func workers() throws {
        #expect(try service(withLines: "workers = 0").workers == .count(0))
        #expect(WorkerCount.count(3).resolved(cpus: 8) == 3)
        #expect(WorkerCount.cpus.resolved(cpus: 8) == 8)
    }

    @Test(
        "a program is absolute, looked for in PATH, or relative to a directory",
        arguments: ["command = [\"/bin/a\"]", "command = [\"a\"]", "command = [\"bin/a\"]\ndirectory = \"/srv\""])
    func programs(lines: String) throws {
        #expect(complaints("[service.web]\n\(lines)") == [])
    }
}
