import CLinux
import Reactor
import SystemPackage

/// Connects to a worker, to one address of its after another, and asks it by HTTP if that is wanted.
final class ConnectAttempt: ProbeAttempt {
    /// A connection that is about to be made, or made.
    private final class Connection {
        let socket: Descriptor
        var watch: Watch?

        init(_ socket: consuming Descriptor) {
            self.socket = socket
        }
    }

    let run: ProbeRun
    private let address: ProbeAddress
    private let http: HTTPProbe?
    private var answer: HTTPAnswer?
    /// What isn't sent yet of the request.
    private var request: ArraySlice<UInt8> = []
    private var candidates: [SocketName] = []
    private var connection: Connection?
    private var isResolving = false
    private var isConnected = false

    init(_ run: ProbeRun, _ address: ProbeAddress, _ http: HTTPProbe?) {
        self.run = run
        self.address = address
        self.http = http
    }

    var lateness: String {
        if isResolving { return "\(address) was not resolved" }
        return isConnected ? "\(address) did not answer" : "\(address) took no connection"
    }

    func begin() {
        if let known = SocketName(address) {
            candidates = [known]
            return connectNext(nil)
        }
        guard case .internet(let host, let port) = address else {
            return run.finish(.failed("connect to \(address): \(Errno.fileNameTooLong.explanation)"))
        }
        // The system's resolver blocks, and therefore has a thread; no longer than its own time-outs.
        isResolving = true
        let (prober, number) = (run.prober, run.number)
        do {
            try startThread(name: "cadre-resolve") {
                let found = SocketName.resolve(host, port)
                prober.resume(number) { ($0 as? ConnectAttempt)?.resolved(found) }
            }
        } catch {
            isResolving = false
            run.finish(.failed("\(error)"))
        }
    }

    private func resolved(_ found: Result<[SocketName], ResolveError>) {
        isResolving = false
        guard run.isOpen else { return run.isOver() }
        switch found {
        case .failure(let error): run.finish(.failed("\(address) is not found: \(error.reason)"))
        case .success(let names):
            candidates = names
            connectNext(nil)
        }
    }

    func end() {
        close()
        if !isResolving { run.isOver() }
    }

    private func close() {
        if let watch = connection?.watch { run.reactor.cancel(watch) }
        connection = nil
    }

    // MARK: Connecting

    /// Tries the next address; `problem` is that of the last one.
    private func connectNext(_ problem: SystemCallError?) {
        close()
        guard !candidates.isEmpty else {
            return run.finish(.failed("connect to \(address): \(problem?.errno.explanation ?? "no address")"))
        }
        let name = candidates.removeFirst()
        do {
            let connection = Connection(try name.socket())
            self.connection = connection
            let isDone = try name.connect(connection.socket)
            connection.watch = try run.reactor.watch(connection.socket, for: isDone ? [] : .writable) {
                [unowned self] _ in isReady()
            }
            if isDone { connected() }
        } catch {
            connectNext(error)
        }
    }

    private func isReady() {
        if isConnected { return answer == nil ? () : request.isEmpty ? receive() : send() }
        guard let connection else { return }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(connection.socket.rawValue, SOL_SOCKET, SO_ERROR, &code, &size)
        if code == 0 { return connected() }
        connectNext(SystemCallError(call: "connect", object: "\(address)", errno: Errno(rawValue: code)))
    }

    private func connected() {
        guard let http else { return run.finish(.passed) }
        isConnected = true
        answer = HTTPAnswer(expected: http)
        request = HTTPAnswer.request(for: http)[...]
        send()
    }

    // MARK: Asking

    private func send() {
        guard let connection else { return }
        let socket = connection.socket.rawValue
        while !request.isEmpty {
            let count = request.withUnsafeBytes { CLinux.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                request = request.dropFirst(count)
            } else if cadre_errno() == EAGAIN {
                return wait(for: .writable)
            } else if cadre_errno() != EINTR {
                // What it answered before it hung up counts.
                request = []
            }
        }
        wait(for: .readable)
    }

    private func receive() {
        guard let connection else { return }
        let socket = connection.socket.rawValue
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        // One bufferful a turn, so that an endless answer leaves room for others.
        let count = recv(socket, &chunk, chunk.count, 0)
        if count > 0 {
            if let result = answer?.append(chunk[..<count]) { finish(result) }
        } else if count == 0 {
            finish(answer?.end ?? .failed("it hung up"))
        } else if cadre_errno() != EAGAIN && cadre_errno() != EINTR {
            let reason = Errno(rawValue: cadre_errno()).explanation
            run.finish(.failed("\(address) hung up: \(reason)"))
        }
    }

    private func finish(_ result: ProbeResult) {
        switch result {
        case .passed: run.finish(.passed)
        case .failed(let reason): run.finish(.failed("GET \(http?.path ?? "/") of \(address): \(reason)"))
        }
    }

    private func wait(for interest: Readiness) {
        guard let watch = connection?.watch else { return }
        do {
            try run.reactor.change(watch, to: interest)
        } catch {
            run.finish(.failed("\(error)"))
        }
    }
}
