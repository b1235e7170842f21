import ArgumentParser
import FoundationEssentials
import Glibc
import Reactor
import Specification
import SystemPackage
import Systemd

/// `cadre import`
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a configuration of one of supervisord, Circus, systemd, PM2, or of a Procfile.",
        discussion: """
            The configuration is printed, or written to a new file. What could not be carried over, or means something else \
            now, is told on standard error, one line each: FILE:LINE: KEY: why, and what to do instead. It is in the \
            configuration as comments, too. What is written passes `cadre check`; users and directories that this machine \
            doesn't have are told. If nothing could be carried over, the exit code is 2.

            Example: cadre import Procfile --formation web=3,worker=2 --output /etc/cadre/conf.d/shop.toml
            """)

    @Argument(
        help: "supervisord.conf, circus.ini, a Procfile, PM2's ecosystem as JSON, or a unit such as app@.service.",
        completion: .file())
    var file: String

    @Option(help: "Its format; without it, by the file's name and what is in it.")
    var format: ImportFormat?

    @Option(help: "The file to write; it must not be there yet.", completion: .file(extensions: ["toml"]))
    var output: String?

    @Flag(help: "Write the file even if it is there.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "How many workers services have, such as web=3,worker=2, or all=2.", valueName: "service=count,..."))
    var formation: String?

    @Flag(help: "The configuration is for another machine: don't look for users and directories on this one.")
    var filesOnly = false

    @Flag(help: "Print JSON: the format, the configuration, and what there is to say of it.")
    var json = false

    /// What `--json` prints.
    private struct Report: Encodable {
        let format: ImportFormat
        let toml: String
        let remarks: [ImportRemark]
    }

    func validate() throws {
        _ = try counts()
        if force, output == nil {
            throw ValidationError("--force: only a file that is there is overwritten; add --output FILE")
        }
    }

    func run() throws {
        try Failure.reporting {
            let source = try ImportSource(file: file)
            guard let format = format ?? ImportFormat(of: source) else {
                let formats = ImportFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw ImportError(
                    ImportPlace(file: file), "the format is not clear; add --format with one of \(formats)")
            }
            var configuration = try format.configuration(of: source)
            try configuration.setFormation(try counts())
            try configuration.settle()
            configuration.sayWhoHasNoUser()
            if !filesOnly { configuration.compareWithHost() }
            let toml = configuration.toml()
            if let output { try write(toml, output) }
            if json {
                try printJSON(Report(format: format, toml: toml, remarks: configuration.allRemarks))
            } else if let output {
                let names = configuration.services.map(\.name).sorted()
                print(
                    "\(output): \(names.count) service\(names.count == 1 ? "" : "s"): \(names.joined(separator: ", "))")
            } else {
                print(toml, terminator: "")
            }
            if !json { for remark in configuration.allRemarks { printError(SafeText.clean("\(remark)")) } }
        }
    }

    /// `web=3,worker=2`
    private func counts() throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for part in (formation ?? "").split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let count = Int(pair[1]), WorkerCount.range.contains(count) else {
                throw ValidationError("--formation: \"\(part)\" is no number of workers; write web=3, or all=2")
            }
            counts[pair[0]] = count
        }
        return counts
    }

    private func write(_ text: String, _ path: String) throws {
        do throws(SystemCallError) {
            let exclusively = force ? O_TRUNC : O_EXCL
            try Descriptor.open(path, flags: O_WRONLY | O_CREAT | exclusively, mode: 0o644).write(text, path)
        } catch {
            guard error.errno == .fileExists else { throw error }
            throw FileThere(path: path)
        }
    }

    private struct FileThere: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) is there already; write to another file, or add --force" }
    }
}

extension ImportFormat: ExpressibleByArgument {}
