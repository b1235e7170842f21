import ControlGroups
import Logging
import Supervision
import Systemd

/// Incarnations that are in the tree of cgroups and not in what the supervisor before wrote down.
///
/// Mostly it was killed a moment after it started one, and the worker's machine is about to ask for the same. But if there
/// was no room for what it had to write, it may have done anything meanwhile; then none that runs is ended because nobody
/// knows of it. Each waits until its worker is to be started again, which takes it over, or until that is stopped or
/// removed.
extension Supervisor {
    /// Keeps incarnations that nobody knows until it's clear whether they are wanted.
    func setAside(
        _ id: WorkerID, _ groups: [UInt64: String], _ service: Service
    ) throws {
        for (number, _) in groups.sorted(by: { $0.key < $1.key }) {
            guard let live = try open(id, number, nil, service, nil) else { continue }
            unclaimed[id, default: []].append(live)
            if !knowsAll, runs(live) { fleet.noteRunning(id, number) }
        }
    }

    /// Does so with those of a service that nobody knows.
    func setAside(_ name: String) {
        guard services[name] == nil, unclaimed.keys.allSatisfy({ $0.service != name }),
            (try? root.leftovers().contains(name)) == true
        else { return }
        do {
            let service = try service(named: name)
            for group in try service.group.children() {
                guard let (worker, number) = LiveIncarnation.parse(groupName: group, of: name) else { continue }
                try setAside(worker, [number: group], service)
            }
        } catch {
            events.log(.warning, .trouble, "\(name): what runs of it can't be taken over: \(error)", service: name)
        }
    }

    /// The incarnation that is to be started, if it runs already.
    func claim(_ id: WorkerID, _ number: UInt64) throws -> LiveIncarnation? {
        guard let live = unclaimed[id]?.first(where: { $0.number == number }) else { return nil }
        unclaimed[id]?.removeAll { $0 === live }
        if live.leader == nil, live.exit == nil, let service = services[id.service] {
            launcher.release(live)
            try service.group.removeTree(childNamed: LiveIncarnation.groupName(id, number))
            return nil
        }
        try resumeLog(of: live)
        return live
    }

    /// Whether an incarnation's leader lives.
    private func runs(_ live: LiveIncarnation) -> Bool { live.leader.map { !$0.hasEnded } ?? false }

    /// Ends those that nobody wants, once it's clear which these are; if it is unknown what is wanted, only those that were
    /// followed by another one.
    func endUnclaimed() {
        for (id, all) in unclaimed {
            let newest = knowsAll ? nil : all.last(where: runs)
            let isLate = newest.map { $0.number <= fleet.worker(id)?.lastNumber ?? 0 } ?? true
            for live in all where isLate || live !== newest { abandon(live) }
            unclaimed[id] = isLate ? nil : newest.map { [$0] }
        }
        guard !knowsAll else { return }
        var unknown = unclaimed.keys.sorted().map { "\($0)" }
        unknown += ((try? root.leftovers()) ?? []).filter { services[$0] == nil }
        if unknown.isEmpty {
            knowsAll = true
            return markRoot(asIncomplete: false)
        }
        events.log(
            .warning, .trouble,
            "\(unknown.joined(separator: ", ")): running, and not supervised, as the supervisor before could not write "
                + "them down; cadre apply, scale or start takes over those that it asks for")
    }

    /// Ends those of a worker that is wanted no more.
    func endUnclaimed(of id: WorkerID) {
        // While it adopts, they are what the worker may go on with.
        guard !isAdopting else { return }
        for live in unclaimed.removeValue(forKey: id) ?? [] { abandon(live) }
    }

    /// Ends all of them, when everything stops.
    func endUnknown() {
        guard !knowsAll else { return }
        for live in exchange(&unclaimed, with: [:]).values.joined() { abandon(live) }
        do {
            for name in try root.leftovers() where services[name] == nil {
                try root.group.clear(name, within: .seconds(10))
            }
        } catch {
            events.log(.warning, .trouble, "\(error)")
        }
    }

    /// Ends what nobody wants.
    private func abandon(_ live: LiveIncarnation) {
        guard let service = services[live.worker.service] else { return }
        launcher.abandon(live, of: service)
    }
}
