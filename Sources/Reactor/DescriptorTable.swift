import CLinux
import SystemPackage

/// The ways in which a descriptor can be ready (epoll_ctl(2)).
public struct Readiness: OptionSet, Hashable, Sendable {
    /// The bits of epoll's `events`.
    public let rawValue: UInt32

    /// Takes the bits of epoll's `events`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, to accept or to reap.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer has shut down at least its writing half.
    public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are closed. Always reported.
    public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// The descriptor is in error. Always reported.
    public static let error = Readiness(rawValue: EPOLLERR.rawValue)
}

/// Names one registration of a descriptor with a ``Reactor``; worthless after it was cancelled.
public struct Watch: Hashable, Sendable {
    let index: UInt32
    let generation: UInt32

    init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// As carried by epoll.
    init(_ token: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: token), generation: UInt32(token >> 32))
    }

    var token: UInt64 { UInt64(generation) << 32 | UInt64(index) }
}

/// The descriptors of an event loop, with what to do when they are ready.
///
/// Places in the table are used again. Each use has a generation, which travels through epoll with the place's
/// index, so that an event fetched for an earlier use of a place is dropped.
final class DescriptorTable {
    private struct Slot {
        var generation: UInt32 = 0
        var descriptor: Int32 = -1
        var handler: ((Readiness) -> Void)?
    }

    private let epoll: Descriptor
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var events = [epoll_event](repeating: epoll_event(), count: 128)
    /// How many of them the last ``fetch(wait:)`` filled in.
    private var fetched = 0

    init() throws(SystemCallError) {
        epoll = Descriptor(owning: try systemCall("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    func add(
        _ descriptor: Int32, _ interest: Readiness, _ handler: @escaping (Readiness) -> Void
    ) throws(SystemCallError) -> Watch {
        if free.isEmpty {
            free.append(UInt32(slots.count))
            slots.append(Slot())
        }
        let index = free[free.count - 1]
        let watch = Watch(index: index, generation: slots[Int(index)].generation)
        try control(EPOLL_CTL_ADD, descriptor, interest, watch)
        free.removeLast()
        slots[Int(index)].descriptor = descriptor
        slots[Int(index)].handler = handler
        return watch
    }

    func change(_ watch: Watch, to interest: Readiness) throws(SystemCallError) {
        guard slots[Int(watch.index)].generation == watch.generation else { return }
        try control(EPOLL_CTL_MOD, slots[Int(watch.index)].descriptor, interest, watch)
    }

    func remove(_ watch: Watch) {
        let index = Int(watch.index)
        guard slots[index].generation == watch.generation else { return }
        // Cannot fail: the descriptor is in the set and still open.
        epoll_ctl(epoll.rawValue, EPOLL_CTL_DEL, slots[index].descriptor, nil)
        slots[index] = Slot(generation: watch.generation &+ 1)
        free.append(watch.index)
    }

    /// Finds out what is ready, after waiting for something to be if asked to.
    func fetch(wait: Bool) {
        // Its one possible error is EINTR: nothing was fetched, and the caller comes back.
        fetched = max(0, Int(epoll_wait(epoll.rawValue, &events, Int32(events.count), wait ? -1 : 0)))
    }

    /// Calls the handlers of what was fetched.
    func dispatch() {
        for number in 0..<fetched {
            let event = events[number]
            let watch = Watch(event.data.u64)
            let slot = slots[Int(watch.index)]
            if slot.generation == watch.generation { slot.handler?(Readiness(rawValue: event.events)) }
        }
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ watch: Watch
    ) throws(SystemCallError) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: watch.token))
        try systemCall("epoll_ctl", "descriptor \(descriptor)") {
            epoll_ctl(epoll.rawValue, operation, descriptor, &event)
        }
    }
}
