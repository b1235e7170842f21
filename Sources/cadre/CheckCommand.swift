import ArgumentParser
import Glibc
import Specification

/// `cadre check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with a configuration file, all of it at once.",
        discussion: """
            The files in conf.d/ beside it are read too. Each problem is a line FILE:LINE: KEY: what is wrong; then the \
            exit code is 2. Users, groups and working directories are looked for on this machine.
            """)

    @Argument(help: "The file.", completion: .file(extensions: ["toml"]))
    var file = defaultConfiguration

    @Option(help: "The directory of further files, instead of conf.d beside the file.", completion: .directory)
    var dropIns: String?

    @Flag(help: "Look at the files only: they are for another machine, with users and directories of its own.")
    var filesOnly = false

    func run() throws {
        try Failure.reporting {
            var host = HostCheck()
            host.looksUpAccounts = !filesOnly
            host.looksAtDirectories = !filesOnly
            let specification = try Specification.load(file: file, dropIns: dropIns, host: host)
            let names = specification.services.map(\.name)
            print("\(file): \(names.count) service\(names.count == 1 ? "" : "s"): \(names.joined(separator: ", "))")
        }
    }
}

/// What runs unless the user says otherwise.
let defaultConfiguration = "/etc/cadre/cadre.toml"
