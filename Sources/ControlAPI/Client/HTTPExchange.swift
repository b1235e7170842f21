import CLinux
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Reactor
import SystemPackage

/// One request and its answer, on a connection of its own.
struct HTTPExchange {
    typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    let server: ServerAddress
    let eventLoop: any EventLoopGroup

    /// Sends a request, and hands over the answer's status and its body, which is there until `receive` returns.
    ///
    /// - Parameter body: JSON.
    /// - Throws: ``ControlError``, or what `receive` throws.
    func perform<Value>(
        _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        _ receive: (HTTPResponseStatus, AnswerBody) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect()
        let head = head(method, target, headers, bodySize: body?.count)
        return try await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            do {
                try await outbound.write(.head(head))
                if let body { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
                try await outbound.write(.end(nil))
            } catch {
                // One who is turned away is answered before, so the answer may be there all the same.
            }
            let head: HTTPResponseHead
            do {
                guard case .head(let first)? = try await parts.next() else { throw ChannelError.eof }
                head = first
            } catch let error as NIOHTTPDecoderError where error == .unsolicitedResponse {
                // Nobody else answers before there is a request, and what that is about the parser keeps to itself.
                throw ControlError.refused(
                    Problem(
                        .unavailable,
                        "the supervisor turned the connection away: it is out of descriptors, or has too many clients; try again"
                    ))
            } catch {
                throw ControlError.brokenAnswer(address: "\(server)", reason: "\(error)")
            }
            return try await receive(head.status, AnswerBody(parts, from: server))
        }
    }

    private func head(
        _ method: HTTPMethod, _ target: String, _ headers: [(String, String)], bodySize: Int?
    ) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "Connection", value: "close")
        if let bodySize {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: "\(bodySize)")
        } else if method == .POST {
            head.headers.add(name: "Content-Length", value: "0")
        }
        switch server {
        case .unix: head.headers.add(name: "Host", value: "localhost")
        case .remote(let remote):
            let host = remote.host.contains(":") ? "[\(remote.host)]" : remote.host
            head.headers.add(name: "Host", value: "\(host):\(remote.port)")
            if let token = remote.token { head.headers.add(name: "Authorization", value: "Bearer \(token)") }
        }
        return head
    }

    private func connect() async throws(ControlError) -> Connection {
        let bootstrap = ClientBootstrap(group: eventLoop)
        do {
            switch server {
            case .unix(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture { try Self.prepare(channel) }
                }
            case .remote(let remote):
                return try await bootstrap.connect(host: remote.host, port: Int(remote.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let isName = !remote.host.contains(":") && remote.host.contains(where: \.isLetter)
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(
                                context: remote.context, serverHostname: isName ? remote.host : nil))
                        return try Self.prepare(channel)
                    }
                }
            }
        } catch {
            throw failure(error)
        }
    }

    private static func prepare(_ channel: any Channel) throws -> Connection {
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        return try Connection(wrappingChannelSynchronously: channel)
    }

    private func failure(_ error: any Error) -> ControlError {
        switch error {
        case is NIOConnectionError: return .nobody(address: "\(server)")
        case let error as IOError:
            switch Errno(rawValue: error.errnoCode) {
            case .noSuchFileOrDirectory, .connectionRefused: return .nobody(address: "\(server)")
            case .permissionDenied:
                return .forbidden(
                    "you may not use \(server); only root, the supervisor's own user and the members of its group may")
            case let errno: return .system(SystemCallError(call: "connect", object: "\(server)", errno: errno))
            }
        default: return .brokenAnswer(address: "\(server)", reason: "\(error)")
        }
    }
}

/// The body of an answer, piece by piece.
struct AnswerBody: AsyncSequence {
    struct Iterator: AsyncIteratorProtocol {
        fileprivate var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
        fileprivate let server: ServerAddress

        /// - Throws: ``ControlError/brokenAnswer(address:reason:)`` if the answer isn't whole.
        mutating func next() async throws -> ByteBuffer? {
            do {
                switch try await parts.next() {
                case .body(let buffer): return buffer
                case .end: return nil
                case .head, nil: throw ChannelError.eof
                }
            } catch {
                throw ControlError.brokenAnswer(address: "\(server)", reason: "\(error)")
            }
        }
    }

    private let iterator: Iterator

    fileprivate init(
        _ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator, from server: ServerAddress
    ) {
        iterator = Iterator(parts: parts, server: server)
    }

    func makeAsyncIterator() -> Iterator { iterator }
}

/// Text of requests (RFC 3986).
enum RequestTarget {
    /// A text as a part of a path or a query.
    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    static func query(_ parameters: [(String, String)]) -> String {
        if parameters.isEmpty { return "" }
        return "?" + parameters.map { "\($0.0)=\(encode($0.1))" }.joined(separator: "&")
    }
}
