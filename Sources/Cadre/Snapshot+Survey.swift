import ControlGroups
import Supervision

extension Snapshot {
    /// What the supervisor knows by itself; the kernel's figures are left out.
    public init(_ state: FleetState, root: String) {
        self.init(Survey(state: state), root: root)
    }

    init(_ survey: Survey, root: String) {
        self.init(
            supervisor: currentProcess(), root: root, summary: statusLine(of: survey.state.summary),
            lastEvent: survey.state.lastEvent, services: survey.state.services.map { ServiceSnapshot($0, survey) })
    }
}

extension ServiceSnapshot {
    fileprivate init(_ service: ServiceState, _ survey: Survey) {
        let statistics = survey.services[service.name]
        self.init(
            name: service.name, wanted: service.wanted, ready: service.ready, isHealthy: service.isHealthy,
            // The service's own cgroup keeps the time of those that are gone.
            cpuSeconds: statistics.map { seconds($0.cpu.usageMicroseconds) },
            memoryBytes: statistics?.memory?.current, digest: service.digest,
            rollout: service.rollout.map { $0.isPaused ? "paused" : $0.state.rawValue },
            workers: service.workers.map { WorkerSnapshot($0, survey) })
    }
}

extension WorkerSnapshot {
    init(_ worker: WorkerDetail, _ survey: Survey) {
        let usage = survey.usage(of: worker)
        self.init(
            number: worker.id.number, state: worker.state.rawValue, waitingFor: worker.hold?.description,
            readySeconds: worker.lastReadyTime.map { $0 / .seconds(1) },
            restarts: worker.restarts.values.reduce(0, +),
            restartsByReason: Dictionary(uniqueKeysWithValues: worker.restarts.map { ($0.key.rawValue, $0.value) }),
            kills: worker.kills, cpuSeconds: seconds(usage.cpuMicroseconds),
            userSeconds: seconds(usage.userMicroseconds), systemSeconds: seconds(usage.systemMicroseconds),
            lastExit: worker.lastExit, successor: worker.successor)
        incarnation = worker.shown
        guard let live = worker.shownIncarnation else { return }
        digest = live.digest
        pid = live.pid
        uptimeSeconds = (survey.state.now - live.startedAt) / .seconds(1)
        statusText = live.statusText
        probe = live.probe
        controlGroup = live.groupPath
        if case .bytes(let bytes)? = live.limits.memoryMax { memoryMaxBytes = bytes }
        if let statistics = survey.incarnations[live.groupPath] { add(statistics) }
    }

    private mutating func add(_ statistics: Statistics) {
        memoryBytes = statistics.memory?.current
        memoryPeakBytes = statistics.memory?.peak
        tasks = statistics.tasks?.current
        io = statistics.io.map { IOSnapshot(readBytes: $0.readBytes, writtenBytes: $0.writtenBytes) }
        pressure = PressureSnapshot(
            cpu: statistics.cpuPressure?.some.average10, memory: statistics.memoryPressure?.some.average10,
            io: statistics.ioPressure?.some.average10)
    }
}

extension FleetState {
    /// Whether enough of all workers are ready, and enough of each service.
    public var isHealthy: Bool {
        let wanted = services.reduce(0) { $0 + $1.wanted }
        let fulfilled = services.reduce(0) { $0 + $1.fulfilled }
        return isEnough(fulfilled, of: wanted, healthyPercentage) && services.allSatisfy(\.isHealthy)
    }
}

extension ServiceState {
    /// How many workers are ready.
    public var ready: Int { workers.count { $0.state == .ready } }

    /// How many workers run another specification than the one in force.
    public var outdated: Int {
        workers.prefix(wanted).count { $0.shownIncarnation.map { $0.digest != digest } ?? false }
    }

    /// How many of those that are wanted do or did what they are for.
    public var fulfilled: Int { workers.prefix(wanted).count { [.ready, .done, .asleep].contains($0.state) } }

    /// Whether enough workers are ready.
    public var isHealthy: Bool { isEnough(fulfilled, of: wanted, healthyPercentage) }
}

private func isEnough(_ count: Int, of wanted: Int, _ percentage: Double) -> Bool {
    Double(count) * 100 >= percentage * Double(wanted)
}

private func seconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1e6 }
