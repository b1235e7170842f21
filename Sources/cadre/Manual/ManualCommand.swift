import ArgumentParser
import FoundationEssentials
import Glibc
import Reactor

/// `cadre manual`: what `make install` makes the manual pages with, and `make reference` that of the configuration.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Write the manual pages of all subcommands into a directory.",
        shouldDisplay: false)

    @Argument(help: "The directory.", completion: .directory)
    var directory: String

    @Flag(help: "The directory is Cadre's source: write the configuration's reference in docs/ and examples/ instead.")
    var reference = false

    func run() throws {
        try Failure.reporting {
            for (name, text) in reference ? Self.references : try Self.manual() {
                let path = "\(directory)/\(name)"
                try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(text, path)
            }
        }
    }

    /// The pages of all sections, by the names of their files.
    static func manual() throws -> [(name: String, text: String)] {
        try pages().map { ("\($0.name).1", $0.text) }
            + [("cadre.toml.5", ReferencePage.text(version: cadreVersion))]
    }

    /// The configuration's reference, by where it is in the source.
    static var references: [(name: String, text: String)] {
        [("docs/configuration.md", ReferenceDocument.text), ("examples/reference.toml", ReferenceFile.text)]
    }

    /// The pages of section 1 by name.
    static func pages() throws -> [(name: String, text: String)] {
        let root = try root()
        let subcommands = root.documented
        let main = ManualPage(
            of: root, version: cadreVersion,
            more: [
                (
                    "SUBCOMMANDS",
                    subcommands.map { .item("\($0.pageName)(1)", $0.abstract ?? "") }
                ), exitStatus, environment, files,
                (
                    "SEE ALSO",
                    [.paragraph("cadre.toml(5), systemctl(1), journalctl(1), systemd.resource-control(5), cgroups(7)")]
                ),
            ])
        let seeAlso: (String, [ManualPage.Block]) = ("SEE ALSO", [.paragraph("cadre(1)")])
        return [(root.pageName, main.text)]
            + subcommands.map {
                ($0.pageName, ManualPage(of: $0, version: cadreVersion, more: [exitStatus, seeAlso]).text)
            }
    }

    /// The whole command.
    static func root() throws -> CommandInfo {
        let dump = Data(CadreCommand._dumpHelp().utf8)
        return try JSONDecoder().decode(CommandInfo.Dump.self, from: dump).command
    }

    private static let exitStatus: (String, [ManualPage.Block]) = (
        "EXIT STATUS", Failure.codes.map { .item("\($0.code.rawValue)", "\($0.meaning).") }
    )

    private static let environment: (String, [ManualPage.Block]) = (
        "ENVIRONMENT",
        [
            .item("CADRE_SOCKET", "The supervisor's control socket, if there is no --socket."),
            .item("NO_COLOR", "If it is set there is no colour."),
        ]
    )

    private static let files: (String, [ManualPage.Block]) = (
        "FILES",
        [
            .item("/etc/cadre/cadre.toml, /etc/cadre/conf.d/*.toml", "What cadre.service runs."),
            .item("~/.config/cadre/cadre.toml", "What a user's own cadre.service runs."),
            .item("/run/cadre/control.sock", "The supervisor's control socket."),
        ]
    )
}
