import CLinux
public import Cadre
import NIOCore
import NIOHTTP1
import NIOPosix
import Reactor
public import Specification

/// Talks to a supervisor by its API: a method a route. Each call connects anew, and waits for the answer.
///
/// A task that is cancelled hangs up, which ends its wait in the supervisor too, and undoes nothing.
public final class ControlClient: Sendable {
    /// Where the supervisor listens, for messages.
    public var address: String { server.description }

    private let server: ServerAddress
    private let eventLoop: MultiThreadedEventLoopGroup

    /// A client of the supervisor that listens on the unix socket at `path`.
    public init(path: String) {
        server = .unix(path: path)
        eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// A client of a supervisor's TCP listener.
    ///
    /// - Throws: an error that names the file that can't be used.
    public init(remote: Remote) throws {
        server = .remote(try ServerAddress.TLS(remote))
        eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    deinit {
        eventLoop.shutdownGracefully { _ in }
    }

    // MARK: Looking

    /// Which supervisor it is.
    public func about() async throws(ControlError) -> About {
        try await get("/v1")
    }

    /// How things stand; only with the services and workers that are named, if any are.
    ///
    /// - Parameters:
    ///   - names: services, workers or patterns.
    ///   - withStatistics: whether the kernel's figures are wanted, which take longer.
    public func status(_ names: [String] = [], withStatistics: Bool = true) async throws(ControlError) -> Snapshot {
        try await get("/v1/status", query: names.map { ("name", $0) } + [("statistics", "\(withStatistics)")])
    }

    /// How a service is.
    public func service(_ name: String) async throws(ControlError) -> ServiceSnapshot {
        try await get("/v1/services/\(RequestTarget.encode(name))")
    }

    /// How a worker is.
    public func worker(_ number: Int, of service: String) async throws(ControlError) -> WorkerSnapshot {
        try await get("/v1/services/\(RequestTarget.encode(service))/workers/\(number)")
    }

    /// The present incarnations of a worker and the latest of those that are gone, the oldest first.
    public func incarnations(_ number: Int, of service: String) async throws(ControlError) -> [IncarnationRecord] {
        try await get("/v1/services/\(RequestTarget.encode(service))/workers/\(number)/incarnations")
    }

    /// Everything that is known of a worker.
    public func inspect(_ number: Int, of service: String) async throws(ControlError) -> Inspection {
        try await get("/v1/services/\(RequestTarget.encode(service))/workers/\(number)/inspect")
    }

    /// Whether enough workers are ready: of all, or of one service.
    public func health(of service: String? = nil) async throws(ControlError) -> Health {
        let path = service.map { "/health/\(RequestTarget.encode($0))" } ?? "/health"
        let (status, body) = try await exchange(.GET, path)
        // A supervisor of unhealthy workers says so with a status that is an error to others.
        if status == .serviceUnavailable, let health = try? JSON.decode(Health.self, from: body) { return health }
        return try decode(Health.self, status, body)
    }

    /// Follows what happens; the stream ends when the supervisor does.
    ///
    /// - Parameters:
    ///   - id: the last event that was seen, for one who comes back. Without it, or if what came after it isn't known
    ///     any more, a snapshot comes first.
    ///   - body: reads the events. When it returns the stream is closed.
    /// - Throws: ``ControlError``, or what `body` throws.
    public func withEvents<Value>(
        after id: EventID? = nil, _ body: (ControlEvents) async throws -> Value
    ) async throws -> Value {
        let headers = id.map { [("Last-Event-ID", "\($0)")] } ?? []
        return try await perform(.GET, "/v1/events", headers: headers) { status, answer in
            guard status == .ok else { throw refusal(status, try await answer.collect()) }
            return try await body(ControlEvents(answer, address: address))
        }
    }

    // MARK: Commands

    /// Gives workers (`web`, `web/0`, `w*`) a command.
    ///
    /// - Parameters:
    ///   - command: what to do.
    ///   - names: services, workers or patterns.
    ///   - milestone: what to wait for; nil to return at once.
    ///   - time: how long to wait at the most.
    public func command(
        _ command: WorkerCommand, _ names: [String], until milestone: Milestone? = nil, within time: Duration? = nil
    ) async throws(ControlError) -> CommandResult {
        let query = Self.query(milestone, time)
        switch command {
        case .signal(let signal, let recipients):
            return try await post(
                "/v1/signal", query: query, SignalRequest(names: names, signal: "\(signal)", to: recipients))
        case .start: return try await post("/v1/start", query: query, CommandRequest(names: names))
        case .stop: return try await post("/v1/stop", query: query, CommandRequest(names: names))
        case .restart: return try await post("/v1/restart", query: query, CommandRequest(names: names))
        case .reset: return try await post("/v1/reset", query: query, CommandRequest(names: names))
        case .kill: return try await post("/v1/kill", query: query, CommandRequest(names: names))
        case .freeze: return try await post("/v1/freeze", query: query, CommandRequest(names: names))
        case .thaw: return try await post("/v1/thaw", query: query, CommandRequest(names: names))
        }
    }

    /// Changes how many workers services have.
    public func scale(
        _ counts: [String: CountChange], until milestone: Milestone? = nil, within time: Duration? = nil
    ) async throws(ControlError) -> CommandResult {
        try await post(
            "/v1/scale", query: Self.query(milestone, time), ScaleRequest(counts: counts.mapValues(\.description)))
    }

    /// Changes the limits of services while their workers run.
    ///
    /// - Parameters:
    ///   - names: services, or patterns for them.
    ///   - limits: by the configuration's keys and written as there; `none` takes a limit away.
    ///   - force: whether `memory_max` may be set below what a worker holds.
    public func limit(
        _ names: [String], _ limits: [String: String], force: Bool = false
    ) async throws(ControlError) -> LimitResult {
        try await post("/v1/limit", LimitRequest(names: names, limits: limits, force: force))
    }

    /// What ``apply(until:within:)`` would change.
    ///
    /// - Throws: ``ControlError/badSpecification(_:)`` if the specification has problems.
    public func plan() async throws(ControlError) -> Plan {
        try await get("/v1/plan")
    }

    /// Makes the supervisor read its specification again and change what runs to it.
    ///
    /// - Throws: ``ControlError/badSpecification(_:)`` if it has problems; then nothing changes.
    public func apply(
        until milestone: Milestone? = nil, within time: Duration? = nil
    ) async throws(ControlError) -> ApplyResult {
        try await post("/v1/apply", query: Self.query(milestone, time), nil as CommandRequest?)
    }

    /// Has another program be the supervisor, without touching what runs.
    ///
    /// - Parameter program: its absolute path; nil for the file that is now where the present one was.
    public func upgrade(to program: String? = nil) async throws(ControlError) -> UpgradeResult {
        try await post("/v1/upgrade", UpgradeRequest(program: program))
    }

    /// Has another supervisor, whose keeper listens at a path, take over all that runs, and this one end.
    public func handOver(toKeeperAt path: String) async throws(ControlError) {
        let _: CommandResult = try await post("/v1/hand-over", HandOverRequest(path: path))
    }

    /// How the latest roll-out of a service is.
    public func rollout(of service: String) async throws(ControlError) -> RolloutSnapshot {
        try await get("/v1/services/\(RequestTarget.encode(service))/rollout")
    }

    /// Pauses, resumes or undoes the roll-out of a service.
    public func rollout(
        _ action: RolloutAction, of service: String, until milestone: Milestone? = nil, within time: Duration? = nil
    ) async throws(ControlError) -> CommandResult {
        try await post(
            "/v1/services/\(RequestTarget.encode(service))/rollout/\(action.rawValue)",
            query: Self.query(milestone, time), nil as CommandRequest?)
    }

    /// Stops everything, the supervisor included.
    ///
    /// - Parameter waits: whether to return only when its process is gone, if it is on this host.
    @discardableResult
    public func shutDown(waits: Bool = true) async throws(ControlError) -> CommandResult {
        guard waits, case .unix = server else { return try await post("/v1/shutdown", nil as CommandRequest?) }
        let supervisor = try await about().pid
        let pidfd: Descriptor
        do {
            pidfd = Descriptor(
                owning: try systemCall("pidfd_open", "process \(supervisor)") { cadre_pidfd_open(supervisor) })
        } catch {
            throw .system(error)
        }
        let result: CommandResult = try await post("/v1/shutdown", nil as CommandRequest?)
        await waitForEnd(of: pidfd)
        return result
    }

    /// Waits on a thread of its own, as an executor is not to be blocked.
    private func waitForEnd(of pidfd: consuming Descriptor) async {
        let number = pidfd.release()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let wait: @Sendable () -> Void = {
                var descriptor = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                while poll(&descriptor, 1, -1) == -1 && cadre_errno() == EINTR {}
                close(number)
                continuation.resume()
            }
            do { try startThread(name: "cadre-wait", wait) } catch { wait() }
        }
    }

    // MARK: Exchanges

    private static func query(_ milestone: Milestone?, _ time: Duration?) -> [(String, String)] {
        guard let milestone else { return [] }
        return [("wait", milestone.rawValue)] + (time.map { [("timeout", DurationFormat.format($0))] } ?? [])
    }

    private func get<Answer: Decodable>(
        _ path: String, query: [(String, String)] = []
    ) async throws(ControlError) -> Answer {
        let (status, body) = try await exchange(.GET, path + RequestTarget.query(query))
        return try decode(Answer.self, status, body)
    }

    private func post<Answer: Decodable>(
        _ path: String, query: [(String, String)] = [], _ request: (some Encodable)?
    ) async throws(ControlError) -> Answer {
        let (status, body) = try await exchange(.POST, path + RequestTarget.query(query), request)
        return try decode(Answer.self, status, body)
    }

    private func perform<Value>(
        _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        _ receive: (HTTPResponseStatus, AnswerBody) async throws -> Value
    ) async throws -> Value {
        try await HTTPExchange(server: server, eventLoop: eventLoop)
            .perform(method, target, headers: headers, body: body, receive)
    }

    private func exchange(_ method: HTTPMethod, _ target: String) async throws(ControlError) -> (
        HTTPResponseStatus, [UInt8]
    ) {
        try await exchange(method, target, nil as CommandRequest?)
    }

    private func exchange(
        _ method: HTTPMethod, _ target: String, _ request: (some Encodable)?
    ) async throws(ControlError) -> (HTTPResponseStatus, [UInt8]) {
        let text: [UInt8]?
        do {
            text = try request.map { try JSON.encode($0) }
        } catch {
            throw .brokenAnswer(address: address, reason: "\(error)")
        }
        do {
            return try await perform(method, target, body: text) { status, body in
                (status, try await body.collect())
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw .brokenAnswer(address: address, reason: "\(error)")
        }
    }

    private func decode<Answer: Decodable>(
        _ type: Answer.Type, _ status: HTTPResponseStatus, _ body: [UInt8]
    ) throws(ControlError) -> Answer {
        guard (200..<300).contains(status.code) else { throw refusal(status, body) }
        do {
            return try JSON.decode(type, from: body)
        } catch {
            throw .brokenAnswer(address: address, reason: "\(error)")
        }
    }

    private func refusal(_ status: HTTPResponseStatus, _ body: [UInt8]) -> ControlError {
        guard let problem = try? JSON.decode(Problem.self, from: body) else {
            return .brokenAnswer(address: address, reason: "\(status)")
        }
        switch problem.kind {
        case .badSpecification: return .badSpecification((problem.problems ?? [problem.detail]).joined(separator: "\n"))
        case .forbidden, .unauthorized: return .forbidden(problem.detail)
        default: return .refused(problem)
        }
    }
}

extension AnswerBody {
    /// All of it.
    fileprivate func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in self { bytes += Array(buffer: buffer) }
        return bytes
    }
}
