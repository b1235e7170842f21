import CLinux
public import Cadre
import Reactor

/// Talks to a supervisor by its control socket. Each call waits for the answer.
public struct ControlClient: Sendable {
    /// The socket's path.
    public let path: String

    /// A client of the supervisor that listens at `path`; it connects anew for each call.
    public init(path: String) {
        self.path = path
    }

    /// How things stand.
    public func status() throws(ControlError) -> Snapshot {
        guard case .status(let snapshot) = try ask(.status) else { throw .brokenAnswer(path: path) }
        return snapshot
    }

    /// Starts workers (`web`, `web/0`) and returns those meant, when each is ready or has failed.
    public func start(_ names: [String]) throws(ControlError) -> [String] {
        try done(.start(names))
    }

    /// Stops workers and returns those meant, when nothing of them is left.
    public func stop(_ names: [String]) throws(ControlError) -> [String] {
        try done(.stop(names))
    }

    /// Makes the supervisor read its specification again, and returns what changes.
    ///
    /// - Throws: ``ControlError/badSpecification(_:)`` if it has problems; then nothing changes.
    public func reload() throws(ControlError) -> String {
        switch try ask(.reload) {
        case .reloaded(let change): return change
        case .badSpecification(let problems): throw .badSpecification(problems)
        case .status, .done, .refused: throw .brokenAnswer(path: path)
        }
    }

    /// Stops everything, the supervisor included, and returns when its process is gone.
    public func shutDown() throws(ControlError) {
        let supervisor = try status().supervisor
        let pidfd: Descriptor
        do {
            pidfd = Descriptor(
                owning: try systemCall("pidfd_open", "process \(supervisor)") { cadre_pidfd_open(supervisor) })
        } catch {
            throw .system(error)
        }
        _ = try done(.shutDown)
        var descriptor = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&descriptor, 1, -1) == -1 && cadre_errno() == EINTR {}
    }

    private func done(_ request: ControlRequest) throws(ControlError) -> [String] {
        guard case .done(let workers) = try ask(request) else { throw .brokenAnswer(path: path) }
        return workers
    }

    /// Sends a request and waits for its answer; one that refuses is thrown.
    public func ask(_ request: ControlRequest) throws(ControlError) -> ControlResponse {
        let descriptor = try ControlSocket.connect(path)
        guard let line = try? ControlLine.encode(request) else { throw .brokenAnswer(path: path) }
        ControlSocket.send(line, to: descriptor)
        let answer = ControlSocket.receive(from: descriptor)
        guard let response = try? ControlLine.decode(ControlResponse.self, from: answer) else {
            throw .brokenAnswer(path: path)
        }
        if case .refused(let reason) = response { throw .refused(reason) }
        return response
    }
}
