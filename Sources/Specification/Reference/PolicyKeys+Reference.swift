import Supervision

extension RestartKey {
    var reference: KeyReference {
        switch self {
        case .policy:
            KeyReference(
                .choice(RestartPolicy.Condition.self), default: "\"always\"", like: "Restart=",
                "After which ends it is restarted; \"on-failure\" is after those that are no success.")
        case .delay:
            KeyReference(
                .duration, default: "\"100ms\"", like: "RestartSec=",
                "The first restart is immediate. The second in a row waits this long, and each further one longer.")
        case .maxDelay:
            KeyReference(
                .duration, default: "\"30s\"", like: "RestartMaxDelaySec= (systemd 254)", "No wait is longer than this."
            )
        case .multiplier:
            KeyReference(.number(1...1000), default: "2", "By which factor a wait is longer than the one before.")
        case .jitter:
            KeyReference(
                .number(0...1), default: "0.1",
                "By which part a wait varies at random, so that many workers don't restart at the same time.")
        case .budget:
            KeyReference(
                .integer(0...1_000_000), default: "10", like: "StartLimitBurst=",
                "A worker that restarts more often than this within the window is failed; its siblings go on.")
        case .window:
            KeyReference(
                .duration, default: "\"1min\"", like: "StartLimitIntervalSec=",
                "How long a restart counts. After this time ready, a worker is stable, and its waits begin anew.")
        case .successExitCodes:
            KeyReference(
                .other("array of integers, 0 to 255"), default: "[0]", like: "SuccessExitStatus=",
                """
                Exit codes that are a success. Death by SIGHUP, SIGINT, SIGTERM or SIGPIPE is one as well, but for a oneshot.
                """)
        }
    }
}

extension RolloutKey {
    var reference: KeyReference {
        switch self {
        case .strategy:
            KeyReference(
                .choice(RolloutPolicy.Strategy.self), default: "\"rolling\"",
                """
                "rolling": some at a time. "blue-green": all successors are started, and take over together when all are \
                ready; this is for releases, all else is still replaced one after another.
                """)
        case .maxSurge:
            KeyReference(
                .other("integer, or percentage such as \"25%\""), default: "1",
                """
                How many successors may run beside their predecessors, which are stopped when those are ready: a number, or a \
                share, rounded up. With 0, predecessors are stopped first. Not with "blue-green".
                """)
        case .maxUnavailable:
            KeyReference(
                .other("integer, or percentage such as \"25%\""), default: "0",
                """
                How many workers may be down for being replaced: a number, or a share, rounded down. Not with "blue-green".
                """)
        case .parallel:
            KeyReference(
                .integer(1...1_000_000), example: "1",
                """
                How many workers are replaced at a time. Without it, as many as the two above allow; with it alone, max_surge \
                is as much. Not with "blue-green".
                """)
        case .minReady:
            KeyReference(
                .duration, default: "0",
                "How long a worker must stay ready before it counts; its predecessor serves on until then.")
        case .failures:
            KeyReference(
                .integer(1...1_000_000), default: "3",
                """
                After how many failures in a row of one worker the release has failed: it ended or was not ready in time. \
                Nothing else is replaced then, and what is started from then on runs the release before.
                """)
        case .onFailure:
            KeyReference(
                .choice(RolloutPolicy.FailureAction.self), default: "\"stop\"",
                """
                What becomes of the workers that run the failed release: "stop" leaves them, "rollback" replaces them back.
                """)
        }
    }
}

extension StopKey {
    var reference: KeyReference {
        switch self {
        case .signal:
            KeyReference(
                .other("signal"), default: "\"TERM\"", like: "KillSignal=",
                "The signal that asks it to: a name with or without \"SIG\", or a number.")
        case .timeout:
            KeyReference(
                .duration, default: "\"10s\"", like: "TimeoutStopSec=",
                """
                When it must be gone; then the kernel kills everything in its cgroup. It may put that off \
                (EXTEND_TIMEOUT_USEC=), as it may its start, to ten times of it at the most.
                """)
        }
    }
}
