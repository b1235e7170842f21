import CLinux
import Reactor
import SystemPackage

/// An actor that lives on a reactor, for tests to do there what may be done there only.
actor Core {
    let reactor: Reactor
    private(set) var count = 0

    init(_ reactor: Reactor) { self.reactor = reactor }

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    func run<Result: Sendable>(_ body: @Sendable (Reactor) throws -> Result) rethrows -> Result { try body(reactor) }

    func increment() { count += 1 }

    var thread: UInt { pthread_self() }

    /// Increments from a handler of the reactor, which is on the actor's thread though in none of its jobs.
    nonisolated func incrementAssumingIsolation() {
        assumeIsolated { $0.count += 1 }
    }
}

/// Runs `body` on the thread of a new reactor.
func onReactor<Result: Sendable>(_ body: @Sendable (Reactor) throws -> Result) async throws -> Result {
    try await Core(Reactor()).run(body)
}

/// Lets `body` set things up on the thread of a new reactor, and waits until it calls what it is given.
func untilDone<Result: Sendable>(
    _ body: @escaping @Sendable (Reactor, @escaping @Sendable (Result) -> Void) throws -> Void
) async throws -> Result {
    let core = Core(try Reactor())
    let (results, continuation) = AsyncStream<Result>.makeStream()
    try await core.run { reactor in
        try body(reactor) {
            continuation.yield($0)
            continuation.finish()
        }
    }
    var iterator = results.makeAsyncIterator()
    guard let result = await iterator.next() else { throw CancellationError() }
    return result
}

/// Something mutable for handlers, which all run on the reactor's thread.
final class Notes<Note> {
    var notes: [Note] = []
}

/// A connected pair of stream sockets that any number of handlers may hold.
final class SocketPair: Sendable {
    let near: Descriptor
    let far: Descriptor

    init() throws(SystemCallError) {
        var pair: [Int32] = [-1, -1]
        try systemCall("socketpair") {
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair)
        }
        near = Descriptor(owning: pair[0])
        far = Descriptor(owning: pair[1])
    }
}
