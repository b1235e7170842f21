package import Supervision

/// What an operator, or fate, does to a world at some time. All that it says was decided when the scenario was made, so
/// that a history stays what it was when others are left out of it.
package enum Disturbance: Hashable, Sendable {
    /// Another specification of a service is applied.
    case configure(String, Setting)
    /// The service is taken out of the configuration.
    case remove(String)
    /// A command for some of a service's workers: those of these numbers, as far as there are such.
    case command(Command, String, [Int])
    /// A command for all workers, in the order that their services want.
    case all(Command)
    /// Nobody needs the service any more.
    case sleep(String)
    /// Somebody needs it.
    case wake(String)
    /// Its roll-out is paused, if there is one.
    case pause(String)
    /// Its roll-out goes on.
    case resume(String)
    /// Its roll-out is undone.
    case undo(String)
    /// The supervisor is killed, and another one goes on after this time.
    case supervisorDies(Duration)
    /// The supervisor is not run for this time: all that happens meanwhile is told at once.
    case supervisorStalls(Duration)
    /// All processes of a service's workers are killed at once, as by the kernel in want of memory.
    case massacre(String)
    /// For this time nothing can be executed: there are no processes, no memory or no descriptors left.
    case exhaustion(Duration)

    /// What workers can be told.
    package enum Command: CaseIterable, Hashable, Sendable {
        case start, stop, restart, kill, freeze, thaw, reset
    }

    /// A specification, as far as it matters here.
    package struct Setting: Hashable, Sendable {
        /// Which release its workers run.
        package var release: Release
        package var policy: WorkerPolicy
        package var count: Int
        package var dependencies: [Dependency]
        /// Whether its workers are started only when somebody needs the service, if it is new.
        package var startsAsleep = false
    }

    /// A release of a program.
    package struct Release: Hashable, Sendable {
        package var number: Int
        /// Whether it never becomes ready.
        package var isBad: Bool

        /// What the fleet knows it by.
        package var revision: String { isBad ? "bad-\(number)" : "release-\(number)" }
    }
}

/// A disturbance and its time.
package struct TimedDisturbance: Hashable, Sendable, CustomStringConvertible {
    /// Since the beginning of the world.
    package var at: Duration
    package var disturbance: Disturbance

    package var description: String { "\(at.clock)  \(disturbance)" }
}

extension Disturbance: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configure(let service, let setting):
            "apply \(service): \(setting.count) × \(setting.release.revision), \(setting.policy.brief)"
                + (setting.dependencies.isEmpty
                    ? "" : ", after " + setting.dependencies.map(\.brief).joined(separator: ", "))
        case .remove(let service): "remove \(service)"
        case .command(let command, let service, let numbers):
            "\(command) " + numbers.map { "\(service)/\($0)" }.joined(separator: " ")
        case .all(let command): "\(command) all"
        case .sleep(let service): "\(service) is idle"
        case .wake(let service): "\(service) is needed"
        case .pause(let service): "rollout pause \(service)"
        case .resume(let service): "rollout resume \(service)"
        case .undo(let service): "rollout undo \(service)"
        case .supervisorDies(let time): "the supervisor is killed; the next one is there after \(time)"
        case .supervisorStalls(let time): "the supervisor is not run for \(time)"
        case .massacre(let service): "all of \(service) is killed"
        case .exhaustion(let time): "nothing can be executed for \(time)"
        }
    }
}

extension WorkerPolicy {
    fileprivate var brief: String {
        var parts = ["\(type) ready by \(readiness)"]
        if let watchdog { parts.append("watchdog \(watchdog)") }
        if let health { parts.append("health each \(health.interval)") }
        if let maxAge { parts.append("max_age \(maxAge)") }
        parts.append(
            "restart \(restart.condition.rawValue) \(restart.delay)–\(restart.maximumDelay), "
                + "\(restart.budget) in \(restart.window)")
        parts.append(
            "rollout \(rollout.strategy.rawValue) surge \(rollout.maxSurge) unavailable \(rollout.maxUnavailable) "
                + "min_ready \(rollout.minReady) \(rollout.onFailure)")
        return parts.joined(separator: ", ")
    }
}

extension Dependency {
    fileprivate var brief: String { "\(service) is \(condition)\(isRequired ? ", required" : "")" }
}

extension Duration {
    /// As days and a time of day: `12d 03:04:05.678`.
    package var clock: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        func pad(_ number: Int64, _ digits: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let seconds = milliseconds / 1000
        return "\(seconds / 86400)d \(pad(seconds / 3600 % 24)):\(pad(seconds / 60 % 60)):\(pad(seconds % 60))"
            + ".\(pad(milliseconds % 1000, 3))"
    }
}
