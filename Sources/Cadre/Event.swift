/// Which event it is: the supervisor that it happened to, and its number there, from 1.
///
/// As text, `1f3c…-42`, it is the `id` in a stream of server-sent events.
public struct EventID: Hashable, Sendable, Codable, CustomStringConvertible, LosslessStringConvertible {
    /// A number that each run of a supervisor has for itself.
    public let run: UInt64
    /// The event's number in it; 0 is before all.
    public let number: UInt64

    init(run: UInt64, number: UInt64) {
        self.run = run
        self.number = number
    }

    /// Reads what ``description`` writes; nil for anything else.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let run = UInt64(parts[0], radix: 16), let number = UInt64(parts[1]) else { return nil }
        self.init(run: run, number: number)
    }

    /// The run in hexadecimal, a hyphen, the number.
    public var description: String { "\(String(run, radix: 16))-\(number)" }

    /// Reads the text that ``description`` is.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = EventID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no event's id")
        }
        self = id
    }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Something that happened to a worker, a service or the supervisor.
public struct Event: Hashable, Sendable, Codable {
    /// Which one it is.
    public var id: EventID
    /// When it happened, in seconds since 1970.
    public var time: Double
    /// How grave it is: `debug`, `info`, `notice`, `warning`, `error`.
    public var level: String
    /// What kind it is, as in `EventKind`: `ready`, `exited`, `oom-kill`, …
    public var kind: String
    /// The service that it concerns.
    public var service: String?
    /// The number of the worker that it concerns.
    public var worker: Int?
    /// The incarnation that it concerns.
    public var incarnation: UInt64?
    /// The worker's state after it, as in `WorkerState`.
    public var state: String?
    /// A sentence for people.
    public var message: String
    /// What more there is to know: `pid`, `reason`, `exit-code`, `exit-signal`, `memory-peak`, …
    public var details: [String: String]
}
