import ArgumentParser
import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Reactor

/// `cadre status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the workers and how they are doing.",
        discussion: """
            CPU is what the worker has used, its past incarnations included; MEMORY what its cgroup holds and may hold.
            """)

    @Argument(help: "Show only these services or workers (web, web/0).")
    var names: [String] = []

    @Flag(help: "Print JSON; with --watch, an object a line.")
    var json = false

    @Flag(help: "Go on, refreshing in place on a terminal and table after table elsewhere.")
    var watch = false

    @Option(help: ArgumentHelp("How long to wait between refreshes; with --watch.", valueName: "duration"))
    var interval: Interval?

    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        if interval != nil && !watch { throw ValidationError("--interval is of use with --watch only") }
    }

    func run() throws {
        if watch {
            let client = socketOption.client
            ClientLoop.run(blocking: []) { reactor in
                try await watch(on: reactor, fetch: try ClientLoop.fetch(from: client))
            }
        }
        try Failure.reporting {
            let snapshot = try selected(from: try socketOption.client.status())
            if json { return try printJSON(snapshot, isPretty: true) }
            for line in StatusTable.lines(of: snapshot) { print(line.rendered(isColoured: isColoured(1))) }
        }
    }

    // MARK: Watching

    /// Prints again and again. It fails where there is no supervisor at first; one that vanishes later may come back.
    private func watch(on reactor: Reactor, fetch: @Sendable () async throws -> Snapshot) async throws {
        var table = TableInPlace()
        var count = 0
        var lastProblem: String?
        while true {
            do {
                let snapshot = try selected(from: try await fetch())
                try show(snapshot, isFirst: count == 0, &table)
                lastProblem = nil
            } catch let error as ControlError where count > 0 && !error.isRefusal {
                let problem = "\(error) \(Symbols.current.ellipsis) trying again"
                if isatty(1) == 1 && !json {
                    show([StyledLine(problem, TextStyle(colour: .red))], &table)
                } else if problem != lastProblem {
                    printError("cadre: \(problem)")
                }
                lastProblem = problem
            }
            count += 1
            await reactor.sleep(for: (interval ?? .standard).duration)
        }
    }

    private func show(_ snapshot: Snapshot, isFirst: Bool, _ table: inout TableInPlace) throws {
        if json {
            try printJSON(snapshot, isPretty: false)
        } else if isatty(1) == 1 {
            show(StatusTable.lines(of: snapshot), &table)
        } else {
            if !isFirst { print() }
            for line in StatusTable.lines(of: snapshot) { print(line.plain(isASCII: false)) }
        }
        fflush(nil)
    }

    private func show(_ lines: [StyledLine], _ table: inout TableInPlace) {
        print(
            table.sequence(to: lines, size: .of(1), isColoured: isColoured(1), symbols: .current), terminator: "")
        fflush(nil)
    }

    private func printJSON(_ snapshot: Snapshot, isPretty: Bool) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        print(String(decoding: try encoder.encode(snapshot), as: UTF8.self))
    }

    // MARK: Names

    private func selected(from snapshot: Snapshot) throws -> Snapshot {
        if names.isEmpty { return snapshot }
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

extension ControlError {
    /// Whether asking again would bring the same answer.
    fileprivate var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}

extension ServiceSnapshot {
    fileprivate func matches(_ name: String) -> Bool {
        name == self.name || workers.contains { name == "\(self.name)/\($0.number)" }
    }
}
