import ArgumentParser
import Cadre
import Glibc
import Specification

/// `cadre security`
struct SecurityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "security", abstract: "Say how exposed the host is to each service, and what to do about it.",
        discussion: """
            From 0 to 10, in the manner of systemd-analyze security: what is left open of the weights of all settings. It \
            looks at the configuration file alone, so it needs no supervisor. Without names there is a line for each \
            service; with names, all that is looked at, and the three settings that are worth most.
            """)

    @Argument(help: "The services.", completion: .liveServices)
    var services: [String] = []

    @Option(help: "The file.", completion: .file(extensions: ["toml"]))
    var config = defaultConfiguration

    @Option(help: "The directory of further files, instead of conf.d beside the file.", completion: .directory)
    var dropIns: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try Failure.reporting {
            let specification = try Specification.load(file: config, dropIns: dropIns)
            let assessments = try chosen(of: specification).map(SecurityAssessment.init(of:))
            if json { return try printJSON(assessments) }
            let lines =
                services.isEmpty
                ? SecurityTable.overview(assessments)
                : Array(assessments.map(SecurityTable.details).joined(separator: [StyledLine()]))
            let isTerminal = isatty(1) == 1
            for line in lines {
                print(isTerminal ? line.rendered(isColoured: isColoured(1)) : line.plain(isASCII: false))
            }
        }
    }

    private func chosen(of specification: Specification) throws -> [ServiceSpecification] {
        if services.isEmpty { return specification.services }
        return try services.map { name in
            if let service = specification.services.first(where: { $0.name == name }) { return service }
            throw UnknownNameError(name: name, services: specification.services.map(\.name))
        }
    }
}
