import Cadre
import Specification
import Systemd

/// A snapshot as people read it.
enum StatusTable {
    private static let header: [String] = [
        "SERVICE", "WORKER", "STATE", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "LAST EXIT",
    ]

    /// The table's lines, a worker each, with columns as wide as they must be.
    ///
    /// - Parameter isWide: whether there is a column for which specification a worker runs.
    static func lines(of snapshot: Snapshot, isWide: Bool = false) -> [StyledLine] {
        let header = isWide ? header + ["SPECIFICATION"] : header
        var rows = [header]
        var states: [String] = []
        for service in snapshot.services {
            for worker in service.workers {
                rows.append(row(service, worker) + (isWide ? [worker.digest ?? "-"] : []))
                states.append(worker.state)
            }
        }
        let widths = header.indices.map { column in
            rows.map { SafeText.columns(of: SafeText.clean($0[column])) }.max() ?? 0
        }
        return rows.enumerated().map { number, row in
            var line = StyledLine()
            for (column, text) in row.enumerated() {
                line.append(
                    text, number > 0 && header[column] == "STATE" ? .of(state: states[number - 1]) : .plain)
                if column < row.count - 1 { line.pad(to: widths[...column].reduce(2 * (column + 1), +)) }
            }
            return line
        }
    }

    private static func row(_ service: ServiceSnapshot, _ worker: WorkerSnapshot) -> [String] {
        [
            service.name, "\(worker.number)", state(worker), worker.pid.map(String.init) ?? "-",
            worker.uptimeSeconds.map { DurationFormat.uptime(.seconds($0)) } ?? "-", "\(worker.restarts)",
            DurationFormat.cpuTime(.microseconds((worker.cpuSeconds * 1e6).rounded())), memory(worker),
            worker.lastExit.map(lastExit) ?? "-",
        ]
    }

    private static func state(_ worker: WorkerSnapshot) -> String {
        worker.waitingFor.map { "\(worker.state) for \($0)" } ?? worker.state
    }

    private static func memory(_ worker: WorkerSnapshot) -> String {
        guard let bytes = worker.memoryBytes else { return "-" }
        return SizeFormat.format(bytes) + (worker.memoryMaxBytes.map { " / \(SizeFormat.format($0))" } ?? "")
    }

    /// How an incarnation ended, with what is known of it.
    static func lastExit(_ exit: ExitSnapshot) -> String {
        var details: [String] = []
        if let peak = exit.memoryPeakBytes, exit.reason == "oom-kill" || exit.reason == "memory-high" {
            details.append("peak \(SizeFormat.format(peak))")
        }
        if let detail = exit.detail { details.append(detail) }
        return exit.description + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
    }
}
