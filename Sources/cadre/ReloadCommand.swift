import ArgumentParser
import ControlAPI
import Specification

/// `cadre reload`
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the supervisor read its configuration again; what systemctl reload does.",
        discussion: """
            Services that are new are started, those that are gone are stopped, those that are the same are left alone. Of \
            one whose number of workers is all that changed, the difference is started or stopped; otherwise its \
            workers are replaced one after another, each when its successor is ready. If the configuration has a \
            problem nothing changes; the problems are printed, and the exit code is 2.
            """)

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let result = try socketOption.runClient { client in try await client.apply() }
        print("reloaded: \(result.plan.summary)")
    }
}
