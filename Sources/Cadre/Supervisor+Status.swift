import ControlGroups
import Reactor
import Specification
import Supervision

/// How things stand.
extension Supervisor {
    /// How everything is now; nil figures where a controller is missing.
    ///
    /// Reading thousands of small files takes a while. Events have their turn between workers, so that a restart does
    /// not wait for it; the figures are therefore not all of the same moment.
    public func snapshot() async -> Snapshot {
        var snapshot = Snapshot(
            supervisor: currentProcess(), root: root.group.path, summary: statusLine(of: fleet.summary), services: [])
        for name in fleet.serviceNames {
            var service = ServiceSnapshot(name: name, ready: 0, workers: [])
            for number in 0..<(fleet.workers(of: name)?.count ?? 0) {
                if number % 16 == 15 { await Task.yield() }
                if let worker = self.snapshot(of: WorkerID(service: name, number: number)) {
                    service.workers.append(worker)
                }
            }
            if let group = services[name] {
                // The service's own cgroup keeps the time of those that are gone.
                service.cpuSeconds = (try? group.group.cpuUsage()).map(seconds)
                service.memoryBytes = try? group.group.memoryCurrent()
            }
            service.ready = fleet.workers(of: name)?.count { $0.state == .ready } ?? 0
            snapshot.services.append(service)
        }
        return snapshot
    }

    private func snapshot(of id: WorkerID) -> WorkerSnapshot? {
        guard let worker = fleet.worker(id) else { return nil }
        let record = records[id] ?? WorkerRecord()
        var snapshot = WorkerSnapshot(
            number: id.number, state: worker.state.rawValue, restarts: worker.restarts,
            cpuSeconds: seconds(record.usageMicroseconds), userSeconds: seconds(record.userMicroseconds),
            systemSeconds: seconds(record.systemMicroseconds))
        snapshot.lastExit = record.lastExit
        snapshot.successor = worker.successor?.number
        let shown = worker.current ?? worker.retiring.last
        for live in incarnations[id] ?? [] {
            guard let statistics = try? live.group.statistics() else { continue }
            snapshot.cpuSeconds += seconds(statistics.cpu.usageMicroseconds)
            snapshot.userSeconds += seconds(statistics.cpu.userMicroseconds)
            snapshot.systemSeconds += seconds(statistics.cpu.systemMicroseconds)
            guard live.number == shown?.number else { continue }
            snapshot.add(statistics)
            if case .bytes(let bytes)? = live.specification.limits.memoryMax { snapshot.memoryMaxBytes = bytes }
            snapshot.pid = live.exit == nil ? live.leader?.pid : nil
            snapshot.statusText = live.statusText
            snapshot.controlGroup = "\(id.service)/\(LiveIncarnation.groupName(id, live.number))"
        }
        if let shown {
            snapshot.incarnation = shown.number
            snapshot.uptimeSeconds = (Reactor.now - shown.startedAt) / .seconds(1)
        }
        return snapshot
    }
}

extension WorkerSnapshot {
    fileprivate mutating func add(_ statistics: Statistics) {
        memoryBytes = statistics.memory?.current
        memoryPeakBytes = statistics.memory?.peak
        tasks = statistics.tasks?.current
        io = statistics.io.map { IOSnapshot(readBytes: $0.readBytes, writtenBytes: $0.writtenBytes) }
        pressure = PressureSnapshot(
            cpu: statistics.cpuPressure?.some.average10, memory: statistics.memoryPressure?.some.average10,
            io: statistics.ioPressure?.some.average10)
    }
}

private func seconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1e6 }

/// For `systemctl status` and the like: `3 services, 12 of 12 workers ready`.
func statusLine(of summary: FleetSummary) -> String {
    let services = "\(summary.services) service\(summary.services == 1 ? "" : "s")"
    let workers = "\(summary.ready) of \(summary.workers) worker\(summary.workers == 1 ? "" : "s") ready"
    return "\(services), \(workers)\(summary.failed > 0 ? ", \(summary.failed) failed" : "")"
}
