import CLinux
import Reactor
import Testing

@Suite("A signal source") struct SignalSourceTests {
    /// The signals go to the reactor's own thread, which alone blocks them: one to the whole process would go to
    /// another thread and end the test run.
    @Test("a blocked signal is an event") func delivers() async throws {
        let signals: [Int32?] = try await untilDone { reactor, done in
            SignalSource.block([SIGUSR1, SIGUSR2])
            let source = try SignalSource([SIGUSR1, SIGUSR2])
            #expect(source.next() == nil)
            pthread_kill(pthread_self(), SIGUSR2)
            let owner = Owner(source)
            _ = try reactor.watch(owner.source.descriptor) { _ in
                done([owner.source.next(), owner.source.next()])
            }
        }
        #expect(signals == [SIGUSR2, nil])
    }

    @Test("a thread that is started inherits what is blocked") func inherited() async throws {
        let isBlocked = try await onReactor { _ in
            SignalSource.block([SIGUSR1])
            let (results, continuation) = AsyncStream<Bool>.makeStream()
            try startThread(name: "inherits") {
                var set = sigset_t()
                pthread_sigmask(SIG_BLOCK, nil, &set)
                continuation.yield(sigismember(&set, SIGUSR1) == 1)
                continuation.finish()
            }
            return results
        }
        for await isBlocked in isBlocked { #expect(isBlocked) }
    }

    private final class Owner {
        let source: SignalSource
        init(_ source: consuming SignalSource) { self.source = source }
    }
}
