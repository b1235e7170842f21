import Specification
import Testing

/// Every way in which a document can be wrong, and the sentence for it.
@Suite struct MessageTests {
    @Test(
        "a value that is wrong is reported at its line and path with what to write",
        arguments: [
            // The command.
            ("command = \"a b\"", "command: a command is an array, as no shell takes it apart; write [\"a\", \"b\"]"),
            ("command = 1", "command: 1 is an integer, not an array; write [\"/usr/bin/python3\", \"server.py\"]"),
            ("command = []", "command: the command is empty; write program and arguments"),
            ("command = [\"\"]", "command[0]: the program's name is empty"),
            ("command = [\"a\", 1]", "command[1]: 1 is an integer, not a string; write \"1\""),
            (
                "command = [\"bin/a\"]",
                "command: \"bin/a\" is relative, and no directory is set; write an absolute path, or set directory"
            ),
            (
                "command = [\"a\", \"{host}\"]",
                "command[1]: \"{host}\" is neither {service}, {worker} nor {port}; write \"{{host}}\" for literal braces"
            ),
            (
                "command = [\"a\", \"{\"]",
                "command[1]: \"{\" is no placeholder; write \"{{\" and \"}}\" for literal braces"
            ),
            (
                "command = [\"a\", \"}\"]",
                "command[1]: \"}\" has no opening brace; write \"}}\" for a literal brace"
            ),
        ])
    func command(line: String, problem: String) {
        #expect(complaints("[service.web]\n\(line)\n") == ["cadre.toml:2: service.web.\(problem)"])
    }

    @Test(
        "a key of a service that is wrong is reported",
        arguments: [
            ("workers = -1", "workers: -1 is not a number of workers; write 0 to 10000, or \"cpus\""),
            ("workers = 10001", "workers: 10001 is not a number of workers; write 0 to 10000, or \"cpus\""),
            ("workers = \"many\"", "workers: \"many\" is not a number of workers; write 0 to 10000, or \"cpus\""),
            ("workers = []", "workers: an array is not a number of workers; write 0 to 10000, or \"cpus\""),
            ("workers = \"4\"", "workers: \"4\" is a string; write 4 without quotes"),
            ("directory = \"srv\"", "directory: \"srv\" is not an absolute path; write one that begins with \"/\""),
            ("directory = true", "directory: true is a boolean, not a string; write \"true\""),
            (
                "directory = \"/{name}\"",
                "directory: \"{name}\" is neither {service}, {worker} nor {port}; write \"{{name}}\" for literal braces"
            ),
            (
                "environment_file = \"-x\"",
                "environment_file: \"-x\" is not an absolute path; write one that begins with \"/\""
            ),
            ("environment.A = 1", "environment.A: this is an integer, not a string; write it in quotes"),
            (
                "environment.A = 1.5",
                "environment.A: this is a number with a fraction, not a string; write it in quotes"
            ),
            ("environment.A = []", "environment.A: this is an array, not a string; write it in quotes"),
            (
                "environment.A = 2020-01-01",
                "environment.A: this is a date or time, not a string; write it in quotes"
            ),
            (
                "environment.A = \"{x}\"",
                "environment.A: a brace in it belongs to none of {service} or {worker}; write \"{{\" and \"}}\" for literal braces"
            ),
            (
                "environment.1A = \"\"",
                "environment.1A: \"1A\" is not a variable's name; use letters, digits and \"_\", and no digit first"
            ),
            (
                "environment.\"\" = \"\"",
                "environment.\"\": \"\" is not a variable's name; use letters, digits and \"_\", and no digit first"
            ),
            ("environment.CADRE_X = \"\"", "environment.CADRE_X: CADRE_X is set by Cadre itself; leave it out"),
            (
                "environment.LISTEN_FDS = \"\"",
                "environment.LISTEN_FDS: LISTEN_FDS is set by Cadre itself; leave it out"
            ),
            (
                "environment = [\"A=1\"]",
                "environment: this is an array, not a table; write [service.web.environment]"
            ),
            ("user = 1000", "user: 1000 is an integer, not a string; write \"1000\""),
            ("user = \"\"", "user: \"\" is neither a name nor a number of an account"),
            ("group = \"a b\"", "group: \"a b\" is neither a name nor a number of an account"),
            (
                "watchdog = 0",
                "watchdog: the duration must be more than zero; write one such as \"10s\", or \"infinity\" for none"
            ),
            ("watchdog = \"1x\"", "watchdog: \"1x\" is not a duration; write \"1s\""),
            ("healthy_percentage = 101", "healthy_percentage: 101 is out of range; write 0 to 100"),
            (
                "healthy_percentage = \"50%\"",
                "healthy_percentage: \"50%\" is a string, not a number; write 0 to 100"
            ),
            ("introspect = 9000", "introspect: 9000 is an integer, not a string; write \"9000\""),
            (
                "introspect = \"http://{host}/\"",
                "introspect: \"{host}\" is neither {service}, {worker} nor {port}; write \"{{host}}\" for literal braces"
            ),
            (
                "introspect = \"http://localhost:{worker}/\"",
                "introspect: \"localhost:0\" has no port from 1 to 65535; write an address such as \":8080\""
            ),
            ("watchdog = true", "watchdog: true is a boolean, not a duration; write one such as \"30s\""),
        ])
    func service(line: String, problem: String) {
        #expect(complaints(inService: line) == ["cadre.toml:3: service.web.\(problem)"])
    }

    @Test(
        "a key of a table in a service that is wrong is reported",
        arguments: [
            ("ready = 1", "ready: 1 is an integer, not a table; write [service.web.ready]"),
            (
                "ready.by = \"htp\"",
                "ready.by: \"htp\" is unknown; write \"exec\", \"notify\", \"tcp\", \"http\", \"command\" or \"log\""
            ),
            (
                "ready.by = 1",
                "ready.by: 1 is an integer, not a string; write \"exec\", \"notify\", \"tcp\", \"http\", \"command\" or \"log\""
            ),
            ("ready.timeout = 0", "ready.timeout: the duration must be more than zero; write one such as \"10s\""),
            (
                "ready.timeout = \"infinity\"",
                "ready.timeout: \"infinity\" is not possible here, as this must end; write a duration such as \"1min\""
            ),
            ("limits.memory_max = \"512X\"", "limits.memory_max: \"512X\" is not a size; write \"512M\""),
            ("limits.memory_max = true", "limits.memory_max: true is a boolean, not a size; write \"512M\""),
            ("limits.memory_max = -1", "limits.memory_max: -1 is an integer, not a size; write \"512M\""),
            (
                "limits.memory_max = 0",
                "limits.memory_max: no program runs without memory; write a size such as \"512M\""
            ),
            (
                "limits.memory_high = \"10%\"",
                "limits.memory_high: \"10%\" is a share of the host's memory, which is not supported; write a size such as \"512M\""
            ),
            (
                "limits = { memory_max = \"1G\", memory_high = \"2G\" }",
                "limits.memory_high: 2G is above memory_max (1G), so it would never be reached; write less"
            ),
            (
                "limits.cpu_max = 150",
                "limits.cpu_max: 150 has no unit; write \"150%\" for hundredths of one processor"
            ),
            (
                "limits.cpu_max = \"fast\"",
                "limits.cpu_max: \"fast\" is not a share of processor time; write one such as \"150%\", which is one and a half processors"
            ),
            ("limits.cpu_max = \"0%\"", "limits.cpu_max: \"0%\" is out of range; write \"1%\" to \"1000000%\""),
            (
                "limits.cpu_max = []",
                "limits.cpu_max: this is an array, not a string; write \"150%\", which is one and a half processors"
            ),
            ("limits.cpu_weight = 0", "limits.cpu_weight: 0 is out of range; write 1 to 10000"),
            ("limits.io_weight = 10001", "limits.io_weight: 10001 is out of range; write 1 to 10000"),
            ("limits.io_weight = \"9\"", "limits.io_weight: \"9\" is a string, not an integer; write 9 without quotes"),
            (
                "limits.io_weight = 1.5",
                "limits.io_weight: 1.5 is a number with a fraction, not an integer; write 1 to 10000"
            ),
            (
                "limits.tasks_max = \"10%\"",
                "limits.tasks_max: \"10%\" is a share, which is not supported; write a number such as 512"
            ),
            ("limits.tasks_max = 0", "limits.tasks_max: 0 is out of range; write 1 to 4194304"),
            (
                "restart.policy = \"sometimes\"",
                "restart.policy: \"sometimes\" is unknown; write \"always\", \"on-failure\" or \"never\""
            ),
            (
                "restart.delay = -1",
                "restart.delay: \"-1\" is not a duration; write one such as \"30s\" or \"1min 30s\""
            ),
            (
                "restart.delay = \"1h\"",
                "restart.delay: max_delay is shorter than delay; write max_delay at least as long as delay"
            ),
            (
                "restart = { delay = 2, max_delay = 1 }",
                "restart.max_delay: max_delay is shorter than delay; write max_delay at least as long as delay"
            ),
            ("restart.multiplier = 0.5", "restart.multiplier: 0.5 is out of range; write 1 to 1000"),
            ("restart.multiplier = nan", "restart.multiplier: nan is out of range; write 1 to 1000"),
            ("restart.jitter = 2", "restart.jitter: 2 is out of range; write 0 to 1"),
            ("restart.jitter = \"1\"", "restart.jitter: \"1\" is a string, not a number; write 0 to 1"),
            ("restart.budget = -1", "restart.budget: -1 is out of range; write 0 to 1000000"),
            ("restart.window = 0", "restart.window: the duration must be more than zero; write one such as \"10s\""),
            (
                "restart.success_exit_codes = 0",
                "restart.success_exit_codes: 0 is an integer, not an array; write [0, 3]"
            ),
            (
                "restart.success_exit_codes = [0, 256]",
                "restart.success_exit_codes[1]: 256 is out of range; write 0 to 255"
            ),
            ("stop.signal = \"term\"", "stop.signal: \"term\" is not a signal; write \"SIGTERM\""),
            ("stop.signal = \"STOPP\"", "stop.signal: \"STOPP\" is not a signal; write one such as \"TERM\""),
            ("stop.signal = 0", "stop.signal: 0 is not a signal; write one such as \"TERM\""),
            ("stop.signal = true", "stop.signal: true is a boolean, not a signal; write \"TERM\""),
            (
                "stop.timeout = \"infinity\"",
                "stop.timeout: \"infinity\" is not possible here, as this must end; write a duration such as \"1min\""
            ),
            (
                "log.to = \"syslog\"",
                "log.to: \"syslog\" is unknown; write \"auto\", \"journal\", \"terminal\", \"file\" or \"none\""
            ),
            (
                "log.to = \"file\"",
                "log: no file is named; add a line such as file = \"/var/log/{service}-{worker}.log\""
            ),
            ("log.file = \"a.log\"", "log.file: \"a.log\" is not an absolute path; write one that begins with \"/\""),
            (
                "log = { to = \"journal\", file = \"/a\" }",
                "log.file: a file is used only with to = \"file\"; write that, or leave out file"
            ),
            (
                "socket = { listen = \":80\" }",
                "socket: this is a table, not an array; write [[service.web.socket]]"
            ),
            ("socket = [1]", "socket[0]: 1 is an integer, not a table; write [[service.web.socket]]"),
            (
                "socket = [{}]",
                "socket[0]: the socket has no address; add a line such as listen = \":8080\", or from_systemd = \"NAME\""
            ),
            ("socket = [{ listen = \"80\" }]", "socket[0].listen: \"80\" has no colon; write \":80\""),
            ("socket = [{ listen = 80 }]", "socket[0].listen: 80 is an integer, not a string; write \":80\""),
            (
                "socket = [{ listen = \":80\", backlog = 0 }]",
                "socket[0].backlog: 0 is out of range; write 1 to 65535"
            ),
            (
                "socket = [{ listen = \":80\", name = \"a:b\" }]",
                "socket[0].name: \"a:b\" is not a socket's name; use 1 to 255 printable ASCII characters, and no colon"
            ),
            (
                "socket = [{ listen = \":80\" }, { listen = \":81\" }]",
                "socket[1]: the name \"web\" is taken by another socket of the service; set another name"
            ),
            (
                "socket = [{ listen = \":80\" }, { listen = \":80\", name = \"b\" }]",
                "socket[1].listen: service.web.socket[0].listen listens on \":80\" already; give each socket an address of its own"
            ),
        ])
    func tables(line: String, problem: String) {
        #expect(complaints(inService: line) == ["cadre.toml:3: service.web.\(problem)"])
    }

    @Test(
        "an unknown key comes with the one that was probably meant, where it belongs, or those there are",
        arguments: [
            ("comand = [\"a\"]", "comand: unknown key; did you mean \"command\"?"),
            ("Workers = 2", "Workers: unknown key; did you mean \"workers\"?"),
            ("limits.memroy_max = 1", "limits.memroy_max: unknown key; did you mean \"memory_max\"?"),
            ("memory_max = 1", "memory_max: unknown key here; it belongs in [service.NAME.limits]"),
            (
                "timeout = 1",
                "timeout: unknown key here; it belongs in [service.NAME.ready] or [service.NAME.health] or [service.NAME.stop]"
            ),
            (
                "ready.\"a b\" = 1",
                "ready.\"a b\": unknown key; known here: by, timeout, interval, address, url, status, body, command, line"
            ),
            ("certificate = 1", "certificate: unknown key here; it belongs in [control.tls]"),
        ])
    func unknownKeys(line: String, problem: String) {
        #expect(complaints(inService: line) == ["cadre.toml:3: service.web.\(problem)"])
    }

    @Test("what stands outside the services is reported")
    func root() {
        #expect(
            complaints("[services.web]\ncommand = [\"a\"]\n")
                == ["cadre.toml:1: services: unknown key; did you mean \"service\"?"])
        #expect(
            complaints("version = 1\n") == [
                "cadre.toml:1: version: unknown key; known here: healthy_percentage, service, control, metrics"
            ])
        #expect(
            complaints("service = 1\n")
                == ["cadre.toml:1: service: 1 is an integer, not a table; write [service.web]"])
        #expect(
            complaints("\nservice.web = \"a\"\n")
                == ["cadre.toml:2: service.web: \"a\" is a string, not a table; write [service.web]"])
    }

    @Test("a service without a command is reported at its line")
    func noCommand() {
        #expect(
            complaints("\n[service.web.limits]\n[service.web]\n") == [
                "cadre.toml:3: service.web: the service has no command; "
                    + "add a line such as command = [\"/usr/bin/python3\", \"server.py\"]"
            ])
    }

    @Test(
        "a name that no cgroup or message can have is reported",
        arguments: ["a/b", "a.b", "", "ä", "a b", "..", String(repeating: "x", count: 65)])
    func names(name: String) {
        let problems = complaints("[service.\"\(name)\"]\ncommand = [\"a\"]\n")
        #expect(problems.count == 1)
        #expect(problems.first?.contains("\"\(name)\" is not a service's name; use letters") == true)
    }

    @Test("the supervisor's name is taken, and the longest name is not too long")
    func edgeNames() {
        #expect(
            complaints("[service.supervisor]\ncommand = [\"a\"]\n")
                == [
                    "cadre.toml:1: service.supervisor: \"supervisor\" is the name of Cadre's own cgroup; choose another name"
                ])
        #expect(complaints("[service.\(String(repeating: "x", count: 64))]\ncommand = [\"a\"]\n") == [])
    }

    @Test("two services can't listen on the same address")
    func sharedAddress() {
        let text = """
            [service.a]
            command = ["a"]
            socket = [{ listen = "unix:/run/s" }]
            [service.b]
            command = ["b"]
            [[service.b.socket]]
            listen = "unix:/run/s"
            """
        #expect(
            complaints(text) == [
                "cadre.toml:7: service.b.socket[0].listen: service.a.socket[0].listen listens on \"unix:/run/s\" already; "
                    + "give each socket an address of its own"
            ])
    }

    @Test("all problems are reported at once, in the order of their lines")
    func together() {
        let text = """
            [service.web]
            command = "app"
            workers = -1
            [service.web.limits]
            memory_max = "512X"
            swap = 1
            [service.web.stop]
            timeout = "infinity"
            """
        #expect(complaints(text).map { $0.split(separator: ": ")[0] } == [2, 3, 5, 6, 8].map { "cadre.toml:\($0)" })
    }
}
