@testable import Cadre
@testable import CadreCommand

/// A snapshot of services with so many workers each, to be changed.
func makeSnapshot(_ services: [(name: String, workers: Int)]) -> Snapshot {
    Snapshot(
        supervisor: 1, root: "/", summary: "all is well", lastEvent: EventID(run: 1, number: 1),
        services: services.map { service in
            ServiceSnapshot(
                name: service.name, wanted: service.workers, ready: service.workers, isHealthy: true,
                workers: (0..<service.workers).map { number in
                    var worker = WorkerSnapshot(
                        number: number, state: "ready", restarts: 0, restartsByReason: [:], kills: 0, cpuSeconds: 0,
                        userSeconds: 0, systemSeconds: 0)
                    worker.pid = Int32(1000 + number)
                    worker.incarnation = 1
                    worker.uptimeSeconds = 60
                    worker.memoryBytes = 1 << 20
                    return worker
                })
        })
}

/// A model that has got the snapshots one second after another.
func makeModel(
    _ snapshots: Snapshot..., sort: TopColumn = .name, columns: Int = 80, rows: Int = 24, symbols: Symbols = .unicode
) -> TopModel {
    var model = TopModel(
        sort: sort, size: TerminalSize(columns: columns, rows: rows), symbols: symbols)
    for (second, snapshot) in snapshots.enumerated() { model.receive(snapshot, at: .seconds(second)) }
    return model
}

extension TopModel {
    /// The names of the rows, in their order.
    var names: [String] { rows.map(\.id.name) }

    /// Presses the keys that these characters stand for.
    mutating func type(_ text: String) {
        for character in text { _ = press(.character(character)) }
    }

    /// The lines on the screen.
    var screen: [String] { frame().map { $0.plain(isASCII: false) } }

    /// The line that begins with a name.
    func line(of name: String) -> String? {
        screen.first { line in
            let words = line.split(separator: " ")
            return words.first.map { $0 == name } ?? false || words.dropFirst().first.map { $0 == name } ?? false
        }
    }
}

/// How an incarnation ended that exited with code 3.
func makeExit() -> ExitSnapshot {
    ExitSnapshot(reason: "exit", code: 3)
}
