public import Cadre
import FoundationEssentials

/// What a client asks of a supervisor; on the socket, one line of JSON.
public enum ControlRequest: Codable, Hashable, Sendable {
    /// How things stand.
    case status
    /// Start workers: `web`, `web/0`.
    case start([String])
    /// Stop workers and leave them down.
    case stop([String])
    /// Read the specification again and change what runs to it.
    case reload
    /// Stop everything, and the supervisor.
    case shutDown
}

/// What the supervisor answers; on the socket, one line of JSON.
public enum ControlResponse: Codable, Hashable, Sendable {
    /// To ``ControlRequest/status``.
    case status(Snapshot)
    /// It is done, for these workers.
    case done([String])
    /// To ``ControlRequest/reload``: what changes.
    case reloaded(String)
    /// The specification has problems, one a line; nothing changes.
    case badSpecification(String)
    /// It can't be done, and why.
    case refused(String)
}

/// One JSON text and a newline.
enum ControlLine {
    /// The most bytes a request may have, which bounds what a stranger can make the supervisor hold.
    static let longestRequest = 64 * 1024

    static func encode(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try [UInt8](encoder.encode(message)) + [UInt8(ascii: "\n")]
    }

    static func decode<Message: Decodable>(_ type: Message.Type, from line: some Sequence<UInt8>) throws -> Message {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
