import CLinux
import Synchronization

/// The core's one thread: an epoll loop that is also a serial executor, so that an actor can live on it, and a task
/// executor, so that a task can that belongs to no actor.
///
/// Everything that happens to the core is an event here: a descriptor became readable, a deadline passed, another
/// thread awaits the actor. Descriptors, timers and whatever their handlers capture are touched on this thread only,
/// so nothing in the core needs a lock.
///
/// The thread starts with the reactor and ends when the last reference to the reactor goes.
public final class Reactor: SerialExecutor, TaskExecutor {
    private let loop: EventLoop

    /// Creates the loop and starts its thread.
    ///
    /// The thread inherits the signal mask of the caller: block what a ``SignalSource`` is to deliver first.
    public init(name: String = "cadre-core") throws(SystemCallError) {
        loop = try EventLoop()
        try startThread(name: name) { [loop] in loop.run() }
    }

    deinit {
        loop.stop()
    }

    /// Whether the caller is on the reactor's thread.
    public var isCurrent: Bool { loop.isCurrent }

    // MARK: SerialExecutor, TaskExecutor

    /// Runs a job on the reactor's thread. Any thread may call this.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job), for: asUnownedSerialExecutor(), asUnownedTaskExecutor())
    }

    /// Stops the process if the caller isn't on the reactor's thread.
    public func checkIsolated() {
        precondition(isCurrent, "this is to be called on the reactor's thread only")
    }

    // MARK: Events; to be called on the reactor's thread only

    /// The time for deadlines: CLOCK_MONOTONIC, which no clock change moves.
    public static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Calls `handler` whenever `descriptor` is ready in a way of `interest`, until the watch is cancelled.
    ///
    /// Hang-ups and errors are always reported. The watch must be cancelled before the descriptor is closed.
    public func watch(
        _ descriptor: borrowing Descriptor, for interest: Readiness = .readable,
        _ handler: @escaping (Readiness) -> Void
    ) throws(SystemCallError) -> Watch {
        checkIsolated()
        return try loop.descriptors.add(descriptor.rawValue, interest, handler)
    }

    /// Changes what a watch waits for.
    public func change(_ watch: Watch, to interest: Readiness) throws(SystemCallError) {
        checkIsolated()
        try loop.descriptors.change(watch, to: interest)
    }

    /// Ends a watch: its handler is not called again, even for an event that has already been fetched.
    public func cancel(_ watch: Watch) {
        checkIsolated()
        loop.descriptors.remove(watch)
    }

    /// Calls `handler` once when ``now`` has reached `deadline`.
    public func schedule(at deadline: Duration, _ handler: @escaping () -> Void) -> Timer {
        checkIsolated()
        return loop.timers.add(at: deadline, handler)
    }

    /// Makes sure that a timer does not fire (any more).
    public func cancel(_ timer: Timer) {
        checkIsolated()
        loop.timers.remove(timer)
    }

    /// Whether handlers of events are being called; what they have in common can wait until all have been.
    public var isDispatching: Bool {
        checkIsolated()
        return loop.isDispatching
    }

    /// Has `handler` called each time the handlers of all events that were there have been, before other threads' jobs have
    /// their turn.
    public func afterEvents(_ handler: @escaping () -> Void) {
        checkIsolated()
        loop.afterEvents = handler
    }

    /// How long the thread's turns took, from one look for events to the next: what happens meanwhile waits.
    public var turns: DurationHistogram {
        checkIsolated()
        return loop.turns
    }

    /// How often the thread has woken from sleep, for measurement.
    public var wakeUps: UInt64 {
        checkIsolated()
        return loop.wakeUps
    }
}

/// Starts a detached thread with the usual stack and the caller's signal mask.
package func startThread(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
    }
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let argument = Unmanaged.passRetained(Body(name: name, body))
    let code = pthread_create(
        &thread, &attributes,
        { argument in
            let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
            // Not by whoever started it: a detached thread may have ended by then, and its number is worthless.
            cadre_name_thread(body.name)
            body.run()
            return nil
        }, argument.toOpaque())
    guard code == 0 else {
        argument.release()
        throw SystemCallError(call: "pthread_create", object: name, code: code)
    }
}
