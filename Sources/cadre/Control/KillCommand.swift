import ArgumentParser
import Cadre

/// `cadre kill`
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Kill all that runs of workers, at once.",
        discussion: """
            All processes of them get SIGKILL; it returns when nothing of them is left. What comes then is up to the restart \
            policy. It spends nothing of the restart budget.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.kill.perform(on: target.names, "killing", "killed", waitOptions, socketOption)
    }
}
