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
        try Failure.reporting {
            if all {
                try socketOption.client.shutDown()
                print("stopped everything")
            } else {
                print("stopped \(try socketOption.client.stop(names).joined(separator: " "))")
            }
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
        try Failure.reporting {
            let client = socketOption.client
            let started = try client.start(names)
            let down = try client.status().services.flatMap { service in
                service.workers.filter { $0.state == "failed" }.map { "\(service.name)/\($0.number)" }
            }
            let failed = started.filter(down.contains)
            guard failed.isEmpty else {
                printError("cadre: \(failed.joined(separator: " ")) failed; cadre status and cadre logs tell more")
                throw Failure.workersFailed
            }
            print("started \(started.joined(separator: " "))")
        }
    }
}
