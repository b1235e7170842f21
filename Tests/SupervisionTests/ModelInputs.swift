@testable import Supervision

extension WorkerInput {
    var number: UInt64? {
        switch self {
        case .start, .stop, .remove, .replace, .kill, .freeze, .thaw, .reset, .hold, .sleep, .takeOver, .giveUp,
            .policyChanged, .healthPolicyChanged:
            nil
        case .spawned(let number), .spawnFailed(let number, _), .ready(let number), .stopping(let number),
            .watchdog(let number), .watchdogTrigger(let number), .extendTimeout(let number, _),
            .memoryHigh(let number), .unhealthy(let number), .probed(let number, _, _), .leaderExited(let number, _),
            .gone(let number, _, _):
            number
        case .deadline(let deadline): deadline.number
        }
    }

    var mayComeTwice: Bool {
        switch self {
        case .ready, .stopping, .watchdog, .watchdogTrigger, .memoryHigh, .gone, .extendTimeout, .spawnFailed: true
        case .start, .stop, .remove, .replace, .kill, .freeze, .thaw, .reset, .hold, .sleep, .takeOver, .giveUp,
            .policyChanged, .spawned, .leaderExited,
            .deadline,
            .healthPolicyChanged, .probed, .unhealthy:
            false
        }
    }
}

extension WorkerDeadline {
    var number: UInt64? {
        switch self {
        case .restart: nil
        case .phase(let number), .watchdog(let number), .probe(let number), .age(let number): number
        }
    }
}
