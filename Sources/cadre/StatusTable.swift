import Cadre
import Specification

/// A snapshot as people read it.
enum StatusTable {
    private static let header = [
        "SERVICE", "WORKER", "STATE", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "LAST EXIT",
    ]

    /// The table's lines, a worker each, with columns as wide as they must be.
    static func lines(of snapshot: Snapshot, isColoured: Bool) -> [String] {
        var rows = [header]
        for service in snapshot.services {
            for worker in service.workers { rows.append(row(service, worker)) }
        }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.enumerated().map { number, row in
            var line = ""
            for (column, text) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - text.count + 2)
                let isState = isColoured && number > 0 && header[column] == "STATE"
                line += (isState ? coloured(text) : text) + (column == row.count - 1 ? "" : padding)
            }
            return line
        }
    }

    private static func row(_ service: ServiceSnapshot, _ worker: WorkerSnapshot) -> [String] {
        [
            service.name, "\(worker.number)", worker.state, worker.pid.map(String.init) ?? "-",
            worker.uptimeSeconds.map { DurationFormat.uptime(.seconds($0)) } ?? "-", "\(worker.restarts)",
            DurationFormat.cpuTime(.microseconds((worker.cpuSeconds * 1e6).rounded())), memory(worker),
            lastExit(worker),
        ]
    }

    private static func memory(_ worker: WorkerSnapshot) -> String {
        guard let bytes = worker.memoryBytes else { return "-" }
        return SizeFormat.format(bytes) + (worker.memoryMaxBytes.map { " / \(SizeFormat.format($0))" } ?? "")
    }

    private static func lastExit(_ worker: WorkerSnapshot) -> String {
        guard let exit = worker.lastExit else { return "-" }
        var details: [String] = []
        if let peak = exit.memoryPeakBytes, exit.reason == "oom-kill" || exit.reason == "memory-high" {
            details.append("peak \(SizeFormat.format(peak))")
        }
        if let detail = exit.detail { details.append(detail) }
        return exit.description + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
    }

    private static func coloured(_ state: String) -> String {
        let colour =
            switch state {
            case "ready": 32
            case "failed": 31
            case "done", "stopped": 90
            default: 33
            }
        return "\u{1B}[\(colour)m\(state)\u{1B}[0m"
    }
}
