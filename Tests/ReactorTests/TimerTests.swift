import Testing

@testable import Reactor

@Suite("A timer") struct TimerTests {
    @Test("timers fire in the order of their deadlines, equal ones in the order of their creation")
    func order() async throws {
        let fired: [Int] = try await untilDone { reactor, done in
            let fired = Notes<Int>()
            let now = Reactor.now
            for (name, wait) in [(5, 9), (3, 6), (1, 2), (4, 6), (2, 2)] {
                _ = reactor.schedule(at: now + .milliseconds(wait)) { fired.notes.append(name) }
            }
            _ = reactor.schedule(at: now + .milliseconds(10)) { done(fired.notes) }
        }
        #expect(fired == [1, 2, 3, 4, 5])
    }

    @Test("none fires before its deadline") func notEarly() async throws {
        let (deadline, firedAt): (Duration, Duration) = try await untilDone { reactor, done in
            let deadline = Reactor.now + .milliseconds(15)
            _ = reactor.schedule(at: deadline) { done((deadline, Reactor.now)) }
        }
        #expect(firedAt >= deadline)
    }

    @Test("a deadline in the past, even before the clock's beginning, fires at once", arguments: [-5, 0, 1])
    func past(_ seconds: Int) async throws {
        let fired: Bool = try await untilDone { reactor, done in
            _ = reactor.schedule(at: .seconds(seconds)) { done(true) }
        }
        #expect(fired)
    }

    @Test("one that was cancelled does not fire, not even for a deadline met together with its canceller's")
    func cancel() async throws {
        let fired: [String] = try await untilDone { reactor, done in
            let fired = Notes<String>()
            let timers = Notes<Timer>()
            let now = Reactor.now
            _ = reactor.schedule(at: now) {
                fired.notes.append("first")
                for timer in timers.notes { reactor.cancel(timer) }
            }
            timers.notes.append(reactor.schedule(at: now) { fired.notes.append("second") })
            timers.notes.append(reactor.schedule(at: now + .milliseconds(1)) { fired.notes.append("third") })
            _ = reactor.schedule(at: now + .milliseconds(5)) { done(fired.notes) }
        }
        #expect(fired == ["first"])
    }

    @Test("a handler may add an earlier and a later one, and cancel itself") func addedByHandler() async throws {
        let fired: [String] = try await untilDone { reactor, done in
            let fired = Notes<String>()
            let timers = Notes<Timer>()
            let now = Reactor.now
            timers.notes.append(
                reactor.schedule(at: now + .milliseconds(1)) {
                    reactor.cancel(timers.notes[0])
                    _ = reactor.schedule(at: now + .milliseconds(8)) { fired.notes.append("later") }
                    _ = reactor.schedule(at: now) { fired.notes.append("earlier") }
                })
            _ = reactor.schedule(at: now + .milliseconds(10)) { done(fired.notes) }
        }
        #expect(fired == ["earlier", "later"])
    }

    @Test("far-away ones that were cancelled don't pile up") func noPile() throws {
        let queue = try TimerQueue()
        let far = Reactor.now + .seconds(3600)
        let kept = (0..<10).map { _ in queue.add(at: far) {} }
        for _ in 0..<10_000 { queue.remove(queue.add(at: far) {}) }
        #expect(queue.entryCount <= 65)
        for timer in kept { queue.remove(timer) }
        #expect(queue.entryCount <= 65)
    }

    @Test("waiting for one costs one wake-up, and nothing wakes the thread meanwhile") func idle() async throws {
        let wakeUps: UInt64 = try await untilDone { reactor, done in
            // The first one is fired by a thread that slept, so that the count begins at a wake-up.
            _ = reactor.schedule(at: Reactor.now + .milliseconds(1)) {
                let before = reactor.wakeUps
                _ = reactor.schedule(at: Reactor.now + .milliseconds(300)) { done(reactor.wakeUps - before) }
            }
        }
        // The count is taken in the middle of a wake-up, which is counted at its end.
        #expect(wakeUps == 1)
    }
}
