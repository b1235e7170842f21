import CLinux
import Synchronization

/// What the reactor's thread runs: jobs that other threads hand in, descriptors, and deadlines.
///
/// `@unchecked Sendable`, as the compiler cannot see that everything outside `inbox` is used on one thread only: the
/// one that runs ``run()``. ``Reactor`` checks that at each of its entrances.
final class EventLoop: @unchecked Sendable {
    /// What other threads leave for this one.
    private struct Inbox {
        var jobs: [Job] = []
        /// The event descriptor has been written and not yet read.
        var isWakeUpPending = false
        var isStopped = false
    }

    private struct Job {
        let job: UnownedJob
        let executor: UnownedSerialExecutor
        let taskExecutor: UnownedTaskExecutor
    }

    private let inbox = Mutex(Inbox())
    private let wakeUpDescriptor: Descriptor
    private let thread = Atomic<UInt>(0)
    private(set) var wakeUps: UInt64 = 0
    private(set) var turns = DurationHistogram()
    let descriptors: DescriptorTable
    let timers: TimerQueue
    /// Whether the handlers of events are being called.
    private(set) var isDispatching = false
    /// Is called when those of all events that were fetched together have been.
    var afterEvents: () -> Void = {}

    init() throws(SystemCallError) {
        descriptors = try DescriptorTable()
        timers = try TimerQueue()
        wakeUpDescriptor = Descriptor(
            owning: try systemCall("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
        let wakeUp = wakeUpDescriptor.rawValue
        _ = try descriptors.add(wakeUp, .readable) { _ in
            var count: UInt64 = 0
            read(wakeUp, &count, 8)
        }
        _ = try descriptors.add(timers.descriptor.rawValue, .readable) { [unowned timers] _ in timers.fire() }
    }

    // MARK: Any thread

    var isCurrent: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    func enqueue(_ job: UnownedJob, for executor: UnownedSerialExecutor, _ taskExecutor: UnownedTaskExecutor) {
        post { $0.jobs.append(Job(job: job, executor: executor, taskExecutor: taskExecutor)) }
    }

    func stop() {
        post { $0.isStopped = true }
    }

    private func post(_ change: (inout Inbox) -> Void) {
        let mustWake = inbox.withLock { inbox in
            change(&inbox)
            // The loop looks into the inbox before it sleeps, so it need not wake itself.
            if isCurrent || inbox.isWakeUpPending { return false }
            inbox.isWakeUpPending = true
            return true
        }
        guard mustWake else { return }
        var one: UInt64 = 1
        // Fails only if the counter would overflow, and then the loop is awake anyway.
        write(wakeUpDescriptor.rawValue, &one, 8)
    }

    // MARK: The reactor's thread

    func run() {
        thread.store(pthread_self(), ordering: .relaxed)
        var beginning = Reactor.now
        while runJobs() {
            let isIdle = inbox.withLock { $0.jobs.isEmpty && !$0.isStopped }
            turns.add(Reactor.now - beginning)
            descriptors.fetch(wait: isIdle)
            beginning = Reactor.now
            isDispatching = true
            descriptors.dispatch()
            isDispatching = false
            afterEvents()
            if isIdle { wakeUps += 1 }
        }
        // The number may now become another thread's.
        thread.store(0, ordering: .relaxed)
    }

    /// Runs the jobs that are there now, not those that they add; false once the loop is stopped.
    private func runJobs() -> Bool {
        let (jobs, isStopped) = inbox.withLock { inbox in
            inbox.isWakeUpPending = false
            return (exchange(&inbox.jobs, with: []), inbox.isStopped)
        }
        for job in jobs { job.job.runSynchronously(isolatedTo: job.executor, taskExecutor: job.taskExecutor) }
        return !isStopped
    }
}
