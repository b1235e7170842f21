import Cadre
import Glibc
import Simulation
import Specification
import Supervision

/// What an operator, or fate, does to a world. All that it says was decided when the scenario was made, so that a history
/// stays what it was when others are left out of it.
enum DriverDisturbance: Sendable {
    /// From the beginning on, the service's programs do wrong: they crash, hang, say nothing.
    case misbehaviour(String)
    case command(WorkerCommand, WorkerID)
    /// Another specification of a service.
    case apply(ServiceSpecification)
    case scale(String, Int)
    /// The service is taken out of the configuration.
    case remove(String)
    /// Another program takes the supervisor's place.
    case upgrade
    /// The supervisor is killed once it has made so many calls, or as it sleeps; that last call is still made, or not.
    case death(calls: Int, isLastMade: Bool)
    /// For these seconds something of the kernel fails.
    case failure(Failure, Double)
    /// All processes of a service's workers are killed at once.
    case massacre(String)
    /// For these seconds whatever is executed for a service crashes at once.
    case flapping(String, Double)
    /// Somebody sets the clock, by these seconds.
    case clock(Double)

    /// What fails.
    enum Failure: Sendable {
        case spawn(Int32)
        /// There is no room on the disk.
        case journal
        /// Descriptors can't be had, with this probability.
        case descriptors(Double)
        /// The next supervisor doesn't get the one after so many.
        case oneDescriptor(Int)
        /// Directories can't be made and watches not be added, with this probability.
        case directories(Double)
        /// What workers say is lost, with this probability.
        case messages(Double)
        /// What is told of watched files is too much to be kept.
        case watches
    }
}

/// A disturbance and its time.
package struct TimedDriverDisturbance: Sendable, CustomStringConvertible {
    /// Its place among all of the world's, by which it can be asked for.
    package let index: Int
    /// Seconds since the beginning of the world.
    let at: Double
    let what: DriverDisturbance

    /// Whether it is there from the beginning to the end.
    package var isLasting: Bool { at == 0 }

    /// Whether it happens in a world that lasts so many hours.
    package func isBefore(hours: Double) -> Bool { at < hours * 3600 }

    package var description: String { "\(index): \(Duration.seconds(at).clock)  \(what)" }
}

extension DriverDisturbance: CustomStringConvertible {
    var description: String {
        switch self {
        case .misbehaviour(let service): "the programs of \(service) do wrong"
        case .command(let command, let worker): "\(command) \(worker)"
        case .apply(let service): "apply \(service.brief)"
        case .scale(let service, let count): "scale \(service) to \(count)"
        case .remove(let service): "remove \(service)"
        case .upgrade: "upgrade"
        case .death(let calls, let isLastMade):
            calls == 0
                ? "the supervisor is killed when it sleeps"
                : "the supervisor is killed \(isLastMade ? "after" : "before") the call after \(calls) more, or when it sleeps"
        case .failure(let failure, let time): "for \(time) s: \(failure) fails"
        case .massacre(let service): "all of \(service) is killed"
        case .flapping(let service, let time): "for \(time) s: what is executed for \(service) crashes at once"
        case .clock(let time): "the clock is set by \(time) s"
        }
    }
}

extension ServiceSpecification {
    /// What matters of it here.
    var brief: String {
        var parts = ["\(name): \(workers) × \(command[0]), ready by \(policy.readiness), stop \(policy.stopTimeout)"]
        if let watchdog = policy.watchdog { parts.append("watchdog \(watchdog)") }
        if let maxAge = policy.maxAge { parts.append("max_age \(maxAge)") }
        let (restart, rollout) = (policy.restart, policy.rollout)
        parts.append("restart after \(restart.delay), \(restart.budget) in \(restart.window)")
        parts.append(
            "rollout \(rollout.strategy.rawValue) surge \(rollout.maxSurge) min_ready \(rollout.minReady) \(rollout.onFailure)"
        )
        return parts.joined(separator: ", ")
    }
}
