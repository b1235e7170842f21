import ArgumentParser
import ControlAPI
import Specification

/// `cadre limit`
struct LimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Change the limits of services while their workers run.",
        discussion: """
            They are written to the cgroups of all that runs of a service, at once and without a restart, and hold for \
            its future workers too, until a configuration is applied. Amounts are written as in the configuration; none \
            takes a limit away.

            Example: cadre limit web --memory-max 1G --memory-high none
            """)

    @Argument(
        help: "Services or patterns (web, 'w*').",
        completion: .liveServices)
    var services: [String]

    @Option(
        help: ArgumentHelp("Kill and restart a worker that holds more memory.", valueName: "size"), completion: none)
    var memoryMax: String?

    @Option(help: ArgumentHelp("Replace a worker that holds more memory.", valueName: "size"), completion: none)
    var memoryHigh: String?

    @Option(help: ArgumentHelp("How much a worker may have swapped out.", valueName: "size"), completion: none)
    var memorySwapMax: String?

    @Option(
        help: ArgumentHelp(
            "How much of the processors a worker may use: 150% is one and a half.", valueName: "percent"),
        completion: none)
    var cpuMax: String?

    @Option(help: ArgumentHelp("Its share of busy processors, from 1 to 10000.", valueName: "weight"), completion: none)
    var cpuWeight: String?

    @Option(help: ArgumentHelp("How many processes and threads it may have.", valueName: "number"), completion: none)
    var tasksMax: String?

    @Option(help: ArgumentHelp("Its share of busy disks, from 1 to 10000.", valueName: "weight"), completion: none)
    var ioWeight: String?

    @Option(help: ArgumentHelp("The only processors that it may use: 0-3,6.", valueName: "list"), completion: none)
    var cpusetCpus: String?

    @Option(help: ArgumentHelp("The only memory nodes that it may use.", valueName: "list"), completion: none)
    var cpusetMems: String?

    @Flag(help: "Set --memory-max even where a worker holds more, so that the kernel kills it.")
    var force = false

    @Flag(help: "Print the services as JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    private static let none = CompletionKind.list(["none"])

    /// The limits that are given, by the configuration's keys, in its order.
    var limits: [(key: String, text: String)] {
        [
            ("memory_max", memoryMax), ("memory_high", memoryHigh), ("memory_swap_max", memorySwapMax),
            ("cpu_max", cpuMax), ("cpu_weight", cpuWeight), ("tasks_max", tasksMax), ("io_weight", ioWeight),
            ("cpuset_cpus", cpusetCpus), ("cpuset_mems", cpusetMems),
        ].compactMap { key, text in text.map { (key, $0) } }
    }

    func validate() throws {
        if limits.isEmpty { throw ValidationError("name a limit to change, such as --memory-max 1G") }
        do {
            _ = try LimitChange.parse(Dictionary(uniqueKeysWithValues: limits.map { ($0.key, $0.text) }))
        } catch {
            let problems = error.problems.map { problem in
                "--\(String(problem.key.map { $0 == "_" ? "-" : $0 })): \(problem.message)"
            }
            throw ValidationError(problems.joined(separator: "\n"))
        }
    }

    func run() throws {
        let limits = limits
        let result = try socketOption.runClient { [services, force] client in
            try await client.limit(
                services, Dictionary(uniqueKeysWithValues: limits.map { ($0.key, $0.text) }), force: force)
        }
        if json { return try printJSON(result) }
        let texts = limits.map { "\($0.key) \($0.text)" }.joined(separator: ", ")
        for service in result.services { print("\(service): \(texts)") }
    }
}
