import Testing

/// A change of one key, and how a plan tells of it.
struct PlanKeyExample: Sendable, CustomTestStringConvertible {
    /// The key that is changed, as in the file.
    let key: String
    /// Lines in the service's table, or in the document for a key outside of services.
    let before: String
    let after: String
    /// The change as `key: old → new (effect)`; `-` is no value.
    let change: String

    var testDescription: String { key }

    init(_ key: String, _ before: String, _ after: String, _ change: String) {
        self.key = key
        self.before = before
        self.after = after
        self.change = change
    }

    /// One that running workers take.
    ///
    /// - Parameters:
    ///   - rest: What else the key's table has, and needs.
    ///   - old: The key's value in the file; nil if it isn't there.
    ///   - change: The change as `old → new`.
    static func live(
        _ key: String, in rest: String = "", from old: String? = nil, to new: String? = nil, _ change: String
    ) -> PlanKeyExample {
        example(key, rest, old, new, "\(change) (live)")
    }

    /// One for which workers are replaced; the parameters are the same.
    static func replace(
        _ key: String, in rest: String = "", from old: String? = nil, to new: String? = nil, _ change: String
    ) -> PlanKeyExample {
        example(key, rest, old, new, "\(change) (replace)")
    }

    private static func example(
        _ key: String, _ rest: String, _ old: String?, _ new: String?, _ change: String
    ) -> PlanKeyExample {
        if rest.isEmpty {
            func line(_ value: String?) -> String { value.map { "\(key) = \($0)" } ?? "" }
            return PlanKeyExample(key, line(old), line(new), "\(key): \(change)")
        }
        let parts = key.split(separator: ".")
        let (table, name) = (parts.dropLast().joined(separator: "."), parts[parts.count - 1])
        func lines(_ value: String?) -> String {
            let members = rest + (value.map { ", \(name) = \($0)" } ?? "")
            return switch table {
            // What these need besides.
            case "socket": "socket = [{ \(members) }]"
            case "control.tls": "control = { listen = \":1\", tls = { \(members) } }"
            default: "\(table) = { \(members) }"
            }
        }
        let changed = table == "socket" ? "socket.web.\(name)" : key
        return PlanKeyExample(key, lines(old), lines(new), "\(changed): \(change)")
    }
}

/// An example for each key.
extension PlanKeyExample {
    static let ofServices: [PlanKeyExample] = [
        .replace("command", to: #"["a", "\""]"#, #"["app"] → ["a", "\""]"#),
        PlanKeyExample(
            "type", "", #"type = "oneshot""#,
            """
            ready.by: "exec" → - (live)
            ready.timeout: "1min" → - (live)
            restart.policy: "always" → "on-failure" (live)
            type: "service" → "oneshot" (replace)
            """),
        PlanKeyExample(
            "after", #"after = { db = "started" }"#, #"after = { db = "ready" }"#,
            #"after.db: "started" → "ready" (live)"#),
        PlanKeyExample(
            "requires", #"requires.job = "completed""#, #"requires = { db = "ready" }"#,
            """
            requires.db: - → "ready" (live)
            requires.job: "completed" → - (live)
            """),
        .live("essential", to: "true", "false → true"),
        .live("workers", to: #""cpus""#, #"1 → "cpus""#),
        .replace("directory", from: #""/a""#, #""/a" → -"#),
        PlanKeyExample(
            "environment", #"environment.A = "secret""#, #"environment.A = "other""#, "environment.A: - → - (replace)"),
        .replace("environment_file", to: #""-/a""#, #"- → "-/a""#),
        .replace("user", to: #""a""#, #"- → "a""#),
        .replace("group", from: #""1""#, to: #""2""#, #""1" → "2""#),
        .replace("supplementary_groups", to: #"["a", 7]"#, #"[] → ["a", "7"]"#),
        .replace("umask", from: #""27""#, to: #""0""#, #""0027" → "0000""#),
        .replace(
            "capabilities", from: #"["CAP_KILL", "CAP_CHOWN"]"#, to: #""all""#, #"["CAP_CHOWN", "CAP_KILL"] → "all""#),
        .replace("no_new_privileges", to: "false", "true → false"),
        .replace("credentials", to: #"["a"]"#, #"[] → ["a"]"#),
        .replace("nice", to: "-5", "- → -5"),
        .replace("oom_score_adj", from: "500", "500 → -"),
        .replace("cpu_affinity", from: "[3, 1, 0, 3]", to: #""1-2,3-4,7""#, #""0-1,3" → "1-4,7""#),
        .replace("cpu_scheduling_policy", to: #""batch""#, #"- → "batch""#),
        PlanKeyExample(
            "cpu_scheduling_priority", #"cpu_scheduling_policy = "fifo""#,
            """
            cpu_scheduling_policy = "fifo"
            cpu_scheduling_priority = 9
            """, "cpu_scheduling_priority: - → 9 (replace)"),
        .replace("io_scheduling_class", to: #""best-effort""#, #"- → "best-effort""#),
        PlanKeyExample(
            "io_scheduling_priority", #"io_scheduling_class = "realtime""#,
            """
            io_scheduling_class = "realtime"
            io_scheduling_priority = 0
            """, "io_scheduling_priority: - → 0 (replace)"),
        .replace("rlimits.as", to: #""2G""#, #"- → "2G""#),
        .replace("rlimits.core", from: "0", to: #""0:infinity""#, #""0" → "0:infinity""#),
        .replace("rlimits.cpu", to: #""60:90""#, #"- → "60:90""#),
        .replace("rlimits.data", to: "4096", #"- → "4K""#),
        .replace("rlimits.fsize", to: #""1T""#, #"- → "1T""#),
        .replace("rlimits.locks", to: "7", "- → 7"),
        .replace("rlimits.memlock", from: #""64K:1M""#, to: #""infinity""#, #""64K:1M" → "infinity""#),
        .replace("rlimits.msgqueue", to: "1", #"- → "1""#),
        .replace("rlimits.nice", to: "40", "- → 40"),
        .replace("rlimits.nofile", from: #""1024:4096""#, to: #""4096""#, #""1024:4096" → 4096"#),
        .replace("rlimits.nproc", from: "9", "9 → -"),
        .replace("rlimits.rss", to: #""1G""#, #"- → "1G""#),
        .replace("rlimits.rtprio", to: "5", "- → 5"),
        .replace("rlimits.rttime", to: "200000", "- → 200000"),
        .replace("rlimits.sigpending", to: #""infinity""#, #"- → "infinity""#),
        .replace("rlimits.stack", to: #""8M:infinity""#, #"- → "8M:infinity""#),
        .replace("watchdog", to: "90", #"- → "1min 30s""#),
        .live("max_age", from: #""1h""#, to: #""2h""#, #""1h" → "2h""#),
        PlanKeyExample(
            "max_age_jitter", "max_age = 60",
            """
            max_age = 60
            max_age_jitter = 0.5
            """, "max_age_jitter: 0.1 → 0.5 (live)"),
        .live("healthy_percentage", to: "99.5", "50 → 99.5"),
        .live("introspect", to: #""http://a""#, #"- → "http://a""#),
        .live("ready.by", to: #""notify""#, #""exec" → "notify""#),
        .live("ready.timeout", to: "10", #""1min" → "10s""#),
        .live("ready.interval", in: #"by = "tcp", address = "a:1""#, to: "1", #""200ms" → "1s""#),
        .live("ready.address", in: #"by = "tcp""#, from: #""a:1""#, to: #""a:2""#, #""a:1" → "a:2""#),
        .live("ready.url", in: #"by = "http""#, from: #""http://a""#, to: #""http://b""#, #""http://a" → "http://b""#),
        .live(
            "ready.status", in: #"by = "http", url = "http://a""#, to: #""200, 301-302""#, #""200-399" → "200,301-302""#
        ),
        .live("ready.body", in: #"by = "http", url = "http://a""#, to: #""ok""#, #"- → "ok""#),
        .live("ready.command", in: #"by = "command""#, from: #"["a"]"#, to: #"["b"]"#, #"["a"] → ["b"]"#),
        .live("ready.line", in: #"by = "log""#, from: #""a""#, to: #""b""#, #""a" → "b""#),
        .live("health.interval", in: #"by = "http", url = "http://a""#, to: "1", #""10s" → "1s""#),
        .live("health.timeout", in: #"by = "http", url = "http://a""#, to: "1", #""2s" → "1s""#),
        .live("health.failures", in: #"by = "http", url = "http://a""#, to: "1", "3 → 1"),
        .live("health.successes", in: #"by = "http", url = "http://a""#, to: "2", "1 → 2"),
        .live("health.start_grace", in: #"by = "http", url = "http://a""#, to: "1", #""0s" → "1s""#),
        .live("health.status", in: #"by = "http", url = "http://a""#, to: #""200""#, #""200-399" → "200""#),
        .live("health.body", in: #"by = "http", url = "http://a""#, to: #""ok""#, #"- → "ok""#),
        .live("health.url", in: #"by = "http""#, from: #""http://a""#, to: #""http://b""#, #""http://a" → "http://b""#),
        .live("health.address", in: #"by = "tcp""#, from: #""a:1""#, to: #""a:2""#, #""a:1" → "a:2""#),
        .live("health.command", in: #"by = "command""#, from: #"["a"]"#, to: #"["b"]"#, #"["a"] → ["b"]"#),
        PlanKeyExample(
            "health.by", #"health = { by = "tcp", address = "a:1" }"#, #"health = { by = "command", command = ["a"] }"#,
            """
            health.address: "a:1" → - (live)
            health.by: "tcp" → "command" (live)
            health.command: - → ["a"] (live)
            """),
        .live("limits.memory_max", from: #""0.5G""#, to: #""infinity""#, #""512M" → "infinity""#),
        .live("limits.memory_high", to: "1000", #"- → "1000""#),
        .live("limits.memory_swap_max", from: "0", #""0" → -"#),
        .live("limits.cpu_max", to: #""12.5%""#, #"- → "12.5%""#),
        .live("limits.cpu_weight", to: "7", "- → 7"),
        .live("limits.tasks_max", to: "7", "- → 7"),
        .live("limits.io_weight", to: "7", "- → 7"),
        .live("limits.cpuset_cpus", from: "[0, 1, 2]", to: #""3""#, #""0-2" → "3""#),
        .live("limits.cpuset_mems", from: #""0""#, #""0" → -"#),
        .live("restart.policy", to: #""never""#, #""always" → "never""#),
        .live("restart.delay", to: "1.5", #""100ms" → "1s 500ms""#),
        .live("restart.max_delay", to: #""1d""#, #""30s" → "1d""#),
        .live("restart.multiplier", to: "1.5", "2 → 1.5"),
        .live("restart.jitter", to: "0", "0.1 → 0"),
        .live("restart.budget", to: "3", "10 → 3"),
        .live("restart.window", to: "7200", #""1min" → "2h""#),
        .live("restart.success_exit_codes", to: "[3, 0]", "[0] → [0, 3]"),
        PlanKeyExample(
            "rollout.strategy", "", #"rollout.strategy = "blue-green""#,
            """
            rollout.max_surge: 1 → - (live)
            rollout.max_unavailable: 0 → - (live)
            rollout.strategy: "rolling" → "blue-green" (live)
            """),
        .live("rollout.max_surge", to: #""12.5%""#, #"1 → "12.5%""#),
        .live("rollout.max_unavailable", to: "2", "0 → 2"),
        .live("rollout.parallel", to: "1", "- → 1"),
        .live("rollout.min_ready", to: "90", #""0s" → "1min 30s""#),
        .live("rollout.failures", to: "1", "3 → 1"),
        .live("rollout.on_failure", to: #""rollback""#, #""stop" → "rollback""#),
        .live("stop.signal", to: "2", #""SIGTERM" → "SIGINT""#),
        .live("stop.timeout", to: "0.0001", #""10s" → "100us""#),
        PlanKeyExample(
            "socket.listen", #"socket = [{ name = "a b", listen = ":1" }]"#,
            #"socket = [{ name = "a b", listen = ":2" }]"#, #"socket."a b".listen: ":1" → ":2" (replace)"#),
        .live("socket.backlog", in: #"listen = ":1""#, to: "9", "4096 → 9"),
        PlanKeyExample(
            "socket.name", #"socket = [{ name = "a", listen = ":1" }]"#, #"socket = [{ name = "b", listen = ":1" }]"#,
            """
            socket: ["a"] → ["b"] (replace)
            socket.a.backlog: 4096 → - (live)
            socket.a.free_bind: false → - (live)
            socket.a.listen: ":1" → - (replace)
            socket.a.non_blocking: false → - (live)
            socket.a.reuse_port: false → - (replace)
            socket.a.stdin: false → - (replace)
            socket.a.type: "stream" → - (replace)
            socket.b.backlog: - → 4096 (live)
            socket.b.free_bind: - → false (live)
            socket.b.listen: - → ":1" (replace)
            socket.b.non_blocking: - → false (live)
            socket.b.reuse_port: - → false (replace)
            socket.b.stdin: - → false (replace)
            socket.b.type: - → "stream" (replace)
            """),
        PlanKeyExample(
            "socket.from_systemd", #"socket = [{ from_systemd = "a" }]"#, #"socket = [{ from_systemd = "b" }]"#,
            #"socket.web.from_systemd: "a" → "b" (replace)"#),
        .replace("socket.type", in: #"listen = "unix:/s""#, to: #""seqpacket""#, #""stream" → "seqpacket""#),
        .replace("socket.reuse_port", in: #"listen = ":1""#, to: "true", "false → true"),
        .live("socket.mode", in: #"listen = "unix:/s""#, to: #""0660""#, #"- → "0660""#),
        .live("socket.user", in: #"listen = "unix:/s""#, from: #""a""#, to: #""1""#, #""a" → "1""#),
        .live("socket.group", in: #"listen = "unix:/s""#, from: #""a""#, #""a" → -"#),
        .live("socket.free_bind", in: #"listen = ":1""#, from: "true", "true → false"),
        .live("socket.defer_accept", in: #"listen = ":1""#, from: "true", to: #""5s""#, #""30s" → "5s""#),
        .live("socket.non_blocking", in: #"listen = ":1""#, to: "true", "false → true"),
        .replace("socket.stdin", in: #"listen = ":1""#, to: "true", "false → true"),
        .replace("port.start", to: "8000", "- → 8000"),
        PlanKeyExample(
            "on_demand", #"socket = [{ listen = ":1" }]"#,
            """
            on_demand = true
            socket = [{ listen = ":1" }]
            """,
            """
            idle_timeout: - → "5min" (live)
            on_demand: false → true (live)
            """),
        PlanKeyExample(
            "idle_timeout",
            """
            on_demand = true
            socket = [{ listen = ":1" }]
            """,
            """
            on_demand = true
            idle_timeout = "infinity"
            socket = [{ listen = ":1" }]
            """, #"idle_timeout: "5min" → "infinity" (live)"#),
        .live("fd_store_max", to: "7", "0 → 7"),
        .replace("sandbox.private_tmp", in: "private_network = true", to: "true", "false → true"),
        .replace("sandbox.protect_system", from: "true", to: #""strict""#, #"true → "strict""#),
        .replace("sandbox.protect_home", from: #""tmpfs""#, to: #""read-only""#, #""tmpfs" → "read-only""#),
        .replace("sandbox.read_only_paths", from: #"["/a"]"#, to: #"["-/b"]"#, #"["/a"] → ["-/b"]"#),
        .replace("sandbox.read_write_paths", from: #"["/a"]"#, to: #"["/a", "/b"]"#, #"["/a"] → ["/a", "/b"]"#),
        .replace("sandbox.inaccessible_paths", from: #"["/a"]"#, to: #"["/b"]"#, #"["/a"] → ["/b"]"#),
        .replace("sandbox.private_devices", in: "private_tmp = true", to: "true", "false → true"),
        .replace("sandbox.private_network", in: "private_tmp = true", to: "true", "false → true"),
        .replace("sandbox.protect_control_groups", in: "private_tmp = true", to: "true", "false → true"),
        .replace("sandbox.landlock.read_only", in: #"execute = ["/"]"#, to: #"["/a"]"#, #"- → ["/a"]"#),
        .replace("sandbox.landlock.read_write", in: #"execute = ["/"]"#, to: #"["/a"]"#, #"- → ["/a"]"#),
        .replace("sandbox.landlock.execute", from: #"["/a"]"#, to: #"["/b"]"#, #"["/a"] → ["/b"]"#),
        .replace("sandbox.landlock.tcp_bind", from: "[]", to: "[80]", "[] → [80]"),
        .replace("sandbox.landlock.tcp_connect", from: "[1]", to: "[]", "[1] → []"),
        .replace("sandbox.landlock.scoped", in: "tcp_bind = []", to: #"["signal"]"#, #"- → ["signal"]"#),
        .replace(
            "sandbox.system_call_filter", from: #"["@system-service"]"#, to: #"["~@mount"]"#,
            #"["@system-service"] → ["~@mount"]"#),
        .replace(
            "sandbox.system_call_error_number", in: #"system_call_filter = ["~@mount"]"#, to: #""EPERM""#,
            #""kill" → "EPERM""#),
        .replace("sandbox.best_effort", in: "private_tmp = true", to: "true", "false → true"),
        .replace("log.to", from: #""none""#, to: #""journal""#, #""none" → "journal""#),
        .replace("log.file", from: #""/a""#, to: #""/b""#, #""/a" → "/b""#),
    ]

    static let ofRoot: [PlanKeyExample] = [
        .live("healthy_percentage", to: "0", "50 → 0"),
        .live("control.group", to: #""a""#, #"- → "a""#),
        .live("control.read_only_group", to: #""a""#, #"- → "a""#),
        PlanKeyExample(
            "control.allow", "control.allow = { alice = [] }", #"control.allow = { alice = ["w*"] }"#,
            #"control.allow.alice: [] → ["w*"] (live)"#),
        .live(
            "control.listen", in: #"token_file = "/t""#, from: #""127.0.0.1:1""#, to: #""[::1]:1""#,
            #""127.0.0.1:1" → "[::1]:1""#),
        .live("control.token_file", in: #"listen = "127.0.0.1:1""#, from: #""/t""#, to: #""/u""#, #""/t" → "/u""#),
        .live(
            "control.tls.certificate", in: #"key = "/k", client_ca = "/ca""#, from: #""/a""#, to: #""/b""#,
            #""/a" → "/b""#),
        .live(
            "control.tls.key", in: #"certificate = "/a", client_ca = "/ca""#, from: #""/k""#, to: #""/l""#,
            #""/k" → "/l""#),
        .live(
            "control.tls.client_ca", in: #"certificate = "/a", key = "/k""#, from: #""/ca""#, to: #""/cb""#,
            #""/ca" → "/cb""#),
        .live("metrics.listen", to: #""localhost:1""#, #"- → "localhost:1""#),
        .live("metrics.aliases", to: #"["monoceros"]"#, #"[] → ["monoceros"]"#),
    ]
}
