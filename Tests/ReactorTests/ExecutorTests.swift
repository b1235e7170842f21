import CLinux
import Synchronization
import SystemPackage
import Testing

@testable import Reactor

@Suite("A reactor as executor") struct ExecutorTests {
    @Test("an actor on it runs on its thread, and nobody else does") func thread() async throws {
        let reactor = try Reactor()
        let core = Core(reactor)
        #expect(!reactor.isCurrent)
        #expect(await core.run { $0.isCurrent })
        let threads = (await core.thread, await core.thread)
        #expect(threads.0 == threads.1)
    }

    @Test("a task that prefers it runs on its thread, and does again after it awaited an actor elsewhere")
    func task() async throws {
        let (reactor, core) = (try Reactor(), Core(try Reactor()))
        let isCurrent = await Task(executorPreference: reactor) {
            let before = reactor.isCurrent
            await core.increment()
            return [before, reactor.isCurrent]
        }.value
        #expect(isCurrent == [true, true])
        #expect(await core.count == 1)
    }

    @Test("ten thousand calls from everywhere at once all arrive") func concurrent() async throws {
        let core = Core(try Reactor())
        await withTaskGroup { group in
            for _ in 0..<10_000 { group.addTask { await core.increment() } }
        }
        #expect(await core.count == 10_000)
    }

    @Test("calls between two reactors, each waiting for the other, all arrive") func pingPong() async throws {
        let (one, other) = (Core(try Reactor()), Core(try Reactor()))
        for _ in 0..<1000 {
            await one.increment()
            await other.increment()
        }
        #expect(await one.count + other.count == 2000)
    }

    @Test("a handler may assume the isolation of the actor") func assumeIsolated() async throws {
        let core = Core(try Reactor())
        let (fired, continuation) = AsyncStream<Void>.makeStream()
        await core.run { reactor in
            _ = reactor.schedule(at: .zero) {
                core.incrementAssumingIsolation()
                continuation.finish()
            }
        }
        for await _ in fired {}
        #expect(await core.count == 1)
    }

    @Test("a handler may start a task on the actor, though the thread is about to sleep") func taskFromHandler()
        async throws
    {
        let core = Core(try Reactor())
        let (fired, continuation) = AsyncStream<Void>.makeStream()
        await core.run { reactor in
            _ = reactor.schedule(at: Reactor.now + .milliseconds(2)) {
                Task {
                    await core.increment()
                    continuation.finish()
                }
            }
        }
        for await _ in fired {}
        #expect(await core.count == 1)
    }

    @Test("the thread is named as asked before anything runs on it") func name() async throws {
        let names = AsyncStream<String>.makeStream()
        for _ in 0..<200 {
            try startThread(name: "named-thread") {
                let name = try? Descriptor.open("/proc/thread-self/comm").readText()
                names.continuation.yield(name ?? "")
            }
        }
        var iterator = names.stream.makeAsyncIterator()
        for _ in 0..<200 { #expect(await iterator.next() == "named-thread\n") }
    }

    @Test("without references to it, it lets go of its handlers and closes its descriptors") func end() async throws {
        let watched = try SocketPair()
        let (gone, continuation) = AsyncStream<Void>.makeStream()
        try await onReactor { reactor in
            _ = try reactor.watch(watched.near) { _ in }
            let isWatched = try isInEpollSet(watched.near)
            #expect(isWatched)
            // The loop lets go of its timers last.
            let witness = Witness { continuation.finish() }
            _ = reactor.schedule(at: Reactor.now + .seconds(3600)) { _ = witness }
        }
        for await _ in gone {}
        let isWatched = try isInEpollSet(watched.near)
        #expect(!isWatched)
    }
}

/// Says when it is let go of.
private final class Witness: Sendable {
    private let whenGone: @Sendable () -> Void
    init(_ whenGone: @escaping @Sendable () -> Void) { self.whenGone = whenGone }
    deinit { whenGone() }
}

/// Whether any epoll set of this process watches the descriptor's file, as proc_pid_fdinfo(5) tells.
private func isInEpollSet(_ descriptor: borrowing Descriptor) throws -> Bool {
    var information = stat()
    fstat(descriptor.rawValue, &information)
    let inode = " ino:\(String(information.st_ino, radix: 16)) "
    for number in 0..<1024 {
        // Other tests open and close descriptors meanwhile.
        guard let file = try? Descriptor.open("/proc/self/fdinfo/\(number)"), let text = try? file.readText() else {
            continue
        }
        if text.contains("tfd:") && text.contains(inode) { return true }
    }
    return false
}
