import ArgumentParser

/// `cadre`: one file a subcommand.
@main
struct CadreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cadre",
        abstract: "Runs N copies of a server program on this host, each in a cgroup of its own.",
        discussion: """
            A service is a command and how to run copies of it; a worker is one numbered copy, such as web/0. Services \
            are written in /etc/cadre/cadre.toml and run by the unit cadre.service, or given to `cadre run`.

            Where a command takes names, they are services (web), workers (web/0), or patterns for either ('w*', \
            'web/[0-3]'). A command that changes something waits until it is done; Ctrl-C ends the wait, not the change.

            Exit codes: \(Failure.codes.map { "\($0.code.rawValue) \($0.meaning)" }.joined(separator: "; ")).
            """,
        version: cadreVersion,
        subcommands: [ManualCommand.self, HandOverCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Run:",
                subcommands: [
                    RunCommand.self, SuperviseCommand.self, CheckCommand.self, ImportCommand.self, SecurityCommand.self,
                ]),
            CommandGroup(
                name: "Look:",
                subcommands: [
                    StatusCommand.self, TopCommand.self, InspectCommand.self, LogsCommand.self, EventsCommand.self,
                ]),
            CommandGroup(
                name: "Command workers:",
                subcommands: [
                    StartCommand.self, StopCommand.self, RestartCommand.self, ResetCommand.self, KillCommand.self,
                    FreezeCommand.self, ThawCommand.self, SignalCommand.self,
                ]),
            CommandGroup(
                name: "Change what runs:",
                subcommands: [
                    ScaleCommand.self, LimitCommand.self, PlanCommand.self, ApplyCommand.self, RolloutCommand.self,
                    UpgradeCommand.self, DestroyCommand.self,
                ]),
        ])
}

/// The version that `cadre --version` prints.
let cadreVersion = "0.1.0"
