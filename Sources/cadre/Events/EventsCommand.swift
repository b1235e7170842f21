import ArgumentParser
import Cadre
import ControlAPI
import Supervision

/// `cadre events`
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Follow what happens to workers.",
        discussion: """
            A line for each event, until Ctrl-C; the first one tells how everything is. When the connection is lost it is \
            made again, and goes on where it was. What happened before is in the journal: cadre logs --events.

            With --json each line is an object: {"event": ...}, or {"snapshot": ...} at the beginning and whenever \
            events were missed.
            """)

    @Argument(
        help: "Only those of these services, workers or patterns (web, web/0, 'w*').",
        completion: .liveNames)
    var names: [String] = []

    @Flag(help: "Print a JSON object a line.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let socket = socketOption.path
        let printer = EventPrinter(isJSON: json, isColoured: isColoured(1))
        ClientLoop.run(blocking: []) { [names] reactor in
            let client = ControlClient(path: socket)
            // A name that nothing has is refused, so that a mistake isn't taken for silence.
            if !names.isEmpty { _ = try await client.status(names, withStatistics: false) }
            var follower = EventFollower(filter: EventFilter(try names.map(NamePattern.init)), printer: printer)
            try await follower.follow(client, on: reactor)
        }
    }
}

/// Which events are wanted.
struct EventFilter {
    private let patterns: [NamePattern]

    /// Those of what the patterns name; without patterns, all.
    init(_ patterns: [NamePattern]) {
        self.patterns = patterns
    }

    /// Whether an event is wanted: of a worker that is named, or of a service that is.
    func contains(_ event: Event) -> Bool {
        if patterns.isEmpty { return true }
        guard let service = event.service else { return false }
        return patterns.contains { pattern in
            event.worker.map { pattern.matches(WorkerID(service: service, number: $0)) }
                ?? pattern.matches(service: service)
        }
    }
}
