import Cadre
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// What happens, as server-sent events (the HTML standard, 9.2).
    mutating func addEvents(_ supervisor: Supervisor) {
        get("/v1/events", query: ["after"]) { call in
            let seen = [call.request.headers[.lastEventID], try call.value("after")].compactMap { $0 }
            let ids = try seen.map { text in
                guard let id = EventID(text) else {
                    throw Problem(.malformed, "\"\(text)\" is no event's id; it is as in the stream, such as 1f3c-42")
                }
                return id
            }
            let subscription = await supervisor.subscribe(after: ids.first)
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    try await call.request.body.consumeWithCancellationOnInboundClose { _ in
                        try await send(subscription, root: supervisor.rootPath, to: &writer)
                    }
                    try await writer.finish(nil)
                })
        }
    }
}

private func send(
    _ subscription: Subscription, root: String, to writer: inout any ResponseBodyWriter
) async throws {
    if let state = subscription.snapshot {
        let snapshot = Snapshot(state, root: root)
        try await writer.write(try ByteBuffer(event: "snapshot", id: "\(state.lastEvent)", snapshot))
    }
    do {
        for try await event in subscription.events {
            try await writer.write(try ByteBuffer(event: event.kind, id: "\(event.id)", event))
        }
    } catch let error as EventStreamError {
        try await writer.write(try ByteBuffer(event: "dropped", id: nil, Dropped(detail: error.description)))
    }
}

/// What is told to a reader that is too slow.
struct Dropped: Codable {
    let detail: String
}

extension HTTPField.Name {
    fileprivate static var lastEventID: Self { Self("Last-Event-ID")! }
}

extension ByteBuffer {
    /// One event as text. JSON on one line has no line ends, which would need care.
    fileprivate init(event: String, id: String?, _ data: some Encodable) throws {
        self.init(string: "event: \(event)\n\(id.map { "id: \($0)\n" } ?? "")data: ")
        writeBytes(try JSON.encode(data))
        writeStaticString("\n\n")
    }
}
