/// The events of this supervisor: the latest ones, and those who follow them.
///
/// It lives on the core's thread. A follower reads in its own time; one that falls behind by more than
/// ``mostUnread`` events is dropped, so that it costs the core nothing.
final class EventStream {
    /// How many events are kept for those who come back.
    static let mostKept = 4096
    /// How many events a follower may be behind.
    static let mostUnread = 4096

    private let run: UInt64
    private var kept: [Event] = []
    /// Where the oldest of the kept is, once there are as many as may be.
    private var oldest = 0
    private var lastNumber: UInt64 = 0
    private var followers: [UInt64: AsyncThrowingStream<Event, any Error>.Continuation] = [:]
    private var lastFollower: UInt64 = 0

    init(run: UInt64) {
        self.run = run
    }

    /// The latest event.
    var last: EventID { EventID(run: run, number: lastNumber) }

    /// Publishes an event under the next number.
    func publish(_ make: (EventID) -> Event) {
        lastNumber += 1
        let event = make(last)
        if kept.count < Self.mostKept {
            kept.append(event)
        } else {
            kept[oldest] = event
            oldest = (oldest + 1) % Self.mostKept
        }
        for (key, follower) in followers {
            switch follower.yield(event) {
            case .enqueued: break
            case .dropped:
                followers[key] = nil
                follower.finish(throwing: EventStreamError.tooSlow)
            case .terminated: followers[key] = nil
            @unknown default: break
            }
        }
    }

    /// The events after `id`; nil if some of them aren't kept any more, or it is another run's.
    func kept(after id: EventID) -> [Event]? {
        guard id.run == run, id.number <= lastNumber, lastNumber - id.number <= UInt64(kept.count) else { return nil }
        let count = Int(lastNumber - id.number)
        return (kept.count - count..<kept.count).map { kept[(oldest + $0) % kept.count] }
    }

    /// What is published from now on, after `earlier`.
    func follow(after earlier: [Event]) -> AsyncThrowingStream<Event, any Error> {
        let (stream, follower) = AsyncThrowingStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.mostUnread))
        for event in earlier { follower.yield(event) }
        lastFollower += 1
        followers[lastFollower] = follower
        return stream
    }

    /// Tells all followers that there is nothing more to come.
    func finish() {
        for follower in followers.values { follower.finish() }
        followers = [:]
    }
}

/// Why a stream of events ended before the supervisor did.
public enum EventStreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its reader was too far behind.
    case tooSlow

    /// A sentence that says what to do.
    public var description: String {
        "the reader was more than \(EventStream.mostUnread) events behind and missed some; follow them anew, "
            + "from a fresh snapshot"
    }
}

/// The state at one moment and what follows, without a gap.
public struct Subscription: Sendable {
    /// How everything was at the beginning; nil if the events go on where an earlier subscription ended.
    public let snapshot: FleetState?
    /// What happens from then on. It ends when the supervisor does, and throws ``EventStreamError`` if it isn't read
    /// fast enough.
    public let events: AsyncThrowingStream<Event, any Error>
}
