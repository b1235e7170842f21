import ArgumentParser
import Cadre
import ControlAPI
import FoundationEssentials

/// `cadre status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the workers and how they are doing.",
        discussion: """
            CPU is what the worker has used, its past incarnations included; MEMORY what its cgroup holds and may hold.
            """)

    @Argument(help: "Show only these services or workers (web, web/0).")
    var names: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        try Failure.reporting {
            var snapshot = try socketOption.client.status()
            if !names.isEmpty { snapshot = try selected(from: snapshot) }
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                print(String(decoding: try encoder.encode(snapshot), as: UTF8.self))
            } else {
                for line in StatusTable.lines(of: snapshot, isColoured: isColoured(1)) { print(line) }
            }
        }
    }

    private func selected(from snapshot: Snapshot) throws -> Snapshot {
        var selected = snapshot
        for name in names where !snapshot.services.contains(where: { $0.matches(name) }) {
            throw ControlError.refused(
                UnknownNameError(name: name, services: snapshot.services.map(\.name)).description)
        }
        selected.services = snapshot.services.compactMap { service in
            var service = service
            if !names.contains(service.name) {
                service.workers.removeAll { !names.contains("\(service.name)/\($0.number)") }
            }
            return service.workers.isEmpty && !names.contains(service.name) ? nil : service
        }
        return selected
    }
}

extension ServiceSnapshot {
    fileprivate func matches(_ name: String) -> Bool {
        name == self.name || workers.contains { name == "\(self.name)/\($0.number)" }
    }
}
