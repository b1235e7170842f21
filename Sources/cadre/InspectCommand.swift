import ArgumentParser
import Cadre
import ControlAPI
import Glibc

/// `cadre inspect`
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show everything that is known of one worker.",
        discussion: """
            Its cgroup and limits, what it used and met with, its processes, the stack of each thread where that is \
            permitted, its environment, open files and last ends, and what it serves at its introspect URL.

            Of a variable whose name contains SECRET, TOKEN, PASSWORD, PASSWD, KEY or CREDENTIAL the value is not shown.
            """)

    @Argument(
        help: "The worker (web/0).", completion: .liveWorkers)
    var worker: WorkerArgument

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let inspection = try socketOption.runClient { [worker] client in
            try await client.inspect(worker.number, of: worker.service)
        }
        try Failure.reporting {
            if json { return try printJSON(inspection) }
            let isTerminal = isatty(1) == 1
            for line in InspectionText.lines(of: inspection) {
                print(isTerminal ? line.rendered(isColoured: isColoured(1)) : line.plain(isASCII: false))
            }
        }
    }
}

/// The name of one worker.
struct WorkerArgument: ExpressibleByArgument, Hashable {
    let service: String
    let number: Int

    /// `web/0`; nil for anything else.
    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let number = Int(parts[1]), number >= 0 else { return nil }
        (service, self.number) = (String(parts[0]), number)
    }
}
