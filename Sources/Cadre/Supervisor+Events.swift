import CLinux
import ControlGroups
import Logging
import Processes
import Reactor
import Specification
import Supervision
import SystemPackage
import Systemd

/// Which incarnation, and which of its files, an inotify watch is for.
struct EventSource {
    enum File: String {
        case cgroup = "cgroup.events"
        case memory = "memory.events"
        case tasks = "pids.events"
    }

    unowned let incarnation: LiveIncarnation
    let file: File
}

/// What the kernel and the workers tell, on the reactor's thread.
extension Supervisor {
    // MARK: Watching

    /// Waits for what an incarnation that was just executed has to tell.
    func watch(_ incarnation: LiveIncarnation) throws {
        if let leader = incarnation.leader { try watch(leader, of: incarnation) }
        incarnation.notificationWatch = try reactor.watch(incarnation.notifications.descriptor) {
            [unowned self, worker = incarnation.worker, number = incarnation.number] _ in
            if let incarnation = live(worker, number) { receiveNotifications(of: incarnation) }
        }
        try watch(.cgroup, of: incarnation)
        try watchLimits(of: incarnation)
    }

    /// Waits for what happens at those limits of an incarnation that it isn't watched for yet.
    func watchLimits(of incarnation: LiveIncarnation) throws {
        let watched = incarnation.eventWatches.compactMap { eventSources[$0]?.file }
        if root.available.contains(.memory), incarnation.limits.memoryHigh != nil, !watched.contains(.memory) {
            try watch(.memory, of: incarnation)
            // It may have happened before the watch was there.
            memoryChanged(incarnation)
        }
        if root.available.contains(.pids), incarnation.limits.tasksMax != nil, !watched.contains(.tasks) {
            try watch(.tasks, of: incarnation)
        }
    }

    func watch(_ leader: LiveIncarnation.Leader, of incarnation: LiveIncarnation) throws(SystemCallError) {
        leader.watch = try reactor.watch(leader.pidfd) {
            [unowned self, worker = incarnation.worker, number = incarnation.number, pid = leader.pid] _ in
            guard let incarnation = live(worker, number) else { return }
            for leader in incarnation.leaders where leader.pid == pid { leaderChanged(leader, of: incarnation) }
        }
    }

    private func watch(_ file: EventSource.File, of incarnation: LiveIncarnation) throws(SystemCallError) {
        let watch = try inotify.add(file.rawValue, in: incarnation.group.directory)
        eventSources[watch] = EventSource(incarnation: incarnation, file: file)
        incarnation.eventWatches.append(watch)
    }

    /// Ends all watches of an incarnation.
    func unwatch(_ incarnation: LiveIncarnation) {
        for leader in incarnation.leaders {
            if let watch = leader.watch { reactor.cancel(watch) }
            leader.watch = nil
        }
        if let watch = incarnation.notificationWatch { reactor.cancel(watch) }
        incarnation.notificationWatch = nil
        for watch in incarnation.eventWatches {
            eventSources[watch] = nil
            // Fails only if the kernel has ended the watch already.
            try? inotify.remove(watch)
        }
        incarnation.eventWatches = []
    }

    /// Watches an incarnation as soon as the kernel has room for that, and until then looks at it again and again.
    func watchLater(_ incarnation: LiveIncarnation) {
        unwatch(incarnation)
        let (worker, number) = (incarnation.worker, incarnation.number)
        _ = reactor.schedule(at: Reactor.now + Self.retryTime) { [unowned self] in
            guard !isClosed, let incarnation = live(worker, number) else { return }
            do {
                try watch(incarnation)
                events.log(.notice, .trouble, "\(worker) is watched again", worker, number)
            } catch {
                watchLater(incarnation)
            }
            receiveNotifications(of: incarnation)
            // What it sent may have been the reason to end it.
            if let incarnation = live(worker, number) { populationChanged(incarnation) }
        }
    }

    // MARK: Processes

    private func leaderChanged(_ leader: LiveIncarnation.Leader, of incarnation: LiveIncarnation) {
        guard let exit = reap(leader, of: incarnation) else {
            guard let watch = leader.watch else { return }
            if leader.parent == .keeper {
                // The keeper tells.
                reactor.cancel(watch)
                leader.watch = nil
            } else {
                // Somebody else's child, which that one hasn't reaped; the hang-up says when it has.
                try? reactor.change(watch, to: [])
            }
            return
        }
        if let watch = leader.watch { reactor.cancel(watch) }
        leader.watch = nil
        if leader === incarnation.leader { leaderEnded(exit, of: incarnation) }
    }

    private func reap(_ leader: LiveIncarnation.Leader, of incarnation: LiveIncarnation) -> ProcessExit? {
        do {
            // It is reaped when its end is written down.
            let exit = try Pidfd.exit(of: leader.pidfd)
            guard leader.parent == .keeper, exit == .unknown || exit == nil else { return exit }
            // The keeper's child: who reaps it is the keeper, which has told how it ended, or is about to. The kernel
            // can't tell before Linux 6.15, nor while that happens.
            if exit == .unknown || leader.hasEnded { awaitKeeper(leader, of: incarnation) }
            return nil
        } catch {
            events.log(.warning, .trouble, "\(incarnation.worker): \(error)", incarnation.worker, incarnation.number)
            return .unknown
        }
    }

    /// Takes a leader's end for unknown if the keeper doesn't tell of it, as one does that isn't its parent.
    private func awaitKeeper(_ leader: LiveIncarnation.Leader, of incarnation: LiveIncarnation) {
        let (worker, number, pid) = (incarnation.worker, incarnation.number, leader.pid)
        _ = reactor.schedule(at: Reactor.now + .seconds(5)) { [unowned self] in
            guard let incarnation = live(worker, number), incarnation.leader?.pid == pid, incarnation.exit == nil else {
                return
            }
            leaderEnded(.unknown, of: incarnation)
        }
    }

    func leaderEnded(_ exit: ProcessExit, of incarnation: LiveIncarnation) {
        // What it said last counts before its end does.
        receiveLastNotifications(of: incarnation)
        incarnation.exit = exit
        if population(of: incarnation).populated {
            tell(incarnation.worker, .leaderExited(incarnation.number, Exit(exit)))
        } else {
            isGone(incarnation, exit)
        }
    }

    private func isGone(_ incarnation: LiveIncarnation, _ exit: ProcessExit) {
        var isOutOfMemory = false
        if case .signaled(SIGKILL, _) = exit, root.available.contains(.memory),
            let memory = try? incarnation.group.memoryEvents()
        {
            isOutOfMemory = memory.outOfMemoryKills > 0
        }
        tell(incarnation.worker, .gone(incarnation.number, Exit(exit), isOutOfMemory: isOutOfMemory))
    }

    /// Whether any process is left, and whether all are frozen; as before if that can't be told.
    private func population(of incarnation: LiveIncarnation) -> CgroupEvents {
        do {
            let group = try incarnation.group.events()
            incarnation.isUnreadable = false
            return group
        } catch {
            // Somebody removed the cgroup, so it was empty.
            let isGone = error.errno == .noSuchFileOrDirectory || error.errno == .operationNotSupportedByDevice
            if !isGone { lookAgain(at: incarnation, after: error) }
            return CgroupEvents(populated: !isGone, frozen: incarnation.isFrozen)
        }
    }

    /// Looks once more a little later, as nothing is going to tell again what could not be read now.
    private func lookAgain(at incarnation: LiveIncarnation, after error: SystemCallError) {
        if !incarnation.isUnreadable {
            events.log(
                .warning, .trouble, "\(incarnation.worker): \(error); it is looked at again every second",
                incarnation.worker, incarnation.number)
        }
        incarnation.isUnreadable = true
        _ = reactor.schedule(at: Reactor.now + Self.retryTime) {
            [unowned self, worker = incarnation.worker, number = incarnation.number] in
            guard let incarnation = live(worker, number), incarnation.isUnreadable else { return }
            populationChanged(incarnation)
        }
    }

    // MARK: Cgroups

    /// Waits for the events of cgroups.
    func watchEvents() throws {
        _ = try reactor.watch(inotify.descriptor) { [unowned self] _ in drainEvents() }
    }

    private func drainEvents() {
        var changed: [Int32] = []
        var isIncomplete = false
        do {
            try inotify.drain { event in
                switch event {
                case .changed(let watch, _): changed.append(watch)
                case .removed: break
                case .overflow: isIncomplete = true
                }
            }
        } catch {
            events.log(.error, .trouble, "events of cgroups were lost: \(error)")
            isIncomplete = true
        }
        // By then a watch may have ended, so each is looked up when its turn comes.
        for watch in isIncomplete ? Array(eventSources.keys) : changed {
            guard let source = eventSources[watch] else { continue }
            switch source.file {
            case .cgroup: populationChanged(source.incarnation)
            case .memory: memoryChanged(source.incarnation)
            case .tasks: tasksChanged(source.incarnation)
            }
        }
    }

    /// Looks whether all processes of an incarnation are gone, or have gone elsewhere.
    func populationChanged(_ incarnation: LiveIncarnation) {
        let group = population(of: incarnation)
        guard !group.populated else { return note(isFrozen: group.frozen, incarnation) }
        if let exit = incarnation.exit { return isGone(incarnation, exit) }
        guard let leader = incarnation.leader else { return }
        if let exit = reap(leader, of: incarnation) ?? (leader.parent == .other ? .unknown : nil) {
            if let watch = leader.watch { reactor.cancel(watch) }
            leader.watch = nil
            leaderEnded(exit, of: incarnation)
        } else if hasEscaped(leader, from: incarnation) {
            events.log(
                .error, .escaped, "\(incarnation.worker) left its cgroup (process \(leader.pid)) and is killed",
                incarnation.worker, incarnation.number)
            kill(incarnation)
        }
    }

    private func note(isFrozen: Bool, _ incarnation: LiveIncarnation) {
        guard isFrozen != incarnation.isFrozen else { return }
        incarnation.isFrozen = isFrozen
        touched.insert(incarnation.worker)
        noteProgress()
    }

    /// Whether a living process is in another cgroup. One that is about to end counts as empty before its end shows.
    private func hasEscaped(_ leader: LiveIncarnation.Leader, from incarnation: LiveIncarnation) -> Bool {
        // What can't be told is no reason to kill.
        (try? isIn(incarnation, process: leader.pid)) == false
    }

    /// Whether a process, a zombie perhaps, is in the cgroup of an incarnation.
    ///
    /// - Throws: ENOENT or ESRCH if there is no such process.
    func isIn(_ incarnation: LiveIncarnation, process: Int32) throws(SystemCallError) -> Bool {
        let path = "/proc/\(process)/cgroup"
        let text = try Descriptor.open(path).readText(path)
        let name = "/\(incarnation.worker.service)/\(LiveIncarnation.groupName(incarnation.worker, incarnation.number))"
        return text.split(separator: "\n").contains { line in
            line.hasPrefix("0::") && (line.hasSuffix(name) || line.contains("\(name)/") || line.hasSuffix(" (deleted)"))
        }
    }

    private func memoryChanged(_ incarnation: LiveIncarnation) {
        guard let memory = try? incarnation.group.memoryEvents(), memory.high > incarnation.memoryHighTouches else {
            return
        }
        // The machine heeds only the first until a successor took over.
        incarnation.memoryHighTouches = memory.high
        tell(incarnation.worker, .memoryHigh(incarnation.number))
    }

    private func tasksChanged(_ incarnation: LiveIncarnation) {
        guard !incarnation.hasTouchedTasksMax, let hits = try? incarnation.group.taskLimitHits(), hits > 0 else {
            return
        }
        incarnation.hasTouchedTasksMax = true
        events.log(
            .warning, .tasksMax, "\(incarnation.worker) reached its limit of tasks, so that a fork failed",
            incarnation.worker, incarnation.number)
    }
}

extension Exit {
    init(_ exit: ProcessExit) {
        switch exit {
        case .exited(let code): self = .code(code)
        case .signaled(let signal, let coreDumped): self = .signal(signal, coreDumped: coreDumped)
        case .unknown: self = .unknown
        }
    }
}
