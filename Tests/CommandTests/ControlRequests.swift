import ControlAPI
import Glibc
import Reactor
import Testing

extension SupervisorProcess {
    /// A client of this supervisor.
    var client: ControlClient { ControlClient(path: socket) }

    /// Asks this supervisor with its client.
    func ask<Value: Sendable>(
        _ body: @escaping @Sendable (ControlClient) async throws -> Value
    ) throws -> Value {
        let client = client
        return try waitFor { try await body(client) }
    }

    /// An answer as it came.
    struct Answer {
        let head: String
        let body: String

        init(_ text: String) throws {
            guard let end = text.firstRange(of: "\r\n\r\n") else {
                throw Unmet(expectation: "an answer", lines: [text])
            }
            (head, body) = (String(text[..<end.lowerBound]) + "\r\n", String(text[end.upperBound...]))
        }

        var status: Int { Int(head.split(separator: " ")[1]) ?? 0 }
    }

    func get(_ path: String) throws -> Answer { try request("GET", path) }

    /// Asks on a connection of its own, in plain text.
    func request(_ method: String, _ path: String, _ body: String = "", headers: [String] = []) throws -> Answer {
        let connection = try connect(to: socket)
        try send(requestText(method, path, body, headers: headers), to: connection)
        var timeout = timeval(tv_sec: Int(Machine.patience / .seconds(1)), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try systemCall("setsockopt") {
            setsockopt(connection.rawValue, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        }
        return try Answer(try connection.readText("the answer to \(method) \(path)"))
    }
}

/// A request after whose answer the server hangs up.
func requestText(_ method: String, _ path: String, _ body: String = "", headers: [String] = []) -> String {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
    if !body.isEmpty || method == "POST" { lines.append("Content-Length: \(body.utf8.count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
}

/// Sends all of a text; if the other side has hung up that is an error, and no signal.
func send(_ text: String, to socket: borrowing Descriptor) throws(SystemCallError) {
    let number = socket.rawValue
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = try systemCall("send") {
            rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        rest = rest.dropFirst(count)
    }
}

/// Reads so many answers of status 202.
func expectAnswers(_ count: Int, from socket: borrowing Descriptor) throws {
    var text = ""
    while text.occurrences(of: "HTTP/1.1 202") < count || !text.hasSuffix("}]}") {
        let more = try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            String(decoding: buffer[..<(try socket.read(into: buffer))], as: UTF8.self)
        }
        try #require(!more.isEmpty, "hung up after \(text.suffix(300))")
        text += more
    }
}

extension String {
    /// How often a text is in this one.
    func occurrences(of part: String) -> Int { ranges(of: part).count }
}
