/// What ArgumentParser tells of a command in JSON (`--experimental-dump-help`), as far as a manual needs it.
struct CommandInfo: Decodable {
    /// The whole, as it is dumped.
    struct Dump: Decodable {
        let command: CommandInfo
    }

    /// A name of an option.
    struct Name: Decodable {
        enum Kind: String, Decodable {
            case long, short, longWithSingleDash
        }

        let kind: Kind
        let name: String

        /// As it is typed: `--socket`.
        var text: String {
            switch kind {
            case .long: "--\(name)"
            case .short, .longWithSingleDash: "-\(name)"
            }
        }
    }

    /// What a command takes.
    struct Argument: Decodable {
        enum Kind: String, Decodable {
            case positional, option, flag
        }

        let kind: Kind
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
        let discussion: String?
    }

    let commandName: String
    let superCommands: [String]?
    let shouldDisplay: Bool
    let abstract: String?
    let discussion: String?
    let subcommands: [CommandInfo]?
    let arguments: [Argument]?

    /// As it is typed: `cadre status`.
    var fullName: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }
    /// The name of its manual page: `cadre-status`.
    var pageName: String { ((superCommands ?? []) + [commandName]).joined(separator: "-") }
    /// The subcommands that have a manual page.
    var documented: [CommandInfo] { (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" } }
}
