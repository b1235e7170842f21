import ArgumentParser
import ControlAPI
import Specification

/// How long a subcommand waits for what it asks for, and how it tells of it.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Return as soon as the supervisor has taken the command.")
    var noWait = false

    @Option(help: ArgumentHelp("How long to wait; without it, as long as it takes.", valueName: "duration"))
    var timeout: Timeout?

    @Flag(help: "Print the outcome of each worker as JSON.")
    var json = false

    func validate() throws {
        if noWait && timeout != nil { throw ValidationError("--no-wait leaves nothing that --timeout could end") }
    }
}

/// How long something may take.
struct Timeout: ExpressibleByArgument, Hashable, Sendable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    /// More than nothing.
    init?(argument: String) {
        guard let parsed = try? DurationFormat.parse(argument), parsed > .zero else { return nil }
        duration = parsed
    }

    var defaultValueDescription: String { DurationFormat.format(duration) }
}
