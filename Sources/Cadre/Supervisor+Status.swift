import CLinux
import ControlGroups
import Keeper
import Processes
import Reactor
public import Specification
public import Supervision

/// How things stand.
extension Supervisor {
    /// What the supervisor knows by itself, without reading a file of the kernel's.
    public func state() -> FleetState {
        FleetState(
            summary: fleet.summary, now: Reactor.now, wallClock: wallClock(), lastEvent: events.stream.last,
            healthyPercentage: specification.healthyPercentage, ends: ends,
            services: fleet.serviceNames.map(state(ofService:)),
            core: FleetState.CoreLoad(wakeUps: reactor.wakeUps, turns: reactor.turns))
    }

    /// How the specification wants metrics served.
    public var metrics: MetricsSpecification { specification.metrics }

    private func state(ofService name: String) -> ServiceState {
        let specification = specified(name) ?? services[name]?.specification
        let workers = fleet.workers(of: name) ?? []
        return ServiceState(
            name: name, wanted: fleet.wanted(of: name) ?? 0, healthyPercentage: specification?.healthyPercentage ?? 0,
            limits: specification?.limits ?? ResourceLimits(), hasGroup: services[name] != nil,
            counters: counters[name] ?? ServiceCounters(), digest: fleet.revisionInForce(of: name) ?? "",
            rollout: fleet.rollout(of: name),
            workers: workers.enumerated().map { detail(of: WorkerID(service: name, number: $0.offset), $0.element) })
    }

    private func detail(of id: WorkerID, _ worker: WorkerMachine) -> WorkerDetail {
        let record = records[id] ?? WorkerRecord()
        let known = [worker.current, worker.successor].compactMap { $0 } + worker.retiring
        return WorkerDetail(
            id: id, state: worker.state, hold: worker.hold, restarts: worker.restartsByReason, kills: worker.kills,
            shown: (worker.current ?? worker.retiring.last)?.number, successor: worker.successor?.number,
            live: (incarnations[id] ?? []).compactMap { live in
                known.first { $0.number == live.number }.map { LiveDetail(live, $0) }
            },
            ended: (incarnations[id] ?? []).filter { live in
                !live.isCounted && !known.contains { $0.number == live.number }
            }.map(\.groupPath),
            past: record.past, lastExit: record.lastExit, lastReadyTime: record.lastReadyTime,
            lastStopTime: record.lastStopTime)
    }

    /// What the supervisor knows, and the kernel's figures, which are read on the caller's thread.
    nonisolated(nonsending) public func survey(leaders: LeaderFigures = .none) async -> Survey {
        await survey(state(), leaders)
    }

    /// What the supervisor knew, and the kernel's figures.
    private nonisolated(nonsending) func survey(_ state: FleetState, _ leaders: LeaderFigures = .none) async -> Survey {
        var survey = statistics.survey(state, leaders)
        survey.update(await details(ofEndedSince: state.ends))
        return survey
    }

    /// The workers of which an incarnation has ended since there were so many ends.
    private func details(ofEndedSince ends: UInt64) -> [WorkerDetail] {
        guard self.ends > ends else { return [] }
        return records.compactMap { id, record in
            record.lastEnd > ends ? fleet.worker(id).map { detail(of: id, $0) } : nil
        }
    }

    /// Why this supervisor was started: `first`, or in the place of one before: `death`, `hang`, `upgrade`,
    /// `failed-upgrade`, `takeover`.
    public nonisolated var startReason: String { (options.keeper?.startReason ?? .first).rawValue }

    /// What became of the supervisor before, as the end of a sentence about it; nil if there was none.
    public nonisolated var startCause: String? {
        options.keeper.flatMap { $0.startCause.isEmpty ? nil : $0.startCause }
    }

    /// The delegated root's absolute path.
    public nonisolated var rootPath: String { statistics.rootPath }

    /// How everything is now; nil figures where a controller is missing.
    ///
    /// - Parameters:
    ///   - names: the services and workers to tell of, nil for all.
    ///   - withStatistics: whether the kernel's figures are wanted, too.
    /// - Throws: ``UnknownNameError`` for a name of nothing.
    nonisolated(nonsending) public func snapshot(
        of names: [String]? = nil, withStatistics: Bool = true
    ) async throws(UnknownNameError) -> Snapshot {
        var state = await state()
        if let names {
            let wanted = Set(try workers(matching: names, in: state))
            for index in state.services.indices { state.services[index].workers.removeAll { !wanted.contains($0.id) } }
            state.services.removeAll { service in
                service.workers.isEmpty
                    && !names.contains { (try? NamePattern($0))?.matches(service: service.name) == true }
            }
        }
        return Snapshot(withStatistics ? await survey(state) : Survey(state: state), root: statistics.rootPath)
    }

    /// The present incarnations of a worker and the latest of those that are gone, the oldest first.
    ///
    /// - Throws: ``UnknownNameError`` if there is no such worker.
    public func incarnations(of id: WorkerID) throws(UnknownNameError) -> [IncarnationRecord] {
        guard let worker = fleet.worker(id) else {
            throw UnknownNameError(name: "\(id)", services: fleet.serviceNames)
        }
        let offset = wallClock() - Reactor.now / .seconds(1)
        return (records[id]?.history ?? [])
            + detail(of: id, worker).live.map { IncarnationRecord($0, offset: offset) }
    }
}

extension LiveDetail {
    init(_ live: LiveIncarnation, _ incarnation: Incarnation) {
        self.init(
            number: live.number, digest: incarnation.revision, phase: incarnation.phase, isFrozen: incarnation.isFrozen,
            startedAt: incarnation.startedAt, readyAt: incarnation.readyAt,
            pid: live.exit == nil ? live.leader?.pid : nil, statusText: live.statusText, limits: live.limits,
            groupPath: live.groupPath)
        probe = live.lastProbe
        probe?.failures = incarnation.healthCount.failures
    }
}

/// Seconds since 1970, for people and for other machines; the core itself goes by a clock that nobody sets.
func wallClock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// For `systemctl status` and the like: `3 services, 12 of 12 workers ready`.
func statusLine(of summary: FleetSummary) -> String {
    let services = "\(summary.services) service\(summary.services == 1 ? "" : "s")"
    let workers = "\(summary.ready) of \(summary.workers) worker\(summary.workers == 1 ? "" : "s") ready"
    return "\(services), \(workers)\(summary.failed > 0 ? ", \(summary.failed) failed" : "")"
}
