import CLinux
import ControlGroups
import Logging
import Probes
import Processes
import Reactor
import Specification
import Supervision
import SystemPackage
import Systemd

/// What the fleet wants, done.
extension Supervisor {
    func perform(_ action: WorkerAction, of worker: WorkerID) {
        switch action {
        case .spawn(let number): spawn(worker, number)
        case .signalLeader(let number):
            guard let incarnation = live(worker, number) else { return }
            signal(incarnation, incarnation.specification.stopSignal)
        case .signalAll(let number):
            guard let incarnation = live(worker, number) else { return }
            warn(incarnation) { try incarnation.group.signalAll(incarnation.specification.stopSignal) }
        case .abortLeader(let number):
            guard let incarnation = live(worker, number) else { return }
            signal(incarnation, SIGABRT)
        case .kill(let number):
            guard let incarnation = live(worker, number) else { return }
            kill(incarnation)
        case .freeze(let number): setFrozen(true, worker, number)
        case .thaw(let number): setFrozen(false, worker, number)
        case .discard(let number): discard(worker, number)
        case .arm(let deadline, let time): arm(worker, deadline, at: time)
        case .disarm(let deadline): disarm(worker, deadline)
        case .probe(let number, let kind): probe(worker, number, kind)
        case .endProbe(let number): endProbe(worker, number)
        case .report(let event):
            book(event, of: worker)
            report(event, of: worker)
        }
    }

    /// An incarnation of which any process is left.
    func live(_ worker: WorkerID, _ number: UInt64) -> LiveIncarnation? {
        incarnations[worker]?.first { $0.number == number }
    }

    // MARK: Beginning

    func spawn(_ worker: WorkerID, _ number: UInt64) {
        do {
            let service = try service(named: worker.service)
            let specification = specification(of: worker, number) ?? service.specification
            let incarnation =
                try claim(worker, number)
                ?? launcher.launch(
                    worker, number, of: service, specification, stored: storedDescriptors(of: worker),
                    lineWatch(worker, number, specification))
            reportPostponed()
            do {
                try watch(incarnation)
            } catch {
                unwatch(incarnation)
                launcher.abandon(incarnation, of: service)
                throw error
            }
            incarnations[worker, default: []].append(incarnation)
            tell(worker, .spawned(number))
            // It may have left its cgroup before there was a watch on that.
            populationChanged(incarnation)
        } catch {
            reportPostponed()
            // While it was empty somebody may have removed the service's cgroup; the next try finds a new one.
            if let service = services[worker.service], (try? service.group.isPopulated()) == nil,
                let group = try? root.serviceGroup(worker.service)
            {
                service.group = group
            }
            // The cause may be in the way of that, too.
            if let service = services[worker.service] { try? removeGroup(worker, number, of: service) }
            let isExhaustion = LaunchFailure.isExhaustion(error)
            records[worker, default: WorkerRecord()].lastExit = ExitSnapshot(
                reason: EndReason.spawn.rawValue, detail: "\(error)")
            events.log(.error, .spawnFailed, "\(worker) cannot be started: \(error)", worker, number)
            tell(worker, .spawnFailed(number, isExhaustion: isExhaustion))
        }
    }

    /// A service that is specified, with its cgroup made.
    func service(named name: String) throws -> Service {
        if let service = services[name] { return service }
        guard let specification = specification.services.first(where: { $0.name == name }) else {
            throw UnknownNameError(name: name, services: fleet.serviceNames)
        }
        let service = Service(
            specification: specification, group: try root.serviceGroup(name),
            sockets: ListeningSockets(service: name, store: store))
        services[name] = service
        unwritten.services.insert(name)
        return service
    }

    // MARK: Ending

    private func signal(_ incarnation: LiveIncarnation, _ number: Int32) {
        guard let leader = incarnation.leader, incarnation.exit == nil else { return }
        do {
            try Pidfd.signal(leader.pidfd, number)
            // Stopped or frozen by somebody, it would never see the signal.
            if number != SIGABRT { try Pidfd.signal(leader.pidfd, SIGCONT) }
        } catch {
            // It ended meanwhile, and its pidfd is going to say so.
            if error.errno != .noSuchProcess { warn(incarnation, error) }
        }
    }

    /// Kills all processes of an incarnation, and its leader even if that moved to another cgroup.
    func kill(_ incarnation: LiveIncarnation) {
        warn(incarnation) { try incarnation.group.kill() }
        if incarnation.exit == nil { signal(incarnation, SIGKILL) }
    }

    private func setFrozen(_ isFrozen: Bool, _ worker: WorkerID, _ number: UInt64) {
        guard let incarnation = live(worker, number) else { return }
        if !isFrozen { incarnation.isFrozen = false }
        warn(incarnation) { try incarnation.group.setFrozen(isFrozen) }
    }

    private func discard(_ worker: WorkerID, _ number: UInt64) {
        guard let incarnation = live(worker, number) else { return }
        incarnations[worker]?.removeAll { $0 === incarnation }
        if incarnations[worker]?.isEmpty == true { incarnations[worker] = nil }
        unwatch(incarnation)
        incarnation.probe?.cancel()
        incarnation.lineWatch?.end()
        lastLogs[worker] = (number, incarnation.log)
        incarnation.reapLeaders()
        launcher.release(incarnation)
        guard let service = services[worker.service] else { return }
        closeUnusedSockets(of: service)
        warn(incarnation) {
            try removeGroup(worker, number, of: service)
        }
    }

    /// Removes the cgroup of an incarnation of which nothing else is left; if that fails, again and again until it is gone.
    private func removeGroup(
        _ worker: WorkerID, _ number: UInt64, of service: Service, wait: Duration = .seconds(1)
    ) throws(SystemCallError) {
        do {
            try service.group.removeTree(childNamed: LiveIncarnation.groupName(worker, number))
        } catch {
            _ = reactor.schedule(at: Reactor.now + wait) { [unowned self] in
                // With the service all that is below its cgroup goes.
                guard let service = services[worker.service], live(worker, number) == nil else { return }
                try? removeGroup(worker, number, of: service, wait: min(wait * 2, .seconds(60)))
            }
            throw error
        }
    }

    private func warn(_ incarnation: LiveIncarnation, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            warn(incarnation, error)
        }
    }

    private func warn(_ incarnation: LiveIncarnation, _ error: any Error) {
        events.log(.warning, .trouble, "\(incarnation.worker): \(error)", incarnation.worker, incarnation.number)
    }

    // MARK: Deadlines

    func arm(_ worker: WorkerID, _ deadline: WorkerDeadline, at time: Duration) {
        disarm(worker, deadline)
        let timer = reactor.schedule(at: time) { [unowned self] in
            forgetTimer(worker, deadline)
            tell(worker, .deadline(deadline))
        }
        timers[worker, default: [:]][deadline] = ArmedTimer(timer: timer, at: time)
    }

    private func disarm(_ worker: WorkerID, _ deadline: WorkerDeadline) {
        if let armed = timers[worker]?[deadline] { reactor.cancel(armed.timer) }
        forgetTimer(worker, deadline)
    }

    private func forgetTimer(_ worker: WorkerID, _ deadline: WorkerDeadline) {
        timers[worker]?[deadline] = nil
        if timers[worker]?.isEmpty == true { timers[worker] = nil }
    }

    // MARK: News

    /// Keeps what is to be known of an event later on.
    func book(_ event: WorkerEvent, of worker: WorkerID) {
        switch event {
        case .ready(_, let time):
            records[worker, default: WorkerRecord()].lastReadyTime = time
            counters[worker.service, default: ServiceCounters()].readyTimes.add(time)
        case .ended(let number, let end):
            var exit = ExitSnapshot(end.reason, end.exit, memoryPeak: memoryPeak(worker, number))
            exit.detail = live(worker, number).flatMap { problem(of: $0, end.reason) }
            records[worker, default: WorkerRecord()].lastExit = exit
        case .replaced(let number, _, let reason):
            records[worker, default: WorkerRecord()].lastExit = ExitSnapshot(
                reason: reason.rawValue, memoryPeakBytes: memoryPeak(worker, number),
                detail: live(worker, number).flatMap { problem(of: $0, reason) })
        case .restarting(_, let reason):
            counters[worker.service, default: ServiceCounters()].restarts[reason, default: 0] += 1
        case .killed: counters[worker.service, default: ServiceCounters()].kills += 1
        case .gone(let past): remember(past, of: worker)
        case .failed: noteIfEssential(worker)
        case .stuck, .stopping, .done, .stopped, .asleep, .started, .frozen, .thawed, .unhealthy, .healthy, .replacing,
            .held:
            break
        }
        switch event {
        case .ready, .ended, .replaced, .gone: unwritten.usage.insert(worker)
        default: break
        }
        switch event {
        case .ready, .restarting, .killed, .gone: unwritten.counters.insert(worker.service)
        default: break
        }
    }

    private func memoryPeak(_ worker: WorkerID, _ number: UInt64) -> UInt64? {
        guard root.available.contains(.memory), let incarnation = live(worker, number) else { return nil }
        return try? incarnation.group.memoryPeak()
    }

    /// Tells the world about an event, and does what follows from it.
    func report(_ event: WorkerEvent, of worker: WorkerID) {
        // It may come of what happened to another one.
        touched.insert(worker)
        switch event {
        case .stuck(let number): live(worker, number)?.isStuck = true
        case .stopping(let number, _):
            live(worker, number)?.lineWatch?.end()
            // Told before it hears of it: what comes from now on is for the others.
            if fleet.worker(worker)?.goal != .running { leaveSockets(of: worker) }
        case .failed, .done, .stopped, .asleep:
            leaveSockets(of: worker)
            dropStoredDescriptors(of: worker)
            if event == .stopped { endUnclaimed(of: worker) }
            // One that ended as it had nothing to do is started again by the next connection.
            if event == .done, services[worker.service]?.demand != nil { tell(worker, .sleep) }
            attend(worker.service)
        case .started: attend(worker.service)
        case .ready, .ended, .replaced, .restarting, .killed, .gone, .frozen, .thawed, .unhealthy, .healthy, .replacing,
            .held:
            break
        }
        events.log(
            event, of: worker, pid: { live(worker, $0)?.leader?.pid }, lastExit: records[worker]?.lastExit,
            policy: fleet.worker(worker)?.policy, problem: { live(worker, $0)?.lastProbe?.problem })
        if event == .failed { stopIfEssential(worker) }
    }

    /// Keeps of an incarnation what is worth it, while its cgroup is there.
    private func remember(_ past: PastIncarnation, of worker: WorkerID) {
        var record = records[worker] ?? WorkerRecord()
        defer { records[worker] = record }
        let incarnation = live(worker, past.number)
        let groups = self.statistics.groups
        let statistics = incarnation.flatMap { try? $0.group.statistics(groups) }
        let usage = statistics.map { Usage($0) }
        if let usage { record.past += usage }
        incarnation?.isCounted = true
        ends += 1
        record.lastEnd = ends
        if let time = past.stopDuration {
            record.lastStopTime = time
            counters[worker.service, default: ServiceCounters()].stopTimes.add(time)
        }
        var exit = ExitSnapshot(past.reason, past.exit, memoryPeak: statistics?.memory?.peak)
        exit.detail =
            past.reason == .spawn ? record.lastExit?.detail : incarnation.flatMap { problem(of: $0, past.reason) }
        let entry = IncarnationRecord(
            past, pid: incarnation?.firstPid, exit: exit, usage: usage, offset: wallClock() - Reactor.now / .seconds(1))
        record.remember(entry)
        unwritten.past.append((worker, entry))
    }
}
