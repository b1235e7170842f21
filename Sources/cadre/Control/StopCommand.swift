import ArgumentParser
import Cadre
import ControlAPI
import Specification
import Supervision

/// `cadre stop`
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop workers and leave them down, until they are started again.",
        discussion: """
            It returns when nothing of them is left. One that does not stop in its time is killed. Services that require \
            one of which nothing is left to run are stopped with it, before it.
            """)

    @Argument(
        help: "Services, workers or patterns (web, web/0, 'w*', 'web/[0-3]').",
        completion: .liveNames)
    var names: [String] = []

    @Flag(help: "Stop everything, and the supervisor too.")
    var all = false

    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        if names.isEmpty != all {
            throw ValidationError(
                all ? "--all leaves nothing to name" : "name the services or workers to stop, or say --all")
        }
    }

    func run() throws {
        if !all { WorkerCommand.stop.perform(on: names, "stopping", "stopped", waitOptions, socketOption) }
        let timeout = waitOptions.timeout?.duration
        let wording = OutcomeReport.Wording(
            ongoing: { _ in "stopping" }, past: { _ in "stopped" },
            nothing: waitOptions.noWait ? "stopping everything" : "stopped everything")
        let change = Change(
            wording: { _ in wording },
            progress: Waiting.Progress(title: "stopping everything") { before, _ in Goal(of: .stop, before: before) },
            timeout: nil,
            lateness: .init(
                limit: timeout,
                sentence: "not all has stopped in \(DurationFormat.format(timeout ?? .zero)); "
                    + "the supervisor goes on with it, and cadre status shows how far it is"),
            isJSON: waitOptions.json,
            request: { [waitOptions] client in try await client.shutDown(waits: !waitOptions.noWait) },
            outcomes: \.outcomes)
        waitOptions.run(socketOption) { waiting in try await change.perform(with: waiting) }
    }
}
