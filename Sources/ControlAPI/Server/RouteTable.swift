import Cadre
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Whence a request came.
struct ControlContextSource: RequestContextSource {
    let logger: Logger
    let access: Access
}

/// What is known of a request besides itself.
struct ControlContext: RequestContext {
    typealias Source = ControlContextSource

    var coreContext: CoreRequestContextStorage
    let access: Access

    init(source: ControlContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        access = source.access
    }
}

extension Request {
    /// Whether it asks for more than to look.
    var isChange: Bool { method != .get && method != .head }
}

/// The routes, and what each takes.
struct RouteTable {
    /// A method and a path such as `/v1/services/{service}`.
    struct Route: Hashable {
        let method: HTTPRequest.Method
        let path: String
        /// The names of its query parameters.
        let query: Set<String>

        /// Whether a path is this route's.
        func matches(_ path: String) -> Bool {
            let own = self.path.split(separator: "/")
            let parts = path.split(separator: "/")
            return own.count == parts.count && zip(own, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
    }

    private let router = Router(context: ControlContext.self, options: [.autoGenerateHeadEndpoints])
    private(set) var routes: [Route] = []

    typealias Handler = @Sendable (Call) async throws -> Response

    mutating func get(_ path: String, query: Set<String> = [], _ handler: @escaping Handler) {
        add(Route(method: .get, path: path, query: query), handler)
    }

    mutating func post(_ path: String, query: Set<String> = [], _ handler: @escaping Handler) {
        add(Route(method: .post, path: path, query: query), handler)
    }

    private mutating func add(_ route: Route, _ handler: @escaping Handler) {
        routes.append(route)
        router.on(RouterPath(route.path), method: route.method) { request, context in
            guard request.uri.queryParameters.contains(where: { $0.key == "wait" }), route.method == .post else {
                return try await handler(try Call(request, content: request.body, context, route))
            }
            // Around all of it: a hang-up that is heard of only after the body's end was read would be a
            // precondition failure in the library.
            return try await request.body.consumeWithCancellationOnInboundClose { content in
                var response: Response
                do {
                    response = try await handler(try Call(request, content: content, context, route))
                } catch let problem as Problem {
                    response = Response(problem)
                }
                // Watching for a hang-up used up the connection.
                response.headers[.connection] = "close"
                return response
            }
        }
    }

    /// What answers requests by these routes; every error becomes a problem.
    ///
    /// - Parameter audit: notes that somebody was refused a change before a route was asked.
    func makeResponder(audit: @escaping ControlResponder.Audit) -> ControlResponder {
        ControlResponder(routes: routes, router: router.buildResponder(), audit: audit)
    }
}

/// Answers requests.
struct ControlResponder: Sendable {
    fileprivate let routes: [RouteTable.Route]
    fileprivate let router: RouterResponder<ControlContext>
    fileprivate let audit: Audit

    typealias Audit = @Sendable (AuditEntry) async -> Void

    /// - Throws: if there is nobody any more to be answered.
    func respond(to request: Request, from source: ControlContextSource) async throws -> Response {
        let context = ControlContext(source: source)
        var response: Response
        do {
            do {
                try authorise(request, source.access)
            } catch {
                // What a stranger sends isn't even read, so that it isn't known what for.
                if request.isChange, routes.contains(where: { $0.method == .post && $0.matches(request.uri.path) }) {
                    await audit(
                        AuditEntry(
                            caller: source.access.caller.phrase, details: source.access.caller.details,
                            command: request.uri.path, objects: [], refusal: error.detail))
                }
                throw error
            }
            response = try await router.respond(to: request, context: context)
            if response.status == .notFound, response.headers[.contentType] == nil { throw unknown(request) }
        } catch let problem as Problem {
            response = Response(problem)
            if problem.kind == .methodNotAllowed { response.headers[.allow] = allowed(request).joined(separator: ", ") }
        } catch let error as CancellationError {
            throw error
        } catch {
            response = Response(Problem(.internalError, "\(error)"))
        }
        response.headers[.date] = httpDate()
        return response
    }

    private func authorise(_ request: Request, _ access: Access) throws(Problem) {
        switch access.level {
        case .full: return
        case .partial(let rights) where rights != ServiceRights([]) || !request.isChange: return
        case .partial: throw Problem(.forbidden, "you may look, and change nothing; \(access.whoMay)")
        case .none: throw Problem(.forbidden, "you may not control this supervisor; \(access.whoMay)")
        case .token(let token):
            if !token.isBrought(by: request.headers[.authorization]) {
                throw Problem(.unauthorized, "the request has no token, or not the right one; \(access.whoMay)")
            }
        }
    }

    private func allowed(_ request: Request) -> [String] {
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method.rawValue)
        return methods.contains("GET") ? methods + ["HEAD"] : methods
    }

    private func unknown(_ request: Request) -> Problem {
        let allowed = allowed(request)
        if allowed.isEmpty {
            return Problem(
                .unknownPath, "there is nothing at \(request.uri.path); /v1/openapi.json describes what there is")
        }
        return Problem(
            .methodNotAllowed, "\(request.uri.path) takes \(allowed.joined(separator: ", ")), not \(request.method)")
    }
}
