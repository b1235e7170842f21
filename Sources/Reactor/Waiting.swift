import CLinux
import Synchronization

/// Runs an asynchronous body on a reactor of its own, and blocks until it is done: for programs that are otherwise
/// synchronous. The standard executor would bring the threads of libdispatch.
package func waitFor<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
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
        outcome.result.withLock { $0 = result }
        var one: UInt64 = 1
        write(number, &one, 8)
    }
    var count: UInt64 = 0
    while true {
        _ = try systemCall("read", "eventfd") { read(done.rawValue, &count, 8) }
        if let result = outcome.result.withLock({ $0 }) { return try result.get() }
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
}
