import Supervision

extension ReadyKey {
    var reference: KeyReference {
        switch self {
        case .by:
            KeyReference(
                .choice(WorkerPolicy.Readiness.self), default: "\"exec\"", like: "Type=",
                """
                "exec": as soon as its program is executed. "notify": when it sends READY=1 (sd_notify(3)). "tcp": when it \
                takes a connection. "http": when it answers a request. "command": when a command succeeds. "log": when it \
                prints a line.
                """)
        case .timeout:
            KeyReference(
                .duration, default: "\"60s\"", like: "TimeoutStartSec=",
                "How long it may take before it is stopped as failed.")
        case .interval:
            KeyReference(
                .duration, example: "\"200ms\"",
                """
                With "tcp", "http" and "command": the time from one try to the next, 200 ms if it is not set. There is one at \
                a time; one by tcp or http is given up after 5 s.
                """)
        case .address:
            KeyReference(
                .other("\"host:port\" or \"unix:/path\""), example: "\"127.0.0.1:900{worker}\"",
                """
                With "tcp": where it listens. It should be this worker's own: at a shared socket another one would answer. \
                {service} and {worker} are expanded here and in the next keys.
                """)
        case .url:
            KeyReference(
                .other("URL"), example: "\"http://127.0.0.1:900{worker}/ready\"",
                "With \"http\": what is asked for, by GET; \"http+unix://%2Frun%2Fapp.sock/ready\" for a unix socket.")
        case .status:
            KeyReference(
                .other("statuses such as \"200\", \"200-399\", \"200,204\""), example: "\"200-399\"",
                "With \"http\": which answers are a success; \"200-399\" if it is not set.")
        case .body:
            KeyReference(
                .string, example: "\"ready\"",
                "With \"http\": what the answer's first 64 KiB must contain; without it, anything will do.")
        case .command:
            KeyReference(
                .strings, example: "[\"/usr/local/bin/check\", \"{worker}\"]",
                """
                With "command": program and arguments; exit code 0 is a success. It runs as the worker's user with its \
                environment, in a cgroup below the worker's, within the same limits.
                """)
        case .line:
            KeyReference(
                .string, example: "\"listening on\"", "With \"log\": a text that a line of its output contains.")
        }
    }
}

extension HealthKey {
    /// The ways to ask.
    enum Way: String, CaseIterable { case tcp, http, command }

    var reference: KeyReference {
        switch self {
        case .by: KeyReference(required: .choice(Way.self), example: "\"http\"", "How it is asked, as for ready.")
        case .interval:
            KeyReference(
                .duration, example: "\"10s\"",
                "The time from one probe to the next, 10 s if it is not set. There is one at a time.")
        case .timeout:
            KeyReference(.duration, example: "\"2s\"", "How long an answer may take, 2 s if it is not set.")
        case .failures:
            KeyReference(
                .integer(1...1000), example: "3",
                "After how many failures in a row it is unhealthy, 3 if it is not set.")
        case .successes:
            KeyReference(
                .integer(1...1000), example: "1",
                "After how many successes in a row it is healthy again, 1 if it is not set.")
        case .startGrace:
            KeyReference(
                .duration, example: "\"0s\"",
                "How long after it became ready the first probe is due, at once if it is not set.")
        case .address:
            KeyReference(
                .other("\"host:port\" or \"unix:/path\""), example: "\"127.0.0.1:900{worker}\"",
                "With \"tcp\": where it listens, as for ready.")
        case .url:
            KeyReference(
                .other("URL"), example: "\"http://127.0.0.1:900{worker}/health\"",
                "With \"http\": what is asked for, as for ready.")
        case .status:
            KeyReference(
                .other("statuses such as \"200\", \"200-399\", \"200,204\""), example: "\"200-399\"",
                "With \"http\": which answers are a success, as for ready.")
        case .body:
            KeyReference(
                .string, example: "\"fine\"", "With \"http\": what the answer's first 64 KiB must contain.")
        case .command:
            KeyReference(
                .strings, example: "[\"/usr/local/bin/check\", \"{worker}\"]",
                "With \"command\": program and arguments, as for ready.")
        }
    }
}
