import ArgumentParser
import Cadre
import ControlAPI
import Specification

/// `cadre plan`
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what cadre apply would change.",
        discussion: """
            The supervisor reads its configuration and compares it with what runs, changes by cadre scale and cadre limit \
            included: + is added, - removed, ~ changed; live, which no worker notices, or by replacement. Nothing is \
            changed. If the configuration has problems they are printed, and the exit code is 2.
            """)

    @Flag(help: "End with 10 if there is something to apply.")
    var exitCode = false

    @Flag(help: "Print the plan as JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let plan = try socketOption.runClient { client in try await client.plan() }
        if json { try printJSON(plan) } else { plan.printLines() }
        if exitCode && !plan.isEmpty { throw Failure.changes }
    }
}

extension Plan {
    /// Prints it for people.
    func printLines() {
        for line in lines(isColoured: isColoured(1)) { print(line) }
        flushOutput()
    }
}
