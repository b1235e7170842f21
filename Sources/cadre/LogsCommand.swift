import ArgumentParser
import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Reactor
import Systemd

/// `cadre logs`
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what workers printed, from the journal.",
        discussion: """
            The same as journalctl -t web/0 -t web/1 …; without names, of all workers. Lines of workers whose log goes \
            to a terminal or a file are not in the journal.
            """)

    @Argument(
        help: "Services or workers (web, web/0).",
        completion: .liveNames)
    var names: [String] = []

    @Flag(name: .shortAndLong, help: "Go on with new lines as they come.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Only the last lines; 10 with --follow unless there is --since.", valueName: "number"))
    var lines: Int?

    @Option(
        help: ArgumentHelp(
            "Only lines since then: a time ago (10min, 2h), a day or a local time (2026-01-31 14:00[:00]).",
            valueName: "time"))
    var since: String?

    @Flag(help: "Show the supervisor's own entries about them, too.")
    var events = false

    @Flag(help: "Print a JSON object a line.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        if let lines, lines < 0 { throw ValidationError("--lines: \(lines) is no number of lines; write 0 or more") }
        _ = try since.map(PointInTime.parse)
        for name in names where WorkerName(name) == nil {
            throw ValidationError("\"\(name)\" names no service and no worker; write web or web/0")
        }
    }

    func run() throws {
        try Failure.reporting {
            var reader = try JournalReader()
            guard try reader.hasFiles() else {
                printError(
                    "cadre: there is no journal that this user can read; without journald, lines go where log.to says, "
                        + "and with it, run this as root or as a member of the group systemd-journal")
                throw Failure.failed
            }
            try select(in: &reader)
            try seek(in: &reader)
            let printer = LogPrinter(isJSON: json, isColoured: isColoured(1))
            while true {
                while let record = try reader.next() { try printer.print(record) }
                flushOutput()
                guard follow else { return }
                // Not for longer, as without a watch (inotify(7)), where all are in use, nothing tells of a new entry.
                _ = try reader.wait(for: .seconds(1))
            }
        }
    }

    private func select(in reader: inout JournalReader) throws {
        let wanted = names.compactMap(WorkerName.init)
        let known = try reader.identifiers().compactMap(WorkerName.init).filter { $0.number != nil }
        var identifiers: Set<String> = []
        for name in wanted where name.number != nil { identifiers.insert(name.text) }
        for worker in known where wanted.isEmpty || wanted.contains(WorkerName(service: worker.service)) {
            identifiers.insert(worker.text)
        }
        // What hasn't printed anything yet may do so while we follow.
        if follow,
            let snapshot = try? waitFor({ [path = socketOption.path] in try await ControlClient(path: path).status() })
        {
            for service in snapshot.services
            where wanted.isEmpty || wanted.contains(WorkerName(service: service.name)) {
                let count = max(32, service.workers.count)
                identifiers.formUnion((0..<count).map { "\(service.name)/\($0)" })
            }
        }
        if !follow {
            // Asked for by name, so that a mistake isn't taken for silence.
            for name in wanted where name.number == nil && !known.contains(where: { $0.service == name.service }) {
                printError("cadre: the journal has no line of \(name.service)")
                throw Failure.refused
            }
        }
        // Without an identifier everything would match.
        if identifiers.isEmpty { identifiers = wanted.isEmpty ? ["cadre"] : Set(wanted.map { "\($0.service)/0" }) }
        let subjects = wanted.map { JournalReader.Subject(service: $0.service, worker: $0.number) }
        if events && wanted.isEmpty { identifiers.insert(JournalWriter.identifier) }
        try reader.select(identifiers: identifiers.sorted(), subjects: events ? subjects : [])
    }

    private func seek(in reader: inout JournalReader) throws {
        if let since {
            try reader.seek(since: try PointInTime.parse(since))
        } else if let lines = lines ?? (follow ? 10 : nil) {
            try reader.seekTail(lines: lines)
        }
    }
}

/// The name of a service or of a worker of it.
private struct WorkerName: Hashable {
    let service: String
    let number: Int?

    init(service: String) {
        self.service = service
        number = nil
    }

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard !parts[0].isEmpty else { return nil }
        service = parts[0]
        guard parts.count == 2 else {
            number = nil
            return
        }
        guard let number = Int(parts[1]), number >= 0, "\(number)" == parts[1] else { return nil }
        self.number = number
    }

    var text: String { number.map { "\(service)/\($0)" } ?? service }
}

/// Prints entries as journalctl(1) does in its short form, or as JSON.
private struct LogPrinter {
    let isJSON: Bool
    let isColoured: Bool
    private let isTerminal = isatty(1) == 1

    init(isJSON: Bool, isColoured: Bool) {
        self.isJSON = isJSON
        self.isColoured = isColoured
    }

    private struct Line: Encodable {
        let time: String
        let microseconds: UInt64
        let identifier: String
        let priority: Int?
        let pid: Int32?
        let message: String
        let event: String?
        let incarnation: String?
    }

    func print(_ record: JournalRecord) throws {
        if isJSON { try printObject(record) } else { printText(record) }
    }

    private func printText(_ record: JournalRecord) {
        let pid = record.pid.map { "[\($0)]" } ?? ""
        let time = LocalTime.text(seconds(of: record))
        let level = record.priority?.rawValue ?? 6
        // A worker may print anything. A file gets it as it is.
        let text =
            isTerminal
            ? SafeText.cleanLines(record.message) : record.message
        let message =
            switch level {
            case _ where !isColoured: text
            case ...3: "\u{1B}[31m\(text)\u{1B}[0m"
            case 4: "\u{1B}[33m\(text)\u{1B}[0m"
            default: text
            }
        Swift.print("\(time) \(record.identifier)\(pid): \(message)")
    }

    private func printObject(_ record: JournalRecord) throws {
        let line = Line(
            time: LocalTime.text(seconds(of: record), format: "%Y-%m-%dT%H:%M:%S%z"),
            microseconds: record.realtimeMicroseconds, identifier: record.identifier,
            priority: record.priority?.rawValue, pid: record.pid, message: record.message, event: record.event,
            incarnation: record.incarnation)
        try printJSON(line, isPretty: false)
    }

    private func seconds(of record: JournalRecord) -> time_t { time_t(record.realtimeMicroseconds / 1_000_000) }
}
