import Logging
import Reactor
import Specification
public import Supervision
import Systemd

/// Why everything stopped though nobody asked for that.
public struct EssentialFailure: Hashable, Sendable, Codable {
    /// The essential worker that failed for good.
    public var worker: WorkerID
    /// The code to exit with: its own, or 128 and the number of the signal that killed it; nil if it had none, or ended
    /// with 0 and too often.
    public var exitCode: Int32?
}

/// In which order services start and stop, and what stops all of them.
extension Supervisor {
    // MARK: Starting

    /// Tells the fleet what comes after what, and then what there is to be, in that order.
    ///
    /// - Parameter configure: is called for each of `services`: first for those that lose workers, of which those come
    ///   first that depend on others, and then for all else, of which those come first that others depend on.
    func configureInOrder(
        _ services: [ServiceSpecification], of all: [ServiceSpecification], _ configure: (ServiceSpecification) -> Void
    ) {
        for service in all { fleet.setDependencies(service.dependencies, of: service.name) }
        let byName = Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0) })
        let names = fleet.inStartOrder(services.map(\.name))
        let shrinking = names.filter { name in
            let count = byName[name]?.workers.resolved(cpus: availableProcessors())
            return count ?? 0 < fleet.wanted(of: name) ?? 0
        }
        for name in shrinking.reversed() + names.filter({ !shrinking.contains($0) }) { byName[name].map(configure) }
        // It may be that only the order has changed, and somebody needs to wait no more.
        perform(fleet.reconsiderOrder(at: Reactor.now))
    }

    /// All that a command is for: with what is started, what that requires; with what is stopped, what requires that.
    func extent(of command: WorkerCommand, on workers: [WorkerID]) -> [WorkerID] {
        switch command {
        case .start: fleet.down(requiredBy: workers) + workers
        case .stop: workers + fleet.up(requiring: workers)
        case .restart:
            // Those that are down are started.
            fleet.down(requiredBy: workers.filter { fleet.worker($0)?.current == nil }) + workers
        case .reset, .kill, .freeze, .thaw, .signal: workers
        }
    }

    // MARK: Stopping

    /// Tells all services to stop, those first that depend on others.
    func removeAll(_ names: [String]) {
        for name in fleet.inStartOrder(names).reversed() { perform(fleet.remove(name, at: Reactor.now)) }
    }

    /// How long the workers may take to stop, by what they were started with: those of services that depend on each
    /// other do so one after another.
    var longestStop: Duration {
        var times: [String: Duration] = [:]
        for incarnation in incarnations.values.joined() {
            let time = incarnation.specification.policy.stopTimeout
            times[incarnation.worker.service] = max(times[incarnation.worker.service] ?? .zero, time)
        }
        let longest = fleet.longestStop(times)
        return longest.time + Self.killMargin * max(0, longest.services - 1)
    }

    /// How long one that is killed may keep others waiting before it is known to hang.
    private static let killMargin = Duration.seconds(10)

    /// Notes it if the worker that has failed is an essential one, so that everything is stopped.
    func noteIfEssential(_ worker: WorkerID) {
        guard phase == .running, specified(worker.service)?.isEssential == true else { return }
        let code: Int32? =
            switch fleet.worker(worker)?.lastEnd?.exit {
            case .code(let code) where code != 0: code
            case .signal(let signal, _): 128 + signal
            case .code, .unknown, nil: nil
            }
        essentialFailure = EssentialFailure(worker: worker, exitCode: code)
        unwritten.totals = true
    }

    /// Stops everything if that was noted of the worker that has failed.
    func stopIfEssential(_ worker: WorkerID) {
        guard phase == .running, let failure = essentialFailure, failure.worker == worker else { return }
        let code = failure.exitCode
        events.log(
            .error, .essential, "\(worker) is essential and has failed, so everything stops", worker,
            more: code.map { ["exit-code": "\($0)"] } ?? [:])
        stop()
    }
}
