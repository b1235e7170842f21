import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Reactor

/// `cadre status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the workers and how they are doing.",
        discussion: """
            CPU is what the worker has used, its past incarnations included; MEMORY what its cgroup holds and may hold; \
            SPECIFICATION, with --wide, tells which one the worker runs: it is the same for workers that run the same.
            """)

    @Argument(
        help: "Show only these services, workers or patterns (web, web/0, 'w*').",
        completion: .liveNames)
    var names: [String] = []

    @Flag(help: "Show the digest of the specification that each worker runs, too.")
    var wide = false

    @Flag(help: "Print JSON; with --watch, an object a line.")
    var json = false

    @Flag(help: "Go on, refreshing in place on a terminal and table after table elsewhere.")
    var watch = false

    @Option(help: ArgumentHelp("How long to wait between refreshes; with --watch.", valueName: "duration"))
    var interval: Interval?

    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        if wide && json { throw ValidationError("--wide is of no use with --json, which has everything") }
        if interval != nil && !watch { throw ValidationError("--interval is of use with --watch only") }
    }

    func run() throws {
        if watch {
            ClientLoop.run(blocking: []) { [names, socketOption] reactor in
                let client = ControlClient(path: socketOption.path)
                try await watch(on: reactor) { try await client.status(names) }
            }
        }
        let snapshot = try socketOption.runClient { [names] client in try await client.status(names) }
        try Failure.reporting {
            if json { return try printJSON(snapshot) }
            for line in StatusTable.lines(of: snapshot, isWide: wide) {
                print(line.rendered(isColoured: isColoured(1)))
            }
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
                let snapshot = try await fetch()
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
            show(StatusTable.lines(of: snapshot, isWide: wide), &table)
        } else {
            if !isFirst { print() }
            for line in StatusTable.lines(of: snapshot, isWide: wide) { print(line.plain(isASCII: false)) }
        }
        flushOutput()
    }

    private func show(_ lines: [StyledLine], _ table: inout TableInPlace) {
        print(
            table.sequence(to: lines, size: .of(1), isColoured: isColoured(1), symbols: .current), terminator: "")
        flushOutput()
    }
}

extension ControlError {
    /// Whether asking again would bring the same answer.
    fileprivate var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}
