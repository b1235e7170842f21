import Logging
import Reactor
import Specification
import Supervision
import Systemd

/// Why a roll-out failed, and where the last lines of what failed are.
struct RolloutProblem {
    let failure: RolloutFailure
    let exit: ExitSnapshot?
    let message: String
    let source: LogSource
}

/// What is done about roll-outs.
public enum RolloutAction: String, CaseIterable, Hashable, Sendable, Codable {
    /// Replace no further worker.
    case pause
    /// Go on, or try again what was stopped.
    case resume
    /// Go back to the specification before.
    case undo
}

/// Roll-outs of specifications.
extension Supervisor {
    // MARK: Specifications

    /// What an incarnation runs, or is to run.
    func specification(of worker: WorkerID, _ number: UInt64) -> ServiceSpecification? {
        fleet.revision(of: worker, number).flatMap { revisions[worker.service]?[$0] }
    }

    /// Notes a specification that is about to be in force. What changes live is the same for all of the service.
    func keep(_ service: ServiceSpecification) {
        let digest = service.digest
        for other in revisions[service.name, default: [:]].keys where other != digest {
            revisions[service.name]![other]!.takeLive(from: service)
        }
        revisions[service.name, default: [:]][digest] = service
        unwritten.services.insert(service.name)
    }

    /// Forgets the specifications that nothing can come to run any more.
    func forgetRevisions(of name: String) {
        let known = fleet.revisions(of: name)
        guard revisions[name]?.keys.contains(where: { !known.contains($0) }) == true else { return }
        revisions[name] = revisions[name]?.filter { known.contains($0.key) }
        unwritten.services.insert(name)
    }

    /// Makes what the fleet has decided for what is in force here, so that a plan compares with that.
    func followRevision(of name: String) {
        guard let digest = fleet.revisionInForce(of: name), let current = specified(name), current.digest != digest,
            var service = revisions[name]?[digest]
        else { return }
        service.takeLive(from: current)
        replaceSpecification(of: service)
    }

    // MARK: Commands

    /// Pauses, resumes or undoes the roll-out of a service.
    ///
    /// - Returns: the order by whose outcome it is through.
    /// - Throws: ``CommandError`` if there is none, or it is in no state for it.
    @discardableResult
    public func rollout(
        _ command: RolloutAction, of name: String, rights: ServiceRights = .all
    ) throws(CommandError) -> Order {
        try requireRunning()
        try rights.require([name])
        guard fleet.wanted(of: name) != nil else {
            throw .unknown(UnknownNameError(name: name, services: fleet.serviceNames))
        }
        let actions: [FleetAction]
        do throws(RolloutError) {
            switch command {
            case .pause: actions = try fleet.pauseRollout(of: name, at: Reactor.now)
            case .resume: actions = try fleet.resumeRollout(of: name, at: Reactor.now)
            case .undo: actions = try fleet.undoRollout(of: name, at: Reactor.now)
            }
        } catch {
            throw .conflict(error.sentence(name, command))
        }
        var ended: [WorkerID: UInt64] = [:]
        var workers: [WorkerID] = []
        if command != .pause, let rollout = fleet.rollout(of: name) {
            for number in (rollout.waiting + fleet.workersUnderWay(of: name)).sorted() {
                let id = WorkerID(service: name, number: number)
                workers.append(id)
                // One that is under way ends what is current, and not its successor.
                ended[id] = fleet.worker(id)?.current?.number
            }
        }
        // Asked before anything is done, as it may fail at once.
        let rollouts = latestRollouts(of: [name])
        perform(actions)
        let order = orders.note(workers, .running, ended: ended, rollouts: rollouts)
        touched.formUnion(workers)
        noteProgress()
        return order
    }

    /// The latest roll-outs of services.
    func latestRollouts(of names: some Sequence<String>) -> [String: Order.Rollout] {
        var rollouts: [String: Order.Rollout] = [:]
        for name in names {
            guard let rollout = fleet.rollout(of: name) else { continue }
            rollouts[name] = Order.Rollout(number: rollout.number, target: rollout.target)
        }
        return rollouts
    }

    /// What a roll-out has to say about the outcome of the order that began it.
    enum RolloutOutcome {
        /// Nothing: it got there, or there is none.
        case none
        /// That it isn't known yet, as a worker that is replaced may be replaced back.
        case pending
        /// That this became of the worker.
        case decided(WorkerOutcome.Outcome)
    }

    func rolloutOutcome(of worker: WorkerID, in order: Order) -> RolloutOutcome {
        guard let ordered = order.rollouts[worker.service], let latest = fleet.rollout(of: worker.service),
            latest.number >= ordered.number
        else { return .none }
        if latest.target != ordered.target { return .decided(.superseded) }
        switch latest.state {
        case .running, .rollingBack: return .pending
        case .done: return .none
        case .stopped, .rolledBack:
            return fleet.runningRevision(of: worker) == latest.target ? .none : .decided(.notReplaced)
        }
    }

    /// How the latest roll-out of a service is.
    ///
    /// - Throws: ``UnknownNameError`` if there is no such service.
    nonisolated(nonsending) public func rolloutSnapshot(
        of name: String
    ) async throws(UnknownNameError) -> RolloutSnapshot {
        var (snapshot, source) = try await rolloutSnapshotWithoutLines(of: name)
        if snapshot.failure != nil { snapshot.failure!.lastLines = await source.lastLines() }
        return snapshot
    }

    private func rolloutSnapshotWithoutLines(
        of name: String
    ) throws(UnknownNameError) -> (RolloutSnapshot, LogSource) {
        guard let digest = fleet.revisionInForce(of: name) else {
            throw UnknownNameError(name: name, services: fleet.serviceNames)
        }
        let counts = fleet.workersByRevision(of: name)
        guard let rollout = fleet.rollout(of: name) else {
            let none = RolloutSnapshot(
                service: name, number: 0, strategy: specified(name)?.policy.rollout.strategy ?? .rolling, state: .done,
                isPaused: false, target: digest, done: [], underWay: [], waiting: [], workersByDigest: counts)
            return (none, .none)
        }
        let offset = wallClock() - Reactor.now / .seconds(1)
        var snapshot = RolloutSnapshot(
            service: name, number: rollout.number, strategy: rollout.strategy, state: rollout.state,
            isPaused: rollout.isPaused, target: rollout.target, former: rollout.former, done: rollout.done.sorted(),
            underWay: fleet.workersUnderWay(of: name), waiting: rollout.waiting, workersByDigest: counts,
            startedAt: rollout.startedAt / .seconds(1) + offset,
            endedAt: rollout.endedAt.map { $0 / .seconds(1) + offset })
        guard let failure = rollout.failure else { return (snapshot, .none) }
        // One that an earlier supervisor saw has left no lines here.
        let problem =
            rolloutProblems[name].flatMap { $0.failure == failure ? $0 : nil }
            ?? RolloutProblem(
                failure: failure, exit: failure.end.map { ExitSnapshot($0.reason, $0.exit, memoryPeak: nil) },
                message: "\(name)/\(failure.worker) failed \(failure.failures) times in a row", source: .none)
        snapshot.failure = RolloutSnapshot.Failure(
            worker: failure.worker, incarnation: failure.incarnation > 0 ? failure.incarnation : nil,
            failures: failure.failures, exit: problem.exit, message: problem.message, lastLines: [])
        return (snapshot, problem.source)
    }

    // MARK: News

    func report(_ event: RolloutEvent, of name: String) {
        followRevision(of: name)
        forgetRevisions(of: name)
        if case .progress = event {
        } else {
            // All who wait for any of them want to know.
            let count = fleet.workers(of: name)?.count ?? 0
            touched.formUnion((0..<count).map { WorkerID(service: name, number: $0) })
        }
        switch event {
        case .started(let former, let target, let workers):
            rolloutProblems[name] = nil
            events.log(
                .notice, .rolloutStarted,
                "rolling out \(target) of \(name), after \(former), for \(workers) worker\(workers == 1 ? "" : "s")",
                service: name, more: ["digest": "\(target)", "former-digest": "\(former)"])
        case .progress(let worker, let done, let total):
            events.log(
                .info, .rolloutProgress, "the roll-out of \(name) is through with \(done) of \(total) workers",
                WorkerID(service: name, number: worker), more: ["done": "\(done)", "total": "\(total)"])
        case .paused: events.log(.notice, .rolloutPaused, "the roll-out of \(name) is paused", service: name)
        case .resumed: events.log(.notice, .rolloutResumed, "the roll-out of \(name) goes on", service: name)
        case .stopped(let failure):
            failed(name, failure, .rolloutStopped) {
                "the roll-out of \(name) is stopped, as \($0); what is not replaced serves on"
            }
        case .rollingBack(let failure, let workers):
            failed(name, failure, .rolloutStopped) {
                "the roll-out of \(name) is rolled back, as \($0); "
                    + (workers == 0
                        ? "no worker had been replaced"
                        : "\(workers) worker\(workers == 1 ? " is" : "s are") replaced back")
            }
        case .rolledBack(let target):
            events.log(
                .notice, .rolloutRolledBack, "\(name) is rolled back, all of it runs \(target)", service: name,
                more: ["digest": "\(target)"])
        case .done(let target):
            events.log(
                .notice, .rolloutDone, "the roll-out of \(name) is done, all of it runs \(target)", service: name,
                more: ["digest": "\(target)"])
        }
    }

    private func failed(
        _ name: String, _ failure: RolloutFailure, _ kind: EventKind, _ sentence: (String) -> String
    ) {
        let worker = WorkerID(service: name, number: failure.worker)
        var exit = failure.end.map { ExitSnapshot($0.reason, $0.exit, memoryPeak: nil) }
        if failure.end?.reason == .spawn { exit?.detail = records[worker]?.lastExit?.detail }
        let times = failure.failures == 1 ? "once" : "\(failure.failures) times in a row"
        let end = exit.map { exit in
            let how =
                switch failure.end?.reason {
                case .exit, .signal: failure.end?.exit?.phrase ?? exit.description
                case .spawn: exit.detail.map { "it cannot be started: \($0)" } ?? "it could not be executed"
                case let reason?: "it \(reason.phrase)"
                case nil: exit.description
                }
            return how.hasPrefix("it ") ? ", at last as \(how)" : ", at last as it \(how)"
        }
        let message = sentence("\(worker) failed \(times)\(end ?? "")")
        let source =
            if let last = lastLogs[worker], last.number == failure.incarnation { last.source } else {
                live(worker, failure.incarnation)?.log ?? .none
            }
        rolloutProblems[name] = RolloutProblem(failure: failure, exit: exit, message: message, source: source)
        Task(executorPreference: reactor) { await self.log(kind, message, worker, failure.incarnation, source) }
    }

    /// Logs the failure of a roll-out, with the last lines of what failed.
    private func log(
        _ kind: EventKind, _ message: String, _ worker: WorkerID, _ incarnation: UInt64, _ source: LogSource
    ) async {
        let lines = await source.lastLines()
        events.log(
            .error, kind, ([message] + lines.map { "    \($0)" }).joined(separator: "\n"), worker,
            incarnation > 0 ? incarnation : nil,
            more: lines.isEmpty ? [:] : ["last-lines": "\(lines.joined(separator: "\n"))"])
    }
}

extension ServiceSpecification {
    /// Takes over what is the same for all workers of a service, whatever they run.
    fileprivate mutating func takeLive(from other: ServiceSpecification) {
        workers = other.workers
        limits = other.limits
        healthyPercentage = other.healthyPercentage
    }
}

extension RolloutError {
    fileprivate func sentence(_ name: String, _ command: RolloutAction) -> String {
        switch self {
        case .noService, .none: "\(name) has had no roll-out since the supervisor started"
        case .isPaused(true): "the roll-out of \(name) is paused already; cadre rollout resume \(name) lets it go on"
        case .isPaused(false): "the roll-out of \(name) is not paused"
        case .formerIsUnknown: "there is nothing to go back to for \(name)"
        case .state(.done): "the roll-out of \(name) is done; cadre rollout undo \(name) would lead back"
        case .state(.rolledBack): "the roll-out of \(name) was rolled back; cadre apply tries it again"
        case .state(.rollingBack): "the roll-out of \(name) is being rolled back"
        case .state(.stopped):
            "the roll-out of \(name) was stopped; cadre rollout resume \(name) tries it again, undo leads back"
        case .state(.running): "the roll-out of \(name) goes on"
        }
    }
}
