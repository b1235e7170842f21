import ArgumentParser
import Cadre

/// `cadre restart`
struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Replace workers, each by a successor of the same specification.",
        discussion: """
            What runs of a service goes on serving until a successor is ready to take over, one worker after another unless \
            the service's rollout table says otherwise; services are restarted side by side. Workers that are down are \
            started. It returns when nothing of the former incarnations is left.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.restart.perform(on: target.names, "restarting", "restarted", waitOptions, socketOption)
    }
}
