import CLinux
import Reactor
import SystemPackage
import Testing

@Suite("A watch") struct WatchTests {
    @Test("it fires when there is something to read") func readable() async throws {
        let pair = try SocketPair()
        let readiness: Readiness = try await untilDone { reactor, done in
            _ = try reactor.watch(pair.near) { done($0) }
            try pair.far.write("x")
        }
        #expect(readiness == .readable)
    }

    @Test("it fires when there is room to write, and only for what was asked for") func writable() async throws {
        let pair = try SocketPair()
        try pair.far.write("x")
        let readiness: Readiness = try await untilDone { reactor, done in
            _ = try reactor.watch(pair.near, for: .writable) { done($0) }
        }
        #expect(readiness == .writable)
    }

    @Test("a peer that is gone is a hang-up, whatever was asked for") func hangUp() async throws {
        let readiness: Readiness = try await untilDone { reactor, done in
            let pair = try SocketPair()
            _ = try reactor.watch(pair.near, for: [.peerClosed]) { readiness in
                _ = pair
                done(readiness)
            }
            shutdown(pair.far.rawValue, Int32(SHUT_RDWR))
        }
        #expect(readiness.isSuperset(of: [.peerClosed, .hangUp]))
    }

    @Test("what it waits for can be changed") func change() async throws {
        let pair = try SocketPair()
        let readiness: Readiness = try await untilDone { reactor, done in
            let watch = try reactor.watch(pair.near, for: .readable) { done($0) }
            try reactor.change(watch, to: .writable)
        }
        #expect(readiness == .writable)
    }

    @Test("one that was cancelled is not called even for an event that was fetched already")
    func cancelFetched() async throws {
        let (one, other) = (try SocketPair(), try SocketPair())
        let calls: Int = try await untilDone { reactor, done in
            let watches = Notes<Watch>()
            let calls = Notes<Int>()
            for pair in [one, other] {
                // Both are ready before the loop looks, so it fetches both; whichever comes first cancels both.
                try pair.far.write("x")
                let watch = try reactor.watch(pair.near) { _ in
                    calls.notes.append(1)
                    for watch in watches.notes { reactor.cancel(watch) }
                    _ = reactor.schedule(at: Reactor.now + .milliseconds(20)) { done(calls.notes.count) }
                }
                watches.notes.append(watch)
            }
        }
        #expect(calls == 1)
    }

    @Test("a place in the table that is used again does not get its predecessor's event")
    func reuse() async throws {
        let (one, other) = (try SocketPair(), try SocketPair())
        let (third, fourth) = (try SocketPair(), try SocketPair())
        let calls: [String] = try await untilDone { reactor, done in
            let watches = Notes<Watch>()
            let calls = Notes<String>()
            for pair in [one, other] {
                try pair.far.write("x")
                let watch = try reactor.watch(pair.near) { _ in
                    calls.notes.append("first")
                    for watch in watches.notes { reactor.cancel(watch) }
                    // Both places are taken anew, one of them while the event for its old use is still to come.
                    for pair in [third, fourth] {
                        do {
                            _ = try reactor.watch(pair.near) { _ in calls.notes.append("wrong") }
                        } catch {
                            calls.notes.append("\(error)")
                        }
                    }
                    _ = reactor.schedule(at: Reactor.now + .milliseconds(20)) { done(calls.notes) }
                }
                watches.notes.append(watch)
            }
        }
        #expect(calls == ["first"])
    }

    @Test("cancelling it twice does not harm the one that has its place now") func cancelTwice() async throws {
        let pair = try SocketPair()
        let readiness: Readiness = try await untilDone { reactor, done in
            let old = try reactor.watch(pair.near) { _ in }
            reactor.cancel(old)
            _ = try reactor.watch(pair.near) { done($0) }
            reactor.cancel(old)
            try reactor.change(old, to: [])
            try pair.far.write("x")
        }
        #expect(readiness == .readable)
    }

    @Test("a descriptor that cannot be watched is an error that names the call") func notWatchable() async throws {
        let error = await #expect(throws: SystemCallError.self) {
            try await onReactor { reactor in
                // A regular file is always ready; epoll refuses it.
                let file = try Descriptor.open("/proc/self/exe")
                _ = try reactor.watch(file) { _ in }
            }
        }
        #expect(error?.call == "epoll_ctl")
        #expect(error?.errno == .notPermitted)
        #expect(error?.object.hasPrefix("descriptor ") == true)
    }

    @Test("one that could not be made leaves its place to the next") func failureLeavesNothing() async throws {
        let pair = try SocketPair()
        let readiness: Readiness = try await untilDone { reactor, done in
            let closed = Descriptor(owning: -1)
            #expect(throws: SystemCallError.self) { _ = try reactor.watch(closed) { _ in } }
            _ = try reactor.watch(pair.near) { done($0) }
            try pair.far.write("x")
        }
        #expect(readiness == .readable)
    }
}
