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

            Exit codes: 0 done; 1 it failed; 2 a specification has problems; 3 no supervisor is there; 4 the supervisor \
            refused; 5 workers have failed for good (cadre run); 64 the command line is wrong.
            """,
        version: cadreVersion,
        subcommands: [
            RunCommand.self, SuperviseCommand.self, CheckCommand.self, StatusCommand.self, TopCommand.self,
            LogsCommand.self,
            StartCommand.self, StopCommand.self, ReloadCommand.self, InspectCommand.self, DestroyCommand.self,
        ])
}

/// The version that `cadre --version` prints.
let cadreVersion = "0.1.0"
