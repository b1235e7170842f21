import CLinux
public import Cadre
import Reactor
import Specification
import Supervision

/// Answers clients on a unix socket, on a thread of its own: the core is asked, never held up.
///
/// Who may ask is decided by the kernel's word on who connected (`SO_PEERCRED`, unix(7)): root, the supervisor's own
/// user, and the members of the socket's group. Everybody else is told so and hung up on.
public actor ControlServer {
    /// The socket of a client, open until nobody needs it any more.
    private final class Client: Sendable {
        let descriptor: Descriptor

        init(_ descriptor: consuming Descriptor) {
            self.descriptor = descriptor
        }
    }

    private final class Connection {
        let client: Client
        var watch: Watch?
        var deadline: Timer?
        var input: [UInt8] = []

        init(_ client: Client) {
            self.client = client
        }
    }

    /// How long a client may take to send its request or to take its answer.
    private static let patience = Duration.seconds(10)
    private static let mostConnections = 128

    private let reactor: Reactor
    private let supervisor: Supervisor
    private let path: String
    private let listener: Descriptor
    private let group: UInt32?
    /// Given up for a moment when there's no other descriptor to be had, so that a client can be accepted and refused
    /// instead of being left to knock for ever, with the loop awake for ever.
    private var reserve: Descriptor?
    private var watch: Watch?
    private var connections: [Int32: Connection] = [:]

    /// The executor of the server's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Makes the socket.
    ///
    /// - Parameters:
    ///   - path: Where; what a killed supervisor left there is replaced, a living one's socket is not.
    ///   - group: A group whose members may use it.
    /// - Throws: ``ControlError`` if another supervisor answers there or the socket can't be made.
    public init(path: String, group: UInt32? = nil, for supervisor: Supervisor) throws {
        self.supervisor = supervisor
        self.path = path
        self.group = group
        listener = try ControlSocket.listen(path, group: group)
        reserve = try Descriptor.open("/dev/null")
        reactor = try Reactor(name: "cadre-control")
    }

    deinit {
        unlink(path)
    }

    /// Begins to answer.
    public func start() throws {
        watch = try reactor.watch(listener) { [unowned self] _ in accept() }
    }

    /// Stops to answer, and removes the socket.
    public func stop() {
        if let watch { reactor.cancel(watch) }
        watch = nil
        for number in connections.keys { end(number) }
        unlink(path)
    }

    private func accept() {
        let number = cadre_accept(listener.rawValue, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        guard number >= 0 else {
            if cadre_errno() == EMFILE || cadre_errno() == ENFILE { turnAway() }
            return
        }
        let client = Client(Descriptor(owning: number))
        guard isPermitted(client.descriptor) else {
            return finish(client, .refused("you may not control this supervisor; \(whoMay)"))
        }
        guard connections.count < Self.mostConnections else {
            return finish(client, .refused("the supervisor has too many clients; try again"))
        }
        let connection = Connection(client)
        connections[number] = connection
        do {
            connection.watch = try reactor.watch(client.descriptor) { [unowned self] _ in read(number) }
            connection.deadline = reactor.schedule(at: Reactor.now + Self.patience) { [unowned self] in
                finish(number, .refused("the request did not come within 10 s"))
            }
        } catch {
            finish(number, .refused("\(error)"))
        }
    }

    private func turnAway() {
        reserve = nil
        let number = cadre_accept(listener.rawValue, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        if number >= 0 {
            finish(Client(Descriptor(owning: number)), .refused("the supervisor is out of descriptors; try again"))
        }
        reserve = try? Descriptor.open("/dev/null")
    }

    // MARK: Who may

    private func isPermitted(_ socket: borrowing Descriptor) -> Bool {
        guard let peer = ControlSocket.peer(of: socket) else { return false }
        if peer.user == 0 || peer.user == geteuid() { return true }
        guard let group else { return false }
        return peer.groups.contains(group)
    }

    private var whoMay: String {
        "root, the user \(geteuid())\(group.map { " and the members of group \($0)" } ?? "") may"
    }

    // MARK: Requests

    private func read(_ number: Int32) {
        guard let connection = connections[number] else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = CLinux.read(number, &chunk, chunk.count)
        if count < 0 && (cadre_errno() == EAGAIN || cadre_errno() == EINTR) { return }
        guard count > 0 else { return end(number) }
        connection.input += chunk[..<count]
        if let newline = connection.input.firstIndex(of: UInt8(ascii: "\n")) {
            let line = connection.input[..<newline]
            quiet(connection)
            Task { await self.answer(Array(line), to: number) }
        } else if connection.input.count > ControlLine.longestRequest {
            finish(number, .refused("the request is longer than \(ControlLine.longestRequest) bytes"))
        }
    }

    private func answer(_ line: [UInt8], to number: Int32) async {
        let response: ControlResponse
        do {
            response = await perform(try ControlLine.decode(ControlRequest.self, from: line))
        } catch {
            response = .refused("the request is none that this supervisor knows; is the client of another version?")
        }
        finish(number, response)
    }

    private func perform(_ request: ControlRequest) async -> ControlResponse {
        do {
            switch request {
            case .status:
                return .status(try await supervisor.snapshot())
            case .start(let names): return try await perform(.start, names)
            case .stop(let names): return try await perform(.stop, names)
            case .reload:
                return await reload()
            case .shutDown:
                await supervisor.stop()
                return .done([])
            }
        } catch {
            return .refused("\(error)")
        }
    }

    private func perform(_ command: WorkerCommand, _ names: [String]) async throws -> ControlResponse {
        let workers = try await supervisor.workers(matching: names)
        let order = try await supervisor.command(command, on: workers)
        _ = await supervisor.outcome(of: order, until: command.milestone, within: nil)
        return .done(workers.map(\.description))
    }

    private func reload() async -> ControlResponse {
        do {
            return .reloaded(try await supervisor.apply().plan.summary)
        } catch let error as SpecificationError {
            return .badSpecification("\(error)")
        } catch {
            return .refused("\(error)")
        }
    }

    // MARK: Answers

    private func finish(_ number: Int32, _ response: ControlResponse) {
        guard let connection = connections[number] else { return }
        end(number)
        finish(connection.client, response)
    }

    private func finish(_ client: Client, _ response: ControlResponse) {
        guard let line = try? ControlLine.encode(response) else { return }
        // Blocking, with a time limit, on a thread of its own: one who doesn't read holds up no one else.
        _ = cadre_fcntl(client.descriptor.rawValue, F_SETFL, 0)
        ControlSocket.limitWaits(of: client.descriptor, to: Self.patience)
        do {
            try startThread(name: "cadre-answer") { ControlSocket.send(line, to: client.descriptor) }
        } catch {
            // A limit of tasks is reached. Just then somebody wants to know: what the socket takes at once is mostly all.
            _ = cadre_fcntl(client.descriptor.rawValue, F_SETFL, O_NONBLOCK)
            ControlSocket.send(line, to: client.descriptor)
        }
    }

    private func quiet(_ connection: Connection) {
        if let watch = connection.watch { reactor.cancel(watch) }
        if let deadline = connection.deadline { reactor.cancel(deadline) }
        connection.watch = nil
        connection.deadline = nil
    }

    private func end(_ number: Int32) {
        if let connection = connections.removeValue(forKey: number) { quiet(connection) }
    }
}
