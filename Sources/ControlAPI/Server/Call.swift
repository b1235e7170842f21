import Cadre
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Specification

/// A request as its route sees it.
struct Call: Sendable {
    /// The most bytes the body of a request may have.
    static let longestBody = 64 * 1024

    let request: Request
    private let content: RequestBody
    private let parameters: Parameters
    private let query: [String: [String]]
    private let access: Access

    /// - Parameter content: where the body is to be read from.
    /// - Throws: a problem if the query has parameters that the route doesn't take.
    init(
        _ request: Request, content: RequestBody, _ context: ControlContext, _ route: RouteTable.Route
    ) throws(Problem) {
        self.request = request
        self.content = content
        parameters = context.parameters
        access = context.access
        var query: [String: [String]] = [:]
        for (name, value) in request.uri.queryParameters {
            guard route.query.contains(String(name)) else {
                let known =
                    route.query.isEmpty ? "it takes none" : "it takes \(route.query.sorted().joined(separator: ", "))"
                throw Problem(.malformed, "\(request.uri.path) has no query parameter \"\(name)\"; \(known)")
            }
            query[String(name), default: []].append(String(value))
        }
        self.query = query
    }

    /// - Throws: a problem if the client isn't root or the supervisor's own user, who could do this without us.
    func requireOwner(_ what: String) throws(Problem) {
        guard !access.isOwner else { return }
        throw Problem(.forbidden, "only root and the supervisor's own user, on the control socket, may \(what)")
    }

    /// The services that the client may command.
    var rights: ServiceRights { access.rights }

    /// That the client may command all services, and so the supervisor itself.
    func requireAll(_ what: String) throws(Problem) {
        guard !access.rights.areComplete else { return }
        throw Problem(
            .forbidden, "what you may change are some services, and this is to \(what); \(access.whoMay)")
    }

    /// Has a change made, and notes in the journal that it was, or why it was not, and by whose wish.
    ///
    /// - Parameters:
    ///   - command: what is asked for, as a command line would say it; never a secret.
    ///   - objects: what it is asked for.
    func change<Value>(
        _ supervisor: Supervisor, _ command: String, of objects: [String], _ body: () async throws -> Value
    ) async throws(Problem) -> Value {
        var entry = AuditEntry(
            caller: access.caller.phrase, details: access.caller.details, command: command, objects: objects)
        do {
            let value = try await refusable(body)
            await supervisor.audit(entry)
            return value
        } catch {
            entry.refusal = error.detail
            await supervisor.audit(entry)
            guard error.kind == .forbidden, !error.detail.hasSuffix(access.whoMay) else { throw error }
            throw Problem(.forbidden, "\(error.detail); \(access.whoMay)")
        }
    }

    /// A part of the path.
    func parameter(_ name: String) -> String { parameters.get(name) ?? "" }

    /// The values of a query parameter that may come several times.
    func values(_ name: String) -> [String] { query[name] ?? [] }

    /// The value of a query parameter.
    func value(_ name: String) throws(Problem) -> String? {
        let values = values(name)
        if values.count > 1 { throw Problem(.malformed, "the query parameter \(name) is given \(values.count) times") }
        return values.first
    }

    /// A query parameter that is `true` or `false`.
    func flag(_ name: String, default isSet: Bool) throws(Problem) -> Bool {
        switch try value(name) {
        case nil: isSet
        case "true": true
        case "false": false
        case let value?: throw Problem(.malformed, "the query parameter \(name) is \"\(value)\"; write true or false")
        }
    }

    /// A query parameter that is a duration such as `30s`; nil without it, and for `infinity`.
    func duration(_ name: String) throws(Problem) -> Duration? {
        guard let text = try value(name) else { return nil }
        do {
            return try DurationFormat.parse(text)
        } catch {
            throw Problem(.malformed, "the query parameter \(name): \(error)")
        }
    }

    /// The body, decoded.
    func body<Body: RequestBodyType>(_ type: Body.Type) async throws -> Body {
        let text = try await bytes()
        guard !text.isEmpty else { throw Problem(.malformed, "the request has no body; it must be a JSON object") }
        let mediaType = request.headers[.contentType]?.prefix { $0 != ";" }.trimmed.lowercased()
        guard mediaType == "application/json" else {
            throw Problem(
                .unsupportedMediaType,
                "the body's type is \(mediaType ?? "not given"); send JSON, and say so (Content-Type: application/json)"
            )
        }
        return try JSONBody.decode(type, from: text)
    }

    /// Makes sure that there is no body.
    func expectNoBody() async throws {
        // An empty object says nothing, and some clients can't send less.
        let text = try await bytes()
        guard text.isEmpty || text == Array("{}".utf8) else {
            throw Problem(.malformed, "\(request.uri.path) takes no body")
        }
    }

    private func bytes() async throws -> [UInt8] {
        do {
            return Array(buffer: try await content.collect(upTo: Self.longestBody))
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLarge, "the request's body is longer than 64 KiB")
        }
    }

    /// An answer in JSON.
    func answer(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSON.encode(value))))
    }

    /// An answer in JSON, and what is to be done when it was written, or there is nobody to write it to.
    func answer(
        _ value: some Encodable, status: HTTPResponse.Status, then next: @escaping @Sendable () async -> Void
    ) throws -> Response {
        var response = try answer(value, status: status)
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(writer)
            } catch {
                await next()
                throw error
            }
            await next()
        }
        return response
    }
}

extension Substring {
    fileprivate var trimmed: Substring { self.drop { $0 == " " }.prefix { $0 != " " } }
}
