import Logging
import Reactor
public import Specification
import Supervision
import Systemd

/// Changes of what is to run.
extension Supervisor {
    /// Reads the specification again and changes what runs to it (see ``apply(_:)``); if it's wrong nothing changes.
    ///
    /// - Throws: what is wrong with the specification, or that there is nothing to read. It has been logged.
    /// - Returns: what changes, in words.
    @discardableResult
    public func reload() throws -> String {
        manager.reloading()
        defer { manager.ready() }
        do {
            guard phase == .running else { throw ReloadError.notRunning }
            guard let read = options.reload else { throw ReloadError.noSource }
            return apply(try read())
        } catch {
            events.log(.error, .reloadRejected, "reload rejected, nothing is changed: \(error)")
            throw error
        }
    }

    /// Changes what runs to `new`: adds and stops services, changes the count of workers, and replaces workers whose
    /// service changed otherwise one after another, each when its successor is ready. What is the same stays untouched.
    ///
    /// - Returns: what changes, in words.
    @discardableResult
    public func apply(_ new: Specification) -> String {
        guard phase == .running else { return "nothing, as the supervisor is stopping" }
        let plan = Plan(from: specification, to: new, cpus: availableProcessors())
        specification = new
        let planned = Dictionary(uniqueKeysWithValues: plan.services.map { ($0.name, $0) })
        for service in plan.services where service.action == .remove {
            perform(fleet.remove(service.name, at: Reactor.now))
        }
        for service in new.services {
            guard let plan = planned[service.name] else { continue }
            switch plan.action {
            case .add: add(service)
            case .change:
                services[service.name]?.specification = service
                configure(service, replacesWorkers: plan.changes.contains { $0.key != "workers" })
            case .remove, .untouched: break
            }
        }
        events.log(.notice, .reloaded, "reloaded: \(plan.summary)")
        return plan.summary
    }

    func add(_ specification: ServiceSpecification) {
        // There may be one that was removed a moment ago and is still on its way out.
        services[specification.name]?.specification = specification
        configure(specification, replacesWorkers: false)
    }

    private func configure(_ service: ServiceSpecification, replacesWorkers: Bool) {
        let count = service.workers.resolved(cpus: availableProcessors())
        perform(
            fleet.configure(
                service.name, policy: service.policy, count: count, replacesWorkers: replacesWorkers, at: Reactor.now))
    }
}

/// A reload that can't be.
enum ReloadError: Error, CustomStringConvertible {
    case notRunning
    case noSource

    var description: String {
        switch self {
        case .notRunning: "the supervisor is stopping"
        case .noSource: "this supervisor was given its services directly, there is no file to read again"
        }
    }
}
