import ControlGroups
import Logging
import Specification
import Supervision
import Systemd

/// Limits of incarnations that run.
extension Supervisor {
    /// Writes limits to the cgroups of all that runs of services.
    ///
    /// - Throws: ``CommandError/failed(_:)``; then all is as it was.
    func setLimits(_ limits: [(service: String, limits: ResourceLimits)]) throws(CommandError) {
        var changed: [(incarnation: LiveIncarnation, old: ResourceLimits)] = []
        for (service, new) in limits {
            for incarnation in live(of: service) where incarnation.limits != new {
                changed.append((incarnation, incarnation.limits))
                do {
                    try setLimits(new, of: incarnation)
                } catch {
                    for (incarnation, old) in changed.reversed() { restoreLimits(old, of: incarnation) }
                    throw .failed("\(incarnation.worker): \(error); no limit is changed")
                }
            }
        }
    }

    private func live(of service: String) -> [LiveIncarnation] {
        incarnations.filter { $0.key.service == service }.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private func setLimits(_ new: ResourceLimits, of incarnation: LiveIncarnation) throws {
        // So often it was touched under the former limit.
        if incarnation.limits.memoryHigh != new.memoryHigh {
            incarnation.memoryHighTouches = (try? incarnation.group.memoryEvents())?.high ?? 0
        }
        let old = incarnation.limits
        unwritten.workers.insert(incarnation.worker)
        incarnation.limits = new
        let leftOut = try new.applyChanges(
            from: old, to: incarnation.group, available: root.available, unavailable: root.unavailable,
            bestEffort: options.isBestEffort)
        for error in leftOut { events.log(.warning, .limitLeftOut, "\(error)", incarnation.worker, incarnation.number) }
        try watchLimits(of: incarnation)
    }

    private func restoreLimits(_ old: ResourceLimits, of incarnation: LiveIncarnation) {
        // What one couldn't write, another error than that wouldn't tell more.
        _ = try? old.applyChanges(
            from: incarnation.limits, to: incarnation.group, available: root.available, unavailable: root.unavailable,
            bestEffort: true)
        incarnation.limits = old
    }

    /// That no worker of a service holds more memory than it may have from now on.
    ///
    /// - Throws: ``CommandError/conflict(_:)`` that says which one.
    func requireRoom(for limits: ResourceLimits, in service: String) throws(CommandError) {
        guard case .bytes(let max)? = limits.memoryMax else { return }
        for incarnation in live(of: service) {
            // What can be dropped without harm doesn't count.
            guard let held = (try? incarnation.group.memoryStatistics())?.workingSet, held > max else { continue }
            throw .conflict(
                "\(incarnation.worker) holds \(SizeFormat.format(held)), more than \(SizeFormat.format(max)), "
                    + "and would be killed; choose a higher memory_max, or force it")
        }
    }
}
