import CLinux
import ControlGroups
import Keeper
import Logging
import Processes
import Reactor
import Specification
import Supervision
import SystemPackage
import Systemd

/// Going on with what a supervisor that died has left.
///
/// What it wrote down is where each worker was a moment before its death; the cgroups, and the keeper who reaped what
/// died meanwhile, tell what has happened since. That is told to the workers' machines as it would have been told to its
/// own, and when one of them wants an incarnation started which is there already, that one is taken.
extension Supervisor {
    /// What a worker is to be told once all are in their places.
    private enum News {
        /// It is wanted and was never started.
        case start(WorkerID)
        /// An incarnation was to be started, and wasn't.
        case spawn(WorkerID, UInt64)
        /// An incarnation was executed.
        case spawned(WorkerID, UInt64)
        /// An incarnation is there; this is what was known of it.
        case resume(LiveIncarnation, Incarnation)
        /// Nothing of an incarnation is left, not even its cgroup.
        case gone(WorkerID, UInt64, Exit)
    }

    private func tell(_ news: News) {
        switch news {
        case .start(let id): tell(id, fleet.startsAsleep(id.service) ? .sleep : .start)
        case .spawn(let id, let number): spawn(id, number)
        case .spawned(let id, let number): tell(id, .spawned(number))
        case .resume(let live, let incarnation): resume(live, incarnation)
        case .gone(let id, let number, let exit): tell(id, .gone(number, exit, isOutOfMemory: false))
        }
    }

    /// Takes over what is left, before anything else happens.
    func adopt(_ saved: SavedState) throws {
        knowsAll = !saved.isIncomplete && saved.damagedLines == 0
        ends = saved.ends
        essentialFailure = saved.totals.essentialFailure
        fleet.restore(saved.totals.fleet)
        var news: [News] = []
        for (name, service) in saved.services.sorted(by: { $0.key < $1.key }) {
            news += try restore(name, service, saved)
        }
        for name in try root.leftovers() where services[name] == nil && knowsAll {
            try root.group.clear(name, within: .seconds(10))
        }
        launcher.removeRemains(allBut: Array(incarnations.values.joined()) + unclaimed.values.joined())
        for incarnation in incarnations.values.joined() { try resumeLog(of: incarnation) }
        log(saved)
        isAdopting = true
        together {
            for news in news { tell(news) }
            // What the keeper reaped it told before, so that all ends are known from here on: who follows on those that
            // are gone may run already, and is not to be taken for one that nobody wants.
            if let keeper = options.keeper { drainExits(of: keeper) }
            complete(saved)
        }
        writeState()
    }

    /// Ends what nobody wants; to be called once all is done that followed from what has happened.
    func endAdoption() {
        isAdopting = false
        do {
            // Of those that are gone there may be lines left.
            try launcher.adoptLogs()
        } catch {
            events.log(.warning, .trouble, "lines of workers are lost: \(error)")
        }
        launcher.kept.closeRest()
        endUnclaimed()
    }

    private func log(_ saved: SavedState) {
        if saved.isIncomplete {
            events.log(
                .error, .trouble,
                "there was no room for all that the supervisor before had to write to \(options.statePath); what it lacks "
                    + "is taken from the cgroups")
        }
        if saved.damagedLines > 0 {
            events.log(
                .error, .trouble,
                "\(saved.damagedLines) of the lines in \(options.statePath) are damaged and were left out; what they said "
                    + "of workers is taken from what is before them and from the cgroups")
        }
        let workers = incarnations.values.joined().count
        let reason = options.keeper?.startReason ?? .death
        let cause = startCause.map { " (it \($0))" } ?? ""
        if reason == .failedUpgrade {
            events.log(
                .error, .upgradeFailed,
                "the new program did not come up\(cause), so the one before goes on: \(Self.program)")
        }
        let why =
            switch reason {
            case .first, .death: "the supervisor before died\(cause)"
            case .hang: "the supervisor before hung and was killed"
            case .upgrade: "the supervisor is upgraded to \(Self.program)"
            case .failedUpgrade: "the upgrade failed"
            case .takeover: "another supervisor handed over"
            }
        events.log(
            .notice, .adopted, "going on with \(workers) running worker\(workers == 1 ? "" : "s"), as \(why)")
    }

    /// Puts a service in its place.
    ///
    /// - Returns: what is to be told to its workers.
    private func restore(
        _ name: String, _ saved: SavedState.Service, _ all: SavedState
    ) throws -> [News] {
        counters[name] = saved.counters
        revisions[name] = saved.revisions
        if let specification = saved.specification ?? specified(name) {
            if revisions[name]?[specification.digest] == nil { keep(specification) }
            services[name] = Service(
                specification: specification, group: try root.serviceGroup(name),
                sockets: ListeningSockets(service: name, store: store))
        }
        let missing = fleet.restore(
            name, saved.fleet, workers: saved.workers.mapValues(\.machine), at: Reactor.now)
        var news: [News] = []
        guard let service = services[name] else { return news }
        var groups: [WorkerID: [UInt64: String]] = [:]
        for group in try service.group.children() {
            guard let (worker, number) = LiveIncarnation.parse(groupName: group, of: name) else { continue }
            groups[worker, default: [:]][number] = group
        }
        for (number, worker) in saved.workers.sorted(by: { $0.key < $1.key }) {
            let id = WorkerID(service: name, number: number)
            records[id] = worker.record
            for (deadline, time) in fleet.worker(id)?.deadlines ?? [:] { arm(id, deadline, at: time) }
            news += try restore(id, worker, groups.removeValue(forKey: id) ?? [:], service, all)
        }
        for number in missing {
            let id = WorkerID(service: name, number: number)
            try setAside(id, groups.removeValue(forKey: id) ?? [:], service)
            news.append(.start(id))
        }
        // Of workers that nobody knows any more.
        for (id, groups) in groups { try setAside(id, groups, service) }
        return news
    }

    /// Finds out what has become of a worker's incarnations.
    private func restore(
        _ id: WorkerID, _ worker: SavedState.Worker, _ groups: [UInt64: String], _ service: Service, _ all: SavedState
    ) throws -> [News] {
        let machine = worker.machine
        let known = ([machine.current, machine.successor].compactMap { $0 } + machine.retiring)
        var news: [News] = []
        for incarnation in known {
            let number = incarnation.number
            let archive = worker.incarnations.first { $0.number == number }
            guard groups[number] != nil || archive != nil else {
                // It was decided, and not done yet.
                news.append(.spawn(id, number))
                continue
            }
            guard let live = try open(id, number, archive, service, all) else {
                // Its cgroup is gone, and so is all that could tell of its end but what was written down.
                news.append(.gone(id, number, archive?.exit.map { Exit($0) } ?? .unknown))
                continue
            }
            if archive == nil && live.leader == nil && live.exit == nil {
                // There is a cgroup, and nothing was executed in it.
                launcher.release(live)
                try? service.group.removeTree(childNamed: LiveIncarnation.groupName(id, number))
                news.append(.spawn(id, number))
                continue
            }
            do {
                try watch(live)
            } catch  where LaunchFailure.isExhaustion(error) {
                events.log(
                    .error, .trouble, "\(id) can't be watched, so it is looked at every second: \(error)", id, number)
                watchLater(live)
            } catch {
                unwatch(live)
                try end(id, number, of: service, as: error)
                launcher.release(live)
                news.append(.gone(id, number, .unknown))
                continue
            }
            incarnations[id, default: []].append(live)
            if archive == nil { news.append(.spawned(id, number)) }
            news.append(.resume(live, incarnation))
        }
        let others = groups.filter { number, _ in !known.contains { $0.number == number } }
        try setAside(id, others, service)
        return news
    }

    /// Does once more what may not have been done, and looks what has happened.
    private func resume(_ live: LiveIncarnation, _ incarnation: Incarnation) {
        let id = live.worker
        switch incarnation.phase {
        case .killing: perform(.kill(live.number), of: id)
        case .stopping: perform(live.exit == nil ? .signalLeader(live.number) : .signalAll(live.number), of: id)
        case .starting, .ready, .draining:
            // What was asked by a supervisor that is dead is asked anew.
            if let probe = incarnation.probe, probe.dueAt == nil { perform(.probe(live.number, probe.kind), of: id) }
        }
        if (try? live.group.events().frozen) != incarnation.isFrozen {
            perform(incarnation.isFrozen ? .freeze(live.number) : .thaw(live.number), of: id)
        }
        populationChanged(live)
    }

    /// Goes on with what an incarnation prints, and with the wait for the line that makes it ready.
    func resumeLog(of live: LiveIncarnation) throws {
        let incarnation = fleet.worker(live.worker)?.incarnations.first { $0.number == live.number }
        if incarnation?.phase == .starting {
            live.lineWatch = lineWatch(live.worker, live.number, live.specification)
        }
        let age = incarnation.map { Reactor.now - $0.startedAt } ?? .zero
        try launcher.resumeLog(of: live, since: wallClock() - age / .seconds(1))
    }

    /// Opens all there is of an incarnation; nil if its cgroup is gone. What can't be followed for good is ended, as it must
    /// not run beside its successor.
    ///
    /// - Throws: if there is no descriptor left, or no memory. An incarnation that isn't known would be started once more;
    ///   so this supervisor ends, and its keeper starts the next one, which may have what it needs.
    func open(
        _ id: WorkerID, _ number: UInt64, _ archive: SavedState.Incarnation?, _ service: Service, _ all: SavedState?
    ) throws -> LiveIncarnation? {
        let name = LiveIncarnation.groupName(id, number)
        let specification =
            archive.flatMap { all?.specifications[$0.specification] } ?? specification(of: id, number)
            ?? service.specification
        let path = options.notificationSocket(ofService: id.service, name)
        var keptName: String?
        do {
            let group = try service.group.openChild(name)
            var notifications = try launcher.kept.takeNotifications(at: path, name: &keptName)
            if notifications == nil {
                notifications = try NotificationSocket(
                    path: path, owner: try service.resolveCredentials(of: specification)?.user)
            }
            let live = LiveIncarnation(
                worker: id, number: number, specification: specification,
                key: archive?.specification ?? service.key(of: specification), group: group,
                notifications: notifications.take()!)
            live.keptName = keptName
            let leader = try archive?.leader.map { ($0.pid, $0.isOwn) } ?? live.group.leader().map { ($0, true) }
            live.firstPid = archive?.firstPid ?? leader?.0
            live.limits = archive?.limits ?? specification.limits
            live.exit = archive?.exit
            live.statusText = archive?.statusText
            live.isCounted = archive?.isCounted ?? false
            live.memoryHighTouches = archive?.memoryHighTouches ?? 0
            live.hasTouchedTasksMax = archive?.hasTouchedTasksMax ?? false
            if let archive { live.healthProbe = archive.healthProbe }
            live.lastProbe = archive?.lastProbe
            if let (pid, isOwn) = leader, live.exit == nil { try find(pid, isOwn, of: live) }
            for former in archive?.formerLeaders ?? [] {
                guard let found = try openLeader(former.pid, former.isOwn, of: live) else { continue }
                live.formerLeaders.append(found)
            }
            return live
        } catch {
            try end(id, number, of: service, as: error)
            launcher.kept.release(keptName)
            return nil
        }
    }

    /// Ends an incarnation that can't be followed.
    ///
    /// - Throws: the error if it may be another one's luck to have what is lacking here.
    private func end(_ id: WorkerID, _ number: UInt64, of service: Service, as error: any Error) throws {
        if LaunchFailure.isExhaustion(error) { throw error }
        events.log(
            .error, .trouble, "\(id): what is left of it can't be taken over and is ended: \(error)", id, number)
        do {
            try service.group.clear(LiveIncarnation.groupName(id, number), within: .seconds(1))
        } catch {
            events.log(.error, .trouble, "\(id): \(error)", id, number)
        }
    }

    /// Opens the leader, or gets ready to learn how it ended.
    private func find(_ pid: Int32, _ isOwn: Bool, of live: LiveIncarnation) throws {
        if let leader = try openLeader(pid, isOwn, of: live) {
            live.leader = leader
        } else if isOwn {
            // The keeper reaped it, and has told so or is about to.
            awaited[pid] = live
        } else {
            live.exit = .unknown
        }
    }

    /// Opens a process if it is still the one that was in that cgroup; nil if not.
    private func openLeader(
        _ pid: Int32, _ isOwn: Bool, of live: LiveIncarnation
    ) throws -> LiveIncarnation.Leader? {
        do {
            let pidfd = try Pidfd.open(pid)
            let identity = try ProcessIdentity(of: pid)
            guard try isIn(live, process: pid) else { return nil }
            return LiveIncarnation.Leader(
                pid: pid, pidfd: pidfd, isOwn ? .keeper : .other, startTime: identity.startTime)
        } catch {
            if error.errno == .noSuchProcess || error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    // MARK: Ends

    /// Listens to the keeper, which reaps the children of supervisors that died.
    func watchKeeper() throws {
        guard let keeper = options.keeper else { return }
        _ = try reactor.watch(keeper.socket) { [unowned self, keeper] _ in drainExits(of: keeper) }
        drainExits(of: keeper)
        guard !awaited.isEmpty else { return }
        // What was told to a supervisor that died before it wrote that down is told again, so this is for nothing else
        // than a cgroup whose leader was reaped by a stranger.
        _ = reactor.schedule(at: Reactor.now + .seconds(5)) { [unowned self] in
            for live in exchange(&awaited, with: [:]).values where live.exit == nil { leaderEnded(.unknown, of: live) }
        }
    }

    private func drainExits(of keeper: KeeperLink) {
        while let (process, exit) = keeper.nextExit() {
            note(exit, of: process)
            writeState()
            keeper.consumeExit()
        }
    }

    private func note(_ exit: ProcessExit, of process: ProcessIdentity) {
        if let live = awaited.removeValue(forKey: process.pid) {
            if live.exit == nil { leaderEnded(exit, of: live) }
            return
        }
        for live in incarnations.values.joined() where live.exit == nil {
            guard let leader = live.leader, leader.pid == process.pid, leader.parent != .supervisor,
                leader.startTime == nil || leader.startTime == process.startTime
            else { continue }
            if let watch = leader.watch { reactor.cancel(watch) }
            leader.watch = nil
            return leaderEnded(exit, of: live)
        }
    }

    /// Finishes the change of a specification that the supervisor before had begun.
    private func complete(_ saved: SavedState) {
        let configured = saved.services.filter { $0.value.specification != nil }.keys
        for name in configured where saved.services[name]?.specification?.digest == specified(name)?.digest {
            // A roll-out may have failed a moment ago, so that what it leads back to is in force again.
            followRevision(of: name)
        }
        let former = Specification(services: configured.compactMap { services[$0]?.specification })
        let plan = Plan(from: former, to: specification, cpus: availableProcessors())
        let changes = Dictionary(uniqueKeysWithValues: plan.services.map { ($0.name, $0) })
        removeAll(plan.services.filter { $0.action == .remove }.map(\.name))
        let changed = specification.services.filter { changes[$0.name]?.action != .untouched }
        configureInOrder(changed, of: specification.services) { service in
            configure(service, replacesWorkers: changes[service.name]?.replacesWorkers == true)
        }
        perform(fleet.goOn(at: Reactor.now))
        for name in fleet.serviceNames { leaveSockets(ofAllThatAreDownIn: name) }
        if saved.totals.isStopping { stop() }
        if let failure = essentialFailure { stopIfEssential(failure.worker) }
    }

    /// What was to follow from the end of workers, if it didn't yet.
    private func leaveSockets(ofAllThatAreDownIn name: String) {
        for (number, worker) in (fleet.workers(of: name) ?? []).enumerated() {
            let id = WorkerID(service: name, number: number)
            switch worker.state {
            case .failed, .done, .stopped, .asleep:
                leaveSockets(of: id)
                dropStoredDescriptors(of: id)
            case .draining, .stopping, .killing: if worker.goal != .running { leaveSockets(of: id) }
            case .waiting, .starting, .ready, .frozen: break
            }
        }
    }
}
