import CLinux
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

extension Problem {
    /// The answer that tells it.
    var response: (head: HTTPResponse, body: ByteBuffer) {
        let body = ByteBuffer(bytes: (try? JSON.encode(self)) ?? [])
        var head = HTTPResponse(status: HTTPResponse.Status(code: status))
        head.headerFields[.contentType] = "application/problem+json"
        head.headerFields[.contentLength] = "\(body.readableBytes)"
        head.headerFields[.date] = httpDate()
        if kind == .unauthorized { head.headerFields[.wwwAuthenticate] = "Bearer" }
        return (head, body)
    }

    /// The same, for a socket that no HTTP server was set on.
    var text: [UInt8] {
        let (head, body) = response
        var lines = "HTTP/1.1 \(head.status)\r\nConnection: close\r\n"
        for field in head.headerFields { lines += "\(field.name): \(field.value)\r\n" }
        return Array("\(lines)\r\n".utf8) + Array(buffer: body)
    }
}

extension Response {
    init(_ problem: Problem) {
        let (head, body) = problem.response
        self.init(status: head.status, headers: head.headerFields, body: ResponseBody(byteBuffer: body))
    }
}

/// The time as the header `Date` has it (RFC 9110, 5.6.7).
func httpDate() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    // The names of days and months are English ones, as this program never leaves the C locale.
    let count = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
