public import ArgumentParser
public import Cadre
import ControlAPI
public import Processes
import Supervision

/// `cadre signal`
struct SignalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal", abstract: "Send workers a signal.",
        discussion: """
            It returns when the kernel has taken the signal. A worker that ends of it is restarted as its policy has it; \
            to stop one for good there is cadre stop.

            Example: cadre signal HUP web --to all
            """)

    @Argument(
        help: ArgumentHelp("The signal: HUP, SIGHUP or 1.", valueName: "signal"),
        completion: .list(Signal.allNamed.map { String($0.name.dropFirst(3)) }))
    var signal: Signal

    @OptionGroup var target: NamesArgument

    @Option(
        help: ArgumentHelp(
            "Which processes of a worker get it.",
            discussion: """
                The leader is the process that was started, or the one named by MAINPID=; the children are all others.
                """,
            valueName: "processes"))
    var to = WorkerCommand.Recipients.leader

    @Flag(help: "Print the state of each worker as JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let command = WorkerCommand.signal(signal.rawValue, to: to)
        let result = try socketOption.runClient { [names = target.names] client in
            try await client.command(command, names)
        }
        if json { return try printJSON(result) }
        let got = result.outcomes.filter(\.hasProcesses).map(\.worker)
        if !got.isEmpty { print("sent \(signal) to \(NamePhrase.of(got))") }
        let others = result.outcomes.filter { !$0.hasProcesses }.map(\.worker)
        if !others.isEmpty { print("nothing runs of \(NamePhrase.of(others))") }
    }
}

extension WorkerOutcome {
    /// Whether the worker is in a state in which it has processes.
    fileprivate var hasProcesses: Bool {
        switch state.flatMap(WorkerState.init) {
        case .starting, .ready, .frozen, .draining, .stopping, .killing: true
        case .waiting, .failed, .done, .stopped, .asleep, nil: false
        }
    }
}

extension Signal: ExpressibleByArgument {
    /// A signal by its name or number.
    public init?(argument: String) {
        self.init(name: argument)
    }
}

extension WorkerCommand.Recipients: ExpressibleByArgument {}
