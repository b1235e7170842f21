import ArgumentParser
import Cadre

/// `cadre start`
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start workers that are down: stopped, done or failed.",
        discussion: """
            It returns when each is ready or has failed. One that has failed gets a new restart budget; one that runs is left
            alone. What a service requires is started with it if it is down, and first.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.start.perform(on: target.names, "starting", "started", waitOptions, socketOption)
    }
}
