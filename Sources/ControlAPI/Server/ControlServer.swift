import CLinux
public import Cadre
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Reactor
import Specification
import Synchronization

/// Answers HTTP clients, on two threads of its own: the core is asked, never held up.
///
/// The server accepts connections itself, so that it knows who is there before anything is read, and never is without
/// a descriptor for an answer. HTTP is then spoken on the one thread of an event loop, and requests are answered on
/// the server's executor.
public actor ControlServer {
    /// Where the server listens, and who may do what there.
    private struct Entrance {
        let listener: Listener
        var door: Door
        var watch: Watch?
    }

    private struct Connection {
        let task: Task<Void, Never>
        let endpoint: Listener.Endpoint
        let visitor: Door.Visitor
        let level: Access.Level
    }

    /// Listeners that are bound and don't answer yet.
    public struct Prepared: Sendable {
        fileprivate let entrances: [(listener: Listener, door: Door)]
    }

    private static let mostConnections = 512
    /// How many of them may belong to those who may not do everything, so that these can't keep the others out.
    private static let mostConnectionsOfOthers = 256
    /// What the server's thread has of the scheduler's favour, where 0 is the core's (setpriority(2)).
    private static let niceness: Int32 = 5
    /// How long requests that are being answered may go on when the server stops.
    private static let farewell = Duration.seconds(2)

    private static let outOfDescriptors = "the supervisor is out of descriptors; try again"

    private let reactor: Reactor
    private let eventLoop: MultiThreadedEventLoopGroup
    /// For what a client can't be told.
    private let logger: Logger
    /// What the libraries have to say of each connection is of no interest.
    private let silence = Logger(label: "cadre.http") { _ in SwiftLogNoOpLogHandler() }
    private let routes: ControlResponder
    private let metricsRoutes: ControlResponder
    /// The cgroup below which workers are. It is asked for once, before there may be no descriptor to ask with.
    private let root: String
    /// What is bound, or about to be used, for whoever prepares the next change.
    private nonisolated let bound: Mutex<[Listener]>
    private var prepared: Prepared?
    private var entrances: [Entrance] = []
    private var connections: [UInt64: Connection] = [:]
    private var lastConnection: UInt64 = 0
    private var requests = 0
    private var isOver = false
    private var idle: CheckedContinuation<Void, Never>?
    /// Given up for a moment when there's no other descriptor to be had, so that a client can be accepted and refused
    /// instead of being left to knock for ever, with the loop awake for ever.
    private var reserve: Descriptor?

    /// The executor of the server's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Makes the sockets.
    ///
    /// - Parameters:
    ///   - configuration: Where to listen. What a killed supervisor left at the path is replaced, a living one's socket
    ///     is not.
    ///   - supervisor: What the requests are about.
    ///   - version: The program's, for clients.
    ///   - logger: For what a client can't be told.
    /// - Throws: an error whose description says what can't be had, and why.
    public init(_ configuration: Configuration, for supervisor: Supervisor, version: String, logger: Logger) throws {
        self.logger = logger
        root = try PeerOrigin.ownRoot()
        reserve = try Descriptor.open("/dev/null")
        reactor = try Reactor(name: "cadre-control")
        eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        eventLoop.next().execute { cadre_name_thread("cadre-http") }
        let audit: ControlResponder.Audit = { await supervisor.audit($0) }
        routes = Self.routes(to: supervisor, version: version, on: eventLoop.next()).makeResponder(audit: audit)
        metricsRoutes = Self.metricsRoutes(to: supervisor, version: version).makeResponder(audit: audit)
        let prepared = try Self.prepare(configuration, keeping: [])
        self.prepared = prepared
        bound = Mutex(prepared.entrances.map(\.listener))
    }

    static func routes(to supervisor: Supervisor, version: String, on eventLoop: any EventLoop) -> RouteTable {
        var routes = metricsRoutes(to: supervisor, version: version)
        routes.addStatus(supervisor)
        routes.addInspection(supervisor, on: eventLoop)
        routes.addCommands(supervisor, on: eventLoop)
        routes.addPlan(supervisor)
        routes.addRollouts(supervisor)
        routes.addEvents(supervisor)
        routes.addDocument()
        routes.addAbout(supervisor, version: version)
        return routes
    }

    private static func metricsRoutes(to supervisor: Supervisor, version: String) -> RouteTable {
        var routes = RouteTable()
        routes.addHealth(supervisor)
        routes.addMetrics(supervisor, version: version)
        return routes
    }

    // MARK: Life

    /// Begins to answer; who has connected by then has waited.
    public func start() throws {
        guard let prepared else { return }
        self.prepared = nil
        // This thread reads thousands of files for a scrape, and must not keep the core from a restart meanwhile.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        try open(prepared)
    }

    /// Binds what is new in a configuration, and reads its files, without any change to what is.
    ///
    /// - Throws: an error whose description says what can't be had, and why.
    public nonisolated func prepare(_ configuration: Configuration) throws -> Prepared {
        try Self.prepare(configuration, keeping: bound.withLock { $0 })
    }

    /// Begins to listen where the configuration says that was prepared, and nowhere else. Connections stay, but for
    /// those that came by a listener that is no more, or that may now be refused.
    public nonisolated func commit(_ prepared: Prepared) {
        bound.withLock { $0 = prepared.entrances.map(\.listener) }
        Task(executorPreference: reactor) { await self.use(prepared) }
    }

    private static func prepare(_ configuration: Configuration, keeping kept: [Listener]) throws -> Prepared {
        var entrances: [(Listener, Door)] = []
        func add(_ endpoint: Listener.Endpoint, _ door: Door) throws {
            entrances.append((try kept.first { $0.endpoint == endpoint } ?? Listener(endpoint), door))
        }
        let control = configuration.control
        let policy = try UnixPolicy(control)
        // What can't be bound is found before the socket's path appears.
        if let address = control.listen { try add(.tcp(address), try Door(at: address, control)) }
        if let address = configuration.metrics.listen {
            guard address.isLoopback else { throw DoorError.notLoopback(address) }
            try add(.tcp(address), .metrics)
        }
        try add(.unix(path: configuration.path), .local(policy))
        return Prepared(entrances: entrances)
    }

    private func use(_ prepared: Prepared) {
        guard !isOver else { return }
        guard self.prepared == nil else {
            self.prepared = prepared
            return
        }
        do {
            try open(prepared)
        } catch {
            logger.error("\(error)")
        }
    }

    private func open(_ prepared: Prepared) throws {
        for entrance in entrances { if let watch = entrance.watch { reactor.cancel(watch) } }
        entrances = []
        for (listener, door) in prepared.entrances {
            if case (.unix(let path), .local(let policy)) = (listener.endpoint, door) {
                ControlSocket.permit(path, policy)
            }
            var entrance = Entrance(listener: listener, door: door)
            entrance.watch = try reactor.watch(listener.descriptor) { [unowned self] _ in accept(listener.endpoint) }
            entrances.append(entrance)
        }
        for connection in connections.values {
            let door = entrances.first { $0.listener.endpoint == connection.endpoint }?.door
            let level = door?.access(of: connection.visitor)?.level
            if level != connection.level { connection.task.cancel() }
        }
    }

    /// Stops to answer, and removes the socket. What is being answered may be finished, for a moment.
    public func stop() async {
        for entrance in entrances { if let watch = entrance.watch { reactor.cancel(watch) } }
        entrances = []
        prepared = nil
        isOver = true
        bound.withLock { $0 = [] }
        if requests > 0 {
            let timer = reactor.schedule(at: Reactor.now + Self.farewell) { [unowned self] in finishIdle() }
            await withCheckedContinuation { idle = $0 }
            reactor.cancel(timer)
        }
        let tasks = connections.values.map(\.task)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        try? await eventLoop.shutdownGracefully()
    }

    private func finishIdle() {
        idle?.resume()
        idle = nil
    }

    // MARK: Connections

    private func accept(_ endpoint: Listener.Endpoint) {
        guard let entrance = entrances.first(where: { $0.listener.endpoint == endpoint }) else { return }
        let number = cadre_accept(
            entrance.listener.descriptor.rawValue, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        guard number >= 0 else {
            if cadre_errno() == EMFILE || cadre_errno() == ENFILE { turnAway(entrance.listener) }
            return
        }
        let descriptor = Descriptor(owning: number)
        var visitor = entrance.door.visitor(at: descriptor, root: root)
        if visitor.isUnasked {
            reserve = nil
            visitor = entrance.door.visitor(at: descriptor, root: root)
            reserve = try? Descriptor.open("/dev/null")
            // Another thread may have been faster to take what was given up.
            if visitor.isUnasked { return refuse(descriptor, Self.outOfDescriptors) }
        }
        guard let access = entrance.door.access(of: visitor) else { return }
        let others = connections.values.count { $0.level != .full }
        guard connections.count < Self.mostConnections,
            access.level == .full || others < Self.mostConnectionsOfOthers
        else { return refuse(descriptor, "the supervisor has too many clients; try again") }
        lastConnection += 1
        let connection = lastConnection
        let socket = Handover(descriptor)
        let task = Task(executorPreference: reactor) {
            await self.serve(connection, socket, entrance.door, access)
        }
        connections[connection] = Connection(
            task: task, endpoint: endpoint, visitor: visitor, level: access.level)
    }

    private func turnAway(_ listener: Listener) {
        reserve = nil
        let number = cadre_accept(
            listener.descriptor.rawValue, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        if number >= 0 { refuse(Descriptor(owning: number), Self.outOfDescriptors) }
        reserve = try? Descriptor.open("/dev/null")
    }

    /// Says no to a client that can't be served. What the socket takes at once is all of it.
    private func refuse(_ socket: borrowing Descriptor, _ reason: String) {
        let text = Problem(.unavailable, reason).text
        _ = text.withUnsafeBytes { send(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func serve(_ connection: UInt64, _ socket: Handover, _ door: Door, _ access: Access) async {
        defer { connections[connection] = nil }
        let channel = HTTP1Channel(
            responder: { [self] request, writer, channel in
                let routes = if case .metrics = door { metricsRoutes } else { routes }
                var access = access
                if case .remote(.some, _, _) = door, request.isChange,
                    let certificate = try? await channel.nioSSL_peerCertificate().get()
                {
                    access.caller = access.caller.with(certificate: "\(certificate)")
                }
                try await answer(request, writer, by: routes, access)
            },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionGuard()],
                httpDecoderConfiguration: .init(maxHeaderFieldSize: 16384, maxHeaderListSize: 16384)))
        guard let number = socket.take() else { return }
        do {
            let connection = try await ClientBootstrap(group: eventLoop)
                // One who has sent all of a request may say so, and still wants the answer.
                .channelOption(.allowRemoteHalfClosure, value: true)
                .withConnectedSocket(number) { [silence] child in
                    let encryption = child.eventLoop.makeCompletedFuture {
                        guard case .remote(let context?, _, _) = door else { return }
                        try child.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    return encryption.flatMap { channel.setup(channel: child, logger: silence) }
                }
            await channel.handle(value: connection, logger: silence)
        } catch {
            // The client is gone before anything was said.
        }
    }

    private nonisolated func answer(
        _ request: Request, _ writer: consuming ResponseWriter, by routes: ControlResponder, _ access: Access
    ) async throws {
        await begin()
        do {
            if request.headers[.expect]?.lowercased() == "100-continue" {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            let response = try await routes.respond(
                to: request, from: ControlContextSource(logger: silence, access: access))
            // A stream of events ends when the supervisor does, which is before the server stops.
            try await writer.write(response: response.head, body: response.body)
            await end()
        } catch {
            await end()
            throw error
        }
    }

    private func begin() {
        requests += 1
    }

    private func end() {
        requests -= 1
        if requests == 0 { finishIdle() }
    }
}

/// Hands a descriptor to a task, which closure captures can't.
private final class Handover: Sendable {
    private let descriptor: Mutex<Int32?>

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = Mutex(descriptor.release())
    }

    deinit {
        if let number = take() { close(number) }
    }

    /// The descriptor, which the caller has to close.
    func take() -> Int32? {
        descriptor.withLock { exchange(&$0, with: nil) }
    }
}
