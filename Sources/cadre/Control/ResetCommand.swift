import ArgumentParser
import Cadre

/// `cadre reset`
struct ResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Forget the failures of workers, and start those that have failed.",
        discussion: """
            Each gets a new restart budget, and one that waits for a restart is started at once. Those that run, and those that \
            were stopped by command, stay as they are.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.reset.perform(on: target.names, "resetting", "reset", waitOptions, socketOption)
    }
}
