import ArgumentParser
import Cadre
import ControlAPI

/// `cadre stop`
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop workers and leave them down, until they are started again.",
        discussion: "It returns when nothing of them is left. One that does not stop in its time is killed.")

    @Argument(help: "Services or workers (web, web/0).")
    var names: [String] = []

    @Flag(help: "Stop everything, and the supervisor too.")
    var all = false

    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        if names.isEmpty != all {
            throw ValidationError(
                all ? "--all leaves nothing to name" : "name the services or workers to stop, or say --all")
        }
    }

    func run() throws {
        if all {
            try socketOption.runClient { client in try await client.shutDown() }
            print("stopped everything")
        } else {
            let result = try socketOption.runClient { [names] client in
                try await client.command(.stop, names, until: .stopped)
            }
            print("stopped \(result.outcomes.map(\.worker).joined(separator: " "))")
        }
    }
}

/// `cadre start`
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start workers that are down: stopped, done or failed.",
        discussion: "It returns when each is ready or has failed. One that has failed gets a new restart budget.")

    @Argument(help: "Services or workers (web, web/0).")
    var names: [String]

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let outcomes = try socketOption.runClient { [names] client in
            try await client.command(.start, names, until: .ready).outcomes
        }
        let failed = outcomes.filter { $0.outcome == .failed }.map(\.worker)
        guard failed.isEmpty else {
            printError("cadre: \(failed.joined(separator: " ")) failed; cadre status and cadre logs tell more")
            throw Failure.workersFailed
        }
        print("started \(outcomes.map(\.worker).joined(separator: " "))")
    }
}
