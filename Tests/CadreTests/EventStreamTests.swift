import Testing

@testable import Cadre

@Suite("The stream of events") struct EventStreamTests {
    private func publish(_ count: Int, to stream: EventStream) {
        for _ in 0..<count {
            stream.publish { id in
                Event(id: id, time: 0, level: "info", kind: "ready", message: "\(id.number)", details: [:])
            }
        }
    }

    private func numbers(_ events: [Event]?) -> [UInt64]? { events.map { $0.map(\.id.number) } }

    @Test("knows what came after an event, and whether it knows all of it") func kept() {
        let stream = EventStream(run: 7)
        #expect(numbers(stream.kept(after: EventID(run: 7, number: 0))) == [])
        publish(3, to: stream)
        #expect(stream.last == EventID(run: 7, number: 3))
        #expect(numbers(stream.kept(after: EventID(run: 7, number: 1))) == [2, 3])
        #expect(numbers(stream.kept(after: EventID(run: 7, number: 3))) == [])
        #expect(stream.kept(after: EventID(run: 7, number: 4)) == nil)
        #expect(stream.kept(after: EventID(run: 8, number: 1)) == nil)
    }

    @Test("keeps a bounded number of them, in their order") func bound() {
        let stream = EventStream(run: 1)
        publish(EventStream.mostKept + 10, to: stream)
        #expect(stream.kept(after: EventID(run: 1, number: 9)) == nil)
        let all = numbers(stream.kept(after: EventID(run: 1, number: 10)))
        #expect(all == (11...UInt64(EventStream.mostKept + 10)).map(\.self))
        #expect(numbers(stream.kept(after: EventID(run: 1, number: 4100)))?.first == 4101)
    }

    @Test("gives a follower what it missed, and then what comes") func follow() async throws {
        let stream = EventStream(run: 1)
        publish(2, to: stream)
        let events = stream.follow(after: stream.kept(after: EventID(run: 1, number: 1)) ?? [])
        publish(2, to: stream)
        stream.finish()
        var seen: [UInt64] = []
        for try await event in events { seen.append(event.id.number) }
        #expect(seen == [2, 3, 4])
    }

    @Test("drops a follower that doesn't read, which learns it after what it was given; the others go on")
    func slow() async throws {
        let stream = EventStream(run: 1)
        let slow = stream.follow(after: [])
        publish(EventStream.mostUnread, to: stream)
        let other = stream.follow(after: [])
        publish(5, to: stream)
        stream.finish()
        var count = 0
        await #expect(throws: EventStreamError.tooSlow) {
            for try await _ in slow { count += 1 }
        }
        #expect(count == EventStream.mostUnread)
        var seen: [Event] = []
        for try await event in other { seen.append(event) }
        #expect(seen.count == 5)
    }

    @Test(
        "an id is read as it is written, and nothing else is",
        arguments: ["1f-42", "0-0", "ffffffffffffffff-18446744073709551615"])
    func id(text: String) {
        #expect(EventID(text)?.description == text)
    }

    @Test("what is no id is none", arguments: ["", "-", "1", "1-", "-1", "g-1", "1-2-3", "1--2", "1-1f", " 1-1"])
    func noID(text: String) {
        #expect(EventID(text) == nil)
    }
}
