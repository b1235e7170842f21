import CLinux
import ControlAPI
import Reactor
import Synchronization

extension SocketOption {
    /// Runs what a subcommand asks of the supervisor, and waits for it. An error is said in a sentence, and thrown as
    /// the documented exit code.
    func runClient<Value: Sendable>(
        _ body: @escaping @Sendable (ControlClient) async throws -> Value
    ) throws -> Value {
        try Failure.reporting {
            let client = ControlClient(path: path)
            return try waitFor { try await body(client) }
        }
    }
}

/// Runs an asynchronous body on a thread of its own, and waits for it: subcommands are synchronous, and the standard
/// executor would bring the threads of libdispatch.
func waitFor<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let reactor = try Reactor(name: "cadre-client")
    let outcome = Outcome<Value>()
    let done = Descriptor(owning: try systemCall("eventfd") { eventfd(0, Int32(EFD_CLOEXEC)) })
    let number = done.rawValue
    Task(executorPreference: reactor) {
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        outcome.set(result)
        var one: UInt64 = 1
        write(number, &one, 8)
    }
    var count: UInt64 = 0
    while read(done.rawValue, &count, 8) == -1 && cadre_errno() == EINTR {}
    return try outcome.get()
}

private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)

    func set(_ value: Result<Value, any Error>) {
        result.withLock { $0 = value }
    }

    func get() throws -> Value {
        guard let result = result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
