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
        let change = SpecificationChange(from: specification, to: new)
        specification = new
        for name in change.names(where: { $0 == .removed }) { perform(fleet.remove(name, at: Reactor.now)) }
        for service in new.services {
            switch change.services[service.name] {
            case .added: add(service)
            case .changed(let countOnly):
                services[service.name]?.specification = service
                configure(service, replacesWorkers: !countOnly)
            case .removed, .unchanged, nil: break
            }
        }
        events.log(.notice, .reloaded, "reloaded: \(change.summary)")
        return change.summary
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

extension SpecificationChange {
    /// As in `added a; changed b, c; 4 unchanged`.
    var summary: String {
        let kinds: [(String, [String])] = [
            ("added", names { $0 == .added }), ("removed", names { $0 == .removed }),
            ("changed", names { if case .changed = $0 { true } else { false } }),
        ]
        var parts = kinds.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
        parts.append("\(names { $0 == .unchanged }.count) unchanged")
        return parts.joined(separator: "; ")
    }
}
