import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Reactor

/// `cadre top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch the workers live.",
        discussion: """
            Services with their workers, what they use and how that went lately; ? shows the keys. CPU% is the share of \
            one processor since the last refresh. A narrow terminal shows the most important columns, a wide one all.
            """)

    @Option(help: ArgumentHelp("How long to wait between refreshes.", valueName: "duration"))
    var interval = Interval.standard

    @Option(help: ArgumentHelp("The column to sort by.", valueName: "column"))
    var sort = TopColumn.cpu

    @Flag(
        help: ArgumentHelp(
            "Print everything once and end, after one interval.",
            discussion: "As wide as the terminal, or as $COLUMNS says; needs no terminal."))
    var once = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        if !once { try requireTerminal() }
        let model = TopModel(sort: sort, interval: interval.duration, size: size, symbols: .current)
        ClientLoop.run(blocking: once ? [] : TopDriver.signals) { [socketOption] reactor in
            let client = ControlClient(path: socketOption.path)
            if once { return try await printOnce(model, reactor) { try await client.status() } }
            let driver = try TopDriver(
                model, isColoured: isColoured(1), on: reactor, fetch: { try await client.status() },
                command: { command, name in _ = try await client.command(command, [name]) })
            switch try await driver.run() {
            case .quit: return
            case .signal(let signal): SignalDefault.perform(signal)
            case .failed(let error): throw error
            }
        }
    }

    private func requireTerminal() throws {
        let advice = "use cadre status --json, or cadre top --once"
        guard isatty(0) == 1, isatty(1) == 1 else {
            printError("cadre: top needs a terminal for its input and its output; \(advice)")
            throw Failure.failed
        }
        if let type = getenv("TERM").map({ String(cString: $0) }), type.isEmpty || type == "dumb" {
            printError("cadre: a terminal with TERM=\(type) can't show top; \(advice)")
            throw Failure.failed
        }
    }

    private var size: TerminalSize {
        var size = TerminalSize.of(1)
        if isatty(1) == 0, let columns = getenv("COLUMNS").flatMap({ Int(String(cString: $0)) }), columns > 0 {
            size.columns = columns
        }
        return size
    }

    /// Two snapshots, as a rate needs two.
    private func printOnce(
        _ initial: TopModel, _ reactor: Reactor, _ fetch: @Sendable () async throws -> Snapshot
    ) async throws {
        var model = initial
        model.receive(try await fetch(), at: Reactor.now)
        await reactor.sleep(for: model.interval)
        model.receive(try await fetch(), at: Reactor.now)
        let (isTerminal, isColoured, isASCII) = (isatty(1) == 1, isColoured(1), model.symbols.isASCII)
        for line in model.report() {
            print(isTerminal ? line.rendered(isColoured: isColoured, isASCII: isASCII) : line.plain(isASCII: isASCII))
        }
    }
}
