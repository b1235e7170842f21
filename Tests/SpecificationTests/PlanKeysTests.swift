import Processes
import Supervision
import Testing

@testable import Specification

/// No key may be forgotten: a change that a plan doesn't see would never reach the workers.
@Suite struct PlanKeysTests {
    struct Example: Sendable, CustomTestStringConvertible {
        /// The key that is changed, as in the file.
        let key: String
        /// Lines in the service's table, or in the document for a key outside of services.
        let before: String
        let after: String
        /// The change as `key: old → new (effect)`; `-` is no value.
        let change: String

        init(_ key: String, _ before: String, _ after: String, _ change: String) {
            self.key = key
            self.before = before
            self.after = after
            self.change = change
        }

        var testDescription: String { key }
    }

    static let serviceExamples = [
        Example("command", "", "command = [\"a\", \"\\\"\"]", "command: [\"app\"] → [\"a\", \"\\\"\"] (replace)"),
        Example(
            "type", "", "type = \"oneshot\"",
            """
            ready.by: "exec" → - (live)
            ready.timeout: "1min" → - (live)
            restart.policy: "always" → "on-failure" (live)
            type: "service" → "oneshot" (replace)
            """),
        Example(
            "after", "after = { db = \"started\" }", "after = { db = \"ready\" }",
            "after.db: \"started\" → \"ready\" (live)"),
        Example(
            "requires", "requires.job = \"completed\"", "requires = { db = \"ready\" }",
            "requires.db: - → \"ready\" (live)\nrequires.job: \"completed\" → - (live)"),
        Example("essential", "", "essential = true", "essential: false → true (live)"),
        Example("workers", "", "workers = \"cpus\"", "workers: 1 → \"cpus\" (live)"),
        Example("directory", "directory = \"/a\"", "", "directory: \"/a\" → - (replace)"),
        Example(
            "environment", "environment.A = \"secret\"", "environment.A = \"other\"",
            "environment.A: - → - (replace)"),
        Example("environment_file", "", "environment_file = \"-/a\"", "environment_file: - → \"-/a\" (replace)"),
        Example("user", "", "user = \"a\"", "user: - → \"a\" (replace)"),
        Example("group", "group = \"1\"", "group = \"2\"", "group: \"1\" → \"2\" (replace)"),
        Example(
            "supplementary_groups", "", "supplementary_groups = [\"a\", 7]",
            "supplementary_groups: [] → [\"a\", \"7\"] (replace)"),
        Example("umask", "umask = \"27\"", "umask = \"0\"", "umask: \"0027\" → \"0000\" (replace)"),
        Example(
            "capabilities", "capabilities = [\"CAP_KILL\", \"CAP_CHOWN\"]", "capabilities = \"all\"",
            "capabilities: [\"CAP_CHOWN\", \"CAP_KILL\"] → \"all\" (replace)"),
        Example("no_new_privileges", "", "no_new_privileges = false", "no_new_privileges: true → false (replace)"),
        Example("credentials", "", "credentials = [\"a\"]", "credentials: [] → [\"a\"] (replace)"),
        Example("nice", "", "nice = -5", "nice: - → -5 (replace)"),
        Example("oom_score_adj", "oom_score_adj = 500", "", "oom_score_adj: 500 → - (replace)"),
        Example(
            "cpu_affinity", "cpu_affinity = [3, 1, 0, 3]", "cpu_affinity = \"1-2,3-4,7\"",
            "cpu_affinity: \"0-1,3\" → \"1-4,7\" (replace)"),
        Example(
            "cpu_scheduling_policy", "", "cpu_scheduling_policy = \"batch\"",
            "cpu_scheduling_policy: - → \"batch\" (replace)"),
        Example(
            "cpu_scheduling_priority", "cpu_scheduling_policy = \"fifo\"",
            "cpu_scheduling_policy = \"fifo\"\ncpu_scheduling_priority = 9", "cpu_scheduling_priority: - → 9 (replace)"),
        Example(
            "io_scheduling_class", "", "io_scheduling_class = \"best-effort\"",
            "io_scheduling_class: - → \"best-effort\" (replace)"),
        Example(
            "io_scheduling_priority", "io_scheduling_class = \"realtime\"",
            "io_scheduling_class = \"realtime\"\nio_scheduling_priority = 0", "io_scheduling_priority: - → 0 (replace)"),
        Example("rlimits.as", "", "rlimits.as = \"2G\"", "rlimits.as: - → \"2G\" (replace)"),
        Example(
            "rlimits.core", "rlimits.core = 0", "rlimits.core = \"0:infinity\"",
            "rlimits.core: \"0\" → \"0:infinity\" (replace)"),
        Example("rlimits.cpu", "", "rlimits.cpu = \"60:90\"", "rlimits.cpu: - → \"60:90\" (replace)"),
        Example("rlimits.data", "", "rlimits.data = 4096", "rlimits.data: - → \"4K\" (replace)"),
        Example("rlimits.fsize", "", "rlimits.fsize = \"1T\"", "rlimits.fsize: - → \"1T\" (replace)"),
        Example("rlimits.locks", "", "rlimits.locks = 7", "rlimits.locks: - → 7 (replace)"),
        Example(
            "rlimits.memlock", "rlimits.memlock = \"64K:1M\"", "rlimits.memlock = \"infinity\"",
            "rlimits.memlock: \"64K:1M\" → \"infinity\" (replace)"),
        Example("rlimits.msgqueue", "", "rlimits.msgqueue = 1", "rlimits.msgqueue: - → \"1\" (replace)"),
        Example("rlimits.nice", "", "rlimits.nice = 40", "rlimits.nice: - → 40 (replace)"),
        Example(
            "rlimits.nofile", "rlimits.nofile = \"1024:4096\"", "rlimits.nofile = \"4096\"",
            "rlimits.nofile: \"1024:4096\" → 4096 (replace)"),
        Example("rlimits.nproc", "rlimits.nproc = 9", "", "rlimits.nproc: 9 → - (replace)"),
        Example("rlimits.rss", "", "rlimits.rss = \"1G\"", "rlimits.rss: - → \"1G\" (replace)"),
        Example("rlimits.rtprio", "", "rlimits.rtprio = 5", "rlimits.rtprio: - → 5 (replace)"),
        Example("rlimits.rttime", "", "rlimits.rttime = 200000", "rlimits.rttime: - → 200000 (replace)"),
        Example(
            "rlimits.sigpending", "", "rlimits.sigpending = \"infinity\"",
            "rlimits.sigpending: - → \"infinity\" (replace)"),
        Example("rlimits.stack", "", "rlimits.stack = \"8M:infinity\"", "rlimits.stack: - → \"8M:infinity\" (replace)"),
        Example("watchdog", "", "watchdog = 90", "watchdog: - → \"1min 30s\" (replace)"),
        Example("max_age", "max_age = \"1h\"", "max_age = \"2h\"", "max_age: \"1h\" → \"2h\" (live)"),
        Example(
            "max_age_jitter", "max_age = 60", "max_age = 60\nmax_age_jitter = 0.5",
            "max_age_jitter: 0.1 → 0.5 (live)"),
        Example(
            "healthy_percentage", "", "healthy_percentage = 99.5", "healthy_percentage: 50 → 99.5 (live)"),
        Example("introspect", "", "introspect = \"http://a\"", "introspect: - → \"http://a\" (live)"),
        Example("ready.by", "", "ready.by = \"notify\"", "ready.by: \"exec\" → \"notify\" (live)"),
        Example("ready.timeout", "", "ready.timeout = 10", "ready.timeout: \"1min\" → \"10s\" (live)"),
        Example(
            "ready.interval", "ready = { by = \"tcp\", address = \"a:1\" }",
            "ready = { by = \"tcp\", address = \"a:1\", interval = 1 }",
            "ready.interval: \"200ms\" → \"1s\" (live)"),
        Example(
            "ready.address", "ready = { by = \"tcp\", address = \"a:1\" }",
            "ready = { by = \"tcp\", address = \"a:2\" }",
            "ready.address: \"a:1\" → \"a:2\" (live)"),
        Example(
            "ready.url", "ready = { by = \"http\", url = \"http://a\" }",
            "ready = { by = \"http\", url = \"http://b\" }",
            "ready.url: \"http://a\" → \"http://b\" (live)"),
        Example(
            "ready.status", "ready = { by = \"http\", url = \"http://a\" }",
            "ready = { by = \"http\", url = \"http://a\", status = \"200, 301-302\" }",
            "ready.status: \"200-399\" → \"200,301-302\" (live)"),
        Example(
            "ready.body", "ready = { by = \"http\", url = \"http://a\" }",
            "ready = { by = \"http\", url = \"http://a\", body = \"ok\" }",
            "ready.body: - → \"ok\" (live)"),
        Example(
            "ready.command", "ready = { by = \"command\", command = [\"a\"] }",
            "ready = { by = \"command\", command = [\"b\"] }",
            "ready.command: [\"a\"] → [\"b\"] (live)"),
        Example(
            "ready.line", "ready = { by = \"log\", line = \"a\" }",
            "ready = { by = \"log\", line = \"b\" }",
            "ready.line: \"a\" → \"b\" (live)"),
        Example(
            "health.interval", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", interval = 1 }",
            "health.interval: \"10s\" → \"1s\" (live)"),
        Example(
            "health.timeout", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", timeout = 1 }",
            "health.timeout: \"2s\" → \"1s\" (live)"),
        Example(
            "health.failures", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", failures = 1 }",
            "health.failures: 3 → 1 (live)"),
        Example(
            "health.successes", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", successes = 2 }",
            "health.successes: 1 → 2 (live)"),
        Example(
            "health.start_grace", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", start_grace = 1 }",
            "health.start_grace: \"0s\" → \"1s\" (live)"),
        Example(
            "health.status", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", status = \"200\" }",
            "health.status: \"200-399\" → \"200\" (live)"),
        Example(
            "health.body", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://a\", body = \"ok\" }",
            "health.body: - → \"ok\" (live)"),
        Example(
            "health.url", "health = { by = \"http\", url = \"http://a\" }",
            "health = { by = \"http\", url = \"http://b\" }",
            "health.url: \"http://a\" → \"http://b\" (live)"),
        Example(
            "health.address", "health = { by = \"tcp\", address = \"a:1\" }",
            "health = { by = \"tcp\", address = \"a:2\" }",
            "health.address: \"a:1\" → \"a:2\" (live)"),
        Example(
            "health.command", "health = { by = \"command\", command = [\"a\"] }",
            "health = { by = \"command\", command = [\"b\"] }",
            "health.command: [\"a\"] → [\"b\"] (live)"),
        Example(
            "health.by", "health = { by = \"tcp\", address = \"a:1\" }",
            "health = { by = \"command\", command = [\"a\"] }",
            """
            health.address: "a:1" → - (live)
            health.by: "tcp" → "command" (live)
            health.command: - → ["a"] (live)
            """),
        Example(
            "limits.memory_max", "limits.memory_max = \"0.5G\"", "limits.memory_max = \"infinity\"",
            "limits.memory_max: \"512M\" → \"infinity\" (live)"),
        Example(
            "limits.memory_high", "", "limits.memory_high = 1000", "limits.memory_high: - → \"1000\" (live)"),
        Example(
            "limits.memory_swap_max", "limits.memory_swap_max = 0", "", "limits.memory_swap_max: \"0\" → - (live)"),
        Example("limits.cpu_max", "", "limits.cpu_max = \"12.5%\"", "limits.cpu_max: - → \"12.5%\" (live)"),
        Example("limits.cpu_weight", "", "limits.cpu_weight = 7", "limits.cpu_weight: - → 7 (live)"),
        Example("limits.tasks_max", "", "limits.tasks_max = 7", "limits.tasks_max: - → 7 (live)"),
        Example("limits.io_weight", "", "limits.io_weight = 7", "limits.io_weight: - → 7 (live)"),
        Example(
            "limits.cpuset_cpus", "limits.cpuset_cpus = [0, 1, 2]", "limits.cpuset_cpus = \"3\"",
            "limits.cpuset_cpus: \"0-2\" → \"3\" (live)"),
        Example("limits.cpuset_mems", "limits.cpuset_mems = \"0\"", "", "limits.cpuset_mems: \"0\" → - (live)"),
        Example("restart.policy", "", "restart.policy = \"never\"", "restart.policy: \"always\" → \"never\" (live)"),
        Example("restart.delay", "", "restart.delay = 1.5", "restart.delay: \"100ms\" → \"1s 500ms\" (live)"),
        Example("restart.max_delay", "", "restart.max_delay = \"1d\"", "restart.max_delay: \"30s\" → \"1d\" (live)"),
        Example("restart.multiplier", "", "restart.multiplier = 1.5", "restart.multiplier: 2 → 1.5 (live)"),
        Example("restart.jitter", "", "restart.jitter = 0", "restart.jitter: 0.1 → 0 (live)"),
        Example("restart.budget", "", "restart.budget = 3", "restart.budget: 10 → 3 (live)"),
        Example("restart.window", "", "restart.window = 7200", "restart.window: \"1min\" → \"2h\" (live)"),
        Example(
            "restart.success_exit_codes", "", "restart.success_exit_codes = [3, 0]",
            "restart.success_exit_codes: [0] → [0, 3] (live)"),
        Example(
            "rollout.strategy", "", "rollout.strategy = \"blue-green\"",
            """
            rollout.max_surge: 1 → - (live)
            rollout.max_unavailable: 0 → - (live)
            rollout.strategy: "rolling" → "blue-green" (live)
            """),
        Example("rollout.max_surge", "", "rollout.max_surge = \"12.5%\"", "rollout.max_surge: 1 → \"12.5%\" (live)"),
        Example("rollout.max_unavailable", "", "rollout.max_unavailable = 2", "rollout.max_unavailable: 0 → 2 (live)"),
        Example("rollout.parallel", "", "rollout.parallel = 1", "rollout.parallel: - → 1 (live)"),
        Example("rollout.min_ready", "", "rollout.min_ready = 90", "rollout.min_ready: \"0s\" → \"1min 30s\" (live)"),
        Example("rollout.failures", "", "rollout.failures = 1", "rollout.failures: 3 → 1 (live)"),
        Example(
            "rollout.on_failure", "", "rollout.on_failure = \"rollback\"",
            "rollout.on_failure: \"stop\" → \"rollback\" (live)"),
        Example("stop.signal", "", "stop.signal = 2", "stop.signal: \"SIGTERM\" → \"SIGINT\" (live)"),
        Example("stop.timeout", "", "stop.timeout = 0.0001", "stop.timeout: \"10s\" → \"100us\" (live)"),
        Example(
            "socket.listen", "socket = [{ name = \"a b\", listen = \":1\" }]",
            "socket = [{ name = \"a b\", listen = \":2\" }]", "socket.\"a b\".listen: \":1\" → \":2\" (replace)"),
        Example(
            "socket.backlog", "socket = [{ listen = \":1\" }]", "socket = [{ listen = \":1\", backlog = 9 }]",
            "socket.web.backlog: 4096 → 9 (live)"),
        Example(
            "socket.name", "socket = [{ name = \"a\", listen = \":1\" }]",
            "socket = [{ name = \"b\", listen = \":1\" }]",
            """
            socket: ["a"] → ["b"] (replace)
            socket.a.backlog: 4096 → - (live)
            socket.a.free_bind: false → - (live)
            socket.a.listen: ":1" → - (replace)
            socket.a.reuse_port: false → - (replace)
            socket.a.stdin: false → - (replace)
            socket.a.type: "stream" → - (replace)
            socket.b.backlog: - → 4096 (live)
            socket.b.free_bind: - → false (live)
            socket.b.listen: - → ":1" (replace)
            socket.b.reuse_port: - → false (replace)
            socket.b.stdin: - → false (replace)
            socket.b.type: - → "stream" (replace)
            """),
        Example(
            "socket.from_systemd", "socket = [{ from_systemd = \"a\" }]", "socket = [{ from_systemd = \"b\" }]",
            "socket.web.from_systemd: \"a\" → \"b\" (replace)"),
        Example(
            "socket.type", "socket = [{ listen = \"unix:/s\" }]",
            "socket = [{ listen = \"unix:/s\", type = \"seqpacket\" }]",
            "socket.web.type: \"stream\" → \"seqpacket\" (replace)"),
        Example(
            "socket.reuse_port", "socket = [{ listen = \":1\" }]", "socket = [{ listen = \":1\", reuse_port = true }]",
            "socket.web.reuse_port: false → true (replace)"),
        Example(
            "socket.mode", "socket = [{ listen = \"unix:/s\" }]",
            "socket = [{ listen = \"unix:/s\", mode = \"0660\" }]", "socket.web.mode: - → \"0660\" (live)"),
        Example(
            "socket.user", "socket = [{ listen = \"unix:/s\", user = \"a\" }]",
            "socket = [{ listen = \"unix:/s\", user = \"1\" }]", "socket.web.user: \"a\" → \"1\" (live)"),
        Example(
            "socket.group", "socket = [{ listen = \"unix:/s\", group = \"a\" }]",
            "socket = [{ listen = \"unix:/s\" }]", "socket.web.group: \"a\" → - (live)"),
        Example(
            "socket.free_bind", "socket = [{ listen = \":1\", free_bind = true }]", "socket = [{ listen = \":1\" }]",
            "socket.web.free_bind: true → false (live)"),
        Example(
            "socket.defer_accept", "socket = [{ listen = \":1\", defer_accept = true }]",
            "socket = [{ listen = \":1\", defer_accept = \"5s\" }]", "socket.web.defer_accept: \"30s\" → \"5s\" (live)"),
        Example(
            "socket.stdin", "socket = [{ listen = \":1\" }]", "socket = [{ listen = \":1\", stdin = true }]",
            "socket.web.stdin: false → true (replace)"),
        Example("port.start", "", "port.start = 8000", "port.start: - → 8000 (replace)"),
        Example(
            "on_demand", "socket = [{ listen = \":1\" }]", "on_demand = true\nsocket = [{ listen = \":1\" }]",
            """
            idle_timeout: - → "5min" (live)
            on_demand: false → true (live)
            """),
        Example(
            "idle_timeout", "on_demand = true\nsocket = [{ listen = \":1\" }]",
            "on_demand = true\nidle_timeout = \"infinity\"\nsocket = [{ listen = \":1\" }]",
            "idle_timeout: \"5min\" → \"infinity\" (live)"),
        Example("fd_store_max", "", "fd_store_max = 7", "fd_store_max: 0 → 7 (live)"),
        Example(
            "sandbox.private_tmp", "sandbox.private_network = true",
            "sandbox = { private_network = true, private_tmp = true }",
            "sandbox.private_tmp: false → true (replace)"),
        Example(
            "sandbox.protect_system", "sandbox.protect_system = true", "sandbox.protect_system = \"strict\"",
            "sandbox.protect_system: true → \"strict\" (replace)"),
        Example(
            "sandbox.protect_home", "sandbox.protect_home = \"tmpfs\"", "sandbox.protect_home = \"read-only\"",
            "sandbox.protect_home: \"tmpfs\" → \"read-only\" (replace)"),
        Example(
            "sandbox.read_only_paths", "sandbox.read_only_paths = [\"/a\"]", "sandbox.read_only_paths = [\"-/b\"]",
            "sandbox.read_only_paths: [\"/a\"] → [\"-/b\"] (replace)"),
        Example(
            "sandbox.read_write_paths", "sandbox.read_write_paths = [\"/a\"]",
            "sandbox.read_write_paths = [\"/a\", \"/b\"]",
            "sandbox.read_write_paths: [\"/a\"] → [\"/a\", \"/b\"] (replace)"),
        Example(
            "sandbox.inaccessible_paths", "sandbox.inaccessible_paths = [\"/a\"]",
            "sandbox.inaccessible_paths = [\"/b\"]",
            "sandbox.inaccessible_paths: [\"/a\"] → [\"/b\"] (replace)"),
        Example(
            "sandbox.private_devices", "sandbox.private_tmp = true",
            "sandbox = { private_tmp = true, private_devices = true }",
            "sandbox.private_devices: false → true (replace)"),
        Example(
            "sandbox.private_network", "sandbox.private_tmp = true",
            "sandbox = { private_tmp = true, private_network = true }",
            "sandbox.private_network: false → true (replace)"),
        Example(
            "sandbox.protect_control_groups", "sandbox.private_tmp = true",
            "sandbox = { private_tmp = true, protect_control_groups = true }",
            "sandbox.protect_control_groups: false → true (replace)"),
        Example(
            "sandbox.landlock.read_only", "sandbox.landlock.execute = [\"/\"]",
            "sandbox.landlock = { execute = [\"/\"], read_only = [\"/a\"] }",
            "sandbox.landlock.read_only: - → [\"/a\"] (replace)"),
        Example(
            "sandbox.landlock.read_write", "sandbox.landlock.execute = [\"/\"]",
            "sandbox.landlock = { execute = [\"/\"], read_write = [\"/a\"] }",
            "sandbox.landlock.read_write: - → [\"/a\"] (replace)"),
        Example(
            "sandbox.landlock.execute", "sandbox.landlock.execute = [\"/a\"]", "sandbox.landlock.execute = [\"/b\"]",
            "sandbox.landlock.execute: [\"/a\"] → [\"/b\"] (replace)"),
        Example(
            "sandbox.landlock.tcp_bind", "sandbox.landlock.tcp_bind = []", "sandbox.landlock.tcp_bind = [80]",
            "sandbox.landlock.tcp_bind: [] → [80] (replace)"),
        Example(
            "sandbox.landlock.tcp_connect", "sandbox.landlock.tcp_connect = [1]", "sandbox.landlock.tcp_connect = []",
            "sandbox.landlock.tcp_connect: [1] → [] (replace)"),
        Example(
            "sandbox.landlock.scoped", "sandbox.landlock.tcp_bind = []",
            "sandbox.landlock = { tcp_bind = [], scoped = [\"signal\"] }",
            "sandbox.landlock.scoped: - → [\"signal\"] (replace)"),
        Example(
            "sandbox.system_call_filter", "sandbox.system_call_filter = [\"@system-service\"]",
            "sandbox.system_call_filter = [\"~@mount\"]",
            "sandbox.system_call_filter: [\"@system-service\"] → [\"~@mount\"] (replace)"),
        Example(
            "sandbox.system_call_error_number", "sandbox.system_call_filter = [\"~@mount\"]",
            "sandbox = { system_call_filter = [\"~@mount\"], system_call_error_number = \"EPERM\" }",
            "sandbox.system_call_error_number: \"kill\" → \"EPERM\" (replace)"),
        Example(
            "sandbox.best_effort", "sandbox.private_tmp = true", "sandbox = { private_tmp = true, best_effort = true }",
            "sandbox.best_effort: false → true (replace)"),
        Example("log.to", "log.to = \"none\"", "log.to = \"journal\"", "log.to: \"none\" → \"journal\" (replace)"),
        Example("log.file", "log.file = \"/a\"", "log.file = \"/b\"", "log.file: \"/a\" → \"/b\" (replace)"),
    ]

    static let rootExamples = [
        Example("healthy_percentage", "", "healthy_percentage = 0", "healthy_percentage: 50 → 0 (live)"),
        Example("control.group", "", "control.group = \"a\"", "control.group: - → \"a\" (live)"),
        Example(
            "control.read_only_group", "", "control.read_only_group = \"a\"",
            "control.read_only_group: - → \"a\" (live)"),
        Example(
            "control.allow", "control.allow = { alice = [] }", "control.allow = { alice = [\"w*\"] }",
            "control.allow.alice: [] → [\"w*\"] (live)"),
        Example(
            "control.listen", "control = { listen = \"127.0.0.1:1\", token_file = \"/t\" }",
            "control = { listen = \"[::1]:1\", token_file = \"/t\" }",
            "control.listen: \"127.0.0.1:1\" → \"[::1]:1\" (live)"),
        Example(
            "control.token_file", "control = { listen = \"127.0.0.1:1\", token_file = \"/t\" }",
            "control = { listen = \"127.0.0.1:1\", token_file = \"/u\" }",
            "control.token_file: \"/t\" → \"/u\" (live)"),
        Example(
            "control.tls.certificate", tls("certificate = \"/a\", key = \"/k\", client_ca = \"/ca\""),
            tls("certificate = \"/b\", key = \"/k\", client_ca = \"/ca\""),
            "control.tls.certificate: \"/a\" → \"/b\" (live)"),
        Example(
            "control.tls.key", tls("certificate = \"/a\", key = \"/k\", client_ca = \"/ca\""),
            tls("certificate = \"/a\", key = \"/l\", client_ca = \"/ca\""), "control.tls.key: \"/k\" → \"/l\" (live)"),
        Example(
            "control.tls.client_ca", tls("certificate = \"/a\", key = \"/k\", client_ca = \"/ca\""),
            tls("certificate = \"/a\", key = \"/k\", client_ca = \"/cb\""),
            "control.tls.client_ca: \"/ca\" → \"/cb\" (live)"),
        Example("metrics.listen", "", "metrics.listen = \"localhost:1\"", "metrics.listen: - → \"localhost:1\" (live)"),
        Example(
            "metrics.aliases", "", "metrics.aliases = [\"monoceros\"]",
            "metrics.aliases: [] → [\"monoceros\"] (live)"),
    ]

    private static func tls(_ members: String) -> String { "control = { listen = \":1\", tls = { \(members) } }" }

    @Test("a change of any one key of a service is in the plan, with its effect", arguments: serviceExamples)
    func service(example: Example) throws {
        let (before, after) = (try web(example.before), try web(example.after))
        #expect(Plan(from: before, to: before, cpus: 2).isEmpty && Plan(from: after, to: after, cpus: 2).isEmpty)
        let plan = Plan(from: before, to: after, cpus: 2)
        #expect(plan.changes.isEmpty && plan.services.map(\.action) == [.change])
        #expect(described(plan.services.first?.changes ?? []) == example.change)
        #expect(plan.services.first?.replacesWorkers == example.change.contains("(replace)"))
    }

    @Test("a change of any one key outside of services is in the plan", arguments: rootExamples)
    func root(example: Example) throws {
        let before = try Specification.parse([("a", example.before)])
        let after = try Specification.parse([("a", example.after)])
        #expect(Plan(from: before, to: before, cpus: 2).isEmpty && Plan(from: after, to: after, cpus: 2).isEmpty)
        #expect(described(Plan(from: before, to: after, cpus: 2).changes) == example.change)
    }

    @Test("there is an example for every key that the decoder knows")
    func completeness() {
        func keys<Key: SpecificationKey>(_: Key.Type, _ table: String) -> [String] {
            Key.allCases.map { "\(table).\($0.rawValue)" }
        }
        let serviceTables = [
            "ready": keys(ReadyKey.self, "ready"), "health": keys(HealthKey.self, "health"),
            "limits": keys(LimitsKey.self, "limits"), "rlimits": keys(ProcessLimit.self, "rlimits"),
            "restart": keys(RestartKey.self, "restart"), "rollout": keys(RolloutKey.self, "rollout"),
            "stop": keys(StopKey.self, "stop"),
            "socket": keys(SocketKey.self, "socket"), "port": keys(PortKey.self, "port"),
            "sandbox": keys(SandboxKey.self, "sandbox").filter { $0 != "sandbox.landlock" }
                + keys(LandlockKey.self, "sandbox.landlock"),
            "log": keys(LogKey.self, "log"),
        ]
        let ofServices = ServiceKey.allCases.flatMap { serviceTables[$0.rawValue] ?? [$0.rawValue] }
        #expect(Self.serviceExamples.map(\.key).sorted() == ofServices.sorted())

        let rootTables = [
            "service": [], "metrics": keys(MetricsKey.self, "metrics"),
            "control": keys(ControlKey.self, "control").filter { $0 != "control.tls" }
                + keys(TLSKey.self, "control.tls"),
        ]
        let ofRoot = RootKey.allCases.flatMap { rootTables[$0.rawValue] ?? [$0.rawValue] }
        #expect(Self.rootExamples.map(\.key).sorted() == ofRoot.sorted())
    }

    @Test("values are written as the file may have them", arguments: serviceExamples)
    func spelling(example: Example) throws {
        for lines in [example.before, example.after] {
            var expected = try web(lines)
            // What needs a socket goes with it.
            expected.services[0].sockets = []
            expected.services[0].isOnDemand = false
            expected.services[0].idleTimeout = ServiceSpecification.defaultIdleTimeout
            let settings = expected.services[0].settings
            let document = settings.map { "service.web.\($0.key) = \($0.value.text)\n" }.sorted().joined()
            #expect(try parse(document) == expected)
        }
    }

    private func web(_ lines: String) throws -> Specification {
        let command = lines.hasPrefix("command") ? "" : "command = [\"app\"]\n"
        return try parse("[service.web]\n\(command)\(lines)\n")
    }

    /// Without the services that others may be started after.
    private func parse(_ text: String) throws -> Specification {
        let others = "[service.db]\ncommand = [\"a\"]\n[service.job]\ncommand = [\"a\"]\ntype = \"oneshot\"\n"
        var specification = try Specification.parse([("a", text + others)])
        specification.services.removeAll { $0.name != "web" }
        return specification
    }

    private func described(_ changes: [KeyChange]) -> String {
        changes.map { "\($0.key): \($0.old ?? "-") → \($0.new ?? "-") (\($0.effect))" }.joined(separator: "\n")
    }
}
