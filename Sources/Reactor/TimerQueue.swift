import CLinux
import HeapModule

/// Names a deadline of a ``Reactor``; worthless after it passed or was cancelled.
public struct Timer: Hashable, Sendable {
    let number: UInt64
}

/// The deadlines of an event loop, on one timerfd that is armed for the earliest.
final class TimerQueue {
    private struct Entry: Comparable {
        let deadline: Duration
        let timer: Timer

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.timer.number) < (right.deadline, right.timer.number)
        }
    }

    let descriptor: Descriptor
    private var handlers: [Timer: () -> Void] = [:]
    /// All of `handlers`, and timers that were cancelled and not yet met.
    private var entries = Heap<Entry>()
    private var lastNumber: UInt64 = 0
    private var armed: Duration?

    init() throws(SystemCallError) {
        descriptor = Descriptor(
            owning: try systemCall("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
            })
    }

    func add(at deadline: Duration, _ handler: @escaping () -> Void) -> Timer {
        lastNumber += 1
        let timer = Timer(number: lastNumber)
        handlers[timer] = handler
        entries.insert(Entry(deadline: deadline, timer: timer))
        if armed.map({ deadline < $0 }) ?? true { arm(deadline) }
        return timer
    }

    func remove(_ timer: Timer) {
        guard handlers.removeValue(forKey: timer) != nil else { return }
        // Far-away deadlines that were cancelled must not pile up.
        if entries.count > 64 && entries.count > 2 * handlers.count {
            entries = Heap(entries.unordered.filter { handlers[$0.timer] != nil })
        }
    }

    /// How many deadlines are kept, those that were cancelled and not yet met among them.
    var entryCount: Int { entries.count }

    /// Calls the handlers of the deadlines that have passed, and waits for the next one.
    func fire() {
        var expirations: UInt64 = 0
        read(descriptor.rawValue, &expirations, 8)
        armed = nil
        let now = Reactor.now
        while let next = entries.min {
            guard let handler = handlers[next.timer] else {
                entries.removeMin()
                continue
            }
            guard next.deadline <= now else { break }
            entries.removeMin()
            handlers[next.timer] = nil
            handler()
        }
        if let next = entries.min, armed.map({ next.deadline < $0 }) ?? true { arm(next.deadline) }
    }

    private func arm(_ deadline: Duration) {
        // A zero time would disarm the timer instead of firing at once.
        let deadline = max(deadline, .nanoseconds(1))
        let (seconds, attoseconds) = deadline.components
        var time = itimerspec(
            it_interval: timespec(),
            it_value: timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000)))
        timerfd_settime(descriptor.rawValue, Int32(TFD_TIMER_ABSTIME), &time, nil)
        armed = deadline
    }
}
