/// The name of a worker: its service and its number in it, `web/0`.
public struct WorkerID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The service's name.
    public let service: String
    /// The worker's number, from 0.
    public let number: Int

    /// The worker `number` of `service`.
    public init(service: String, number: Int) {
        self.service = service
        self.number = number
    }

    /// As in `web/0`: how users name it, and how the journal identifies its lines.
    public var description: String { "\(service)/\(number)" }

    /// By service, then by number.
    public static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.service, left.number) < (right.service, right.number)
    }
}
