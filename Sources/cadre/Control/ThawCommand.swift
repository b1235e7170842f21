import ArgumentParser
import Cadre

/// `cadre thaw`
struct ThawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thaw", abstract: "Let frozen workers go on.",
        discussion: """
            Those that are not frozen stay as they are.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.thaw.perform(on: target.names, "thawing", "thawed", waitOptions, socketOption)
    }
}
