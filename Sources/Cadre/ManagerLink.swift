import CLinux
import Keeper
import Reactor
import Supervision
import Systemd

/// What systemd, as the manager of our own unit, is told (sd_notify(3)).
final class ManagerLink {
    private let notifier: ServiceNotifier?
    private let isKept: Bool
    private var isReady = false
    private var last: FleetSummary?
    private var isUpdateScheduled = false

    /// - Parameter keeper: who stands between us and systemd, if anybody does.
    init(isActive: Bool, keeper: KeeperLink?) {
        isKept = keeper != nil
        if let keeper, let socket = try? keeper.socket.duplicate() {
            notifier = ServiceNotifier(socket)
        } else {
            notifier = isActive ? ServiceNotifier() : nil
        }
    }

    /// Says once that we are ready, as soon as each worker is ready or will not be, and keeps the status current.
    ///
    /// While things change fast, only the latest status of each fifth of a second is sent.
    func note(_ summary: FleetSummary, on reactor: Reactor) {
        guard let notifier, summary != last else { return }
        last = summary
        if summary.isSettled && !isReady {
            isReady = true
            notifier.ready()
            // With a keeper this process has nothing else to do.
            if isKept { _ = reactor.schedule(at: Reactor.now + .milliseconds(100)) { cadre_release_memory() } }
        }
        guard !isUpdateScheduled else { return }
        notifier.status(statusLine(of: summary))
        isUpdateScheduled = true
        _ = reactor.schedule(at: Reactor.now + .milliseconds(200)) { [unowned self] in
            isUpdateScheduled = false
            if let last, last != summary { notifier.status(statusLine(of: last)) }
        }
    }

    /// Says that the configuration is being read again; ``ready()`` ends that.
    func reloading() { notifier?.reloading() }

    /// Says that a reload is over.
    func ready() {
        // At the first start the workers have to be ready first.
        if isReady { notifier?.ready() }
    }

    /// Says that we are stopping, and that it takes so long at the most.
    func stopping(within time: Duration) {
        notifier?.stopping()
        notifier?.extendTimeout(time)
    }

    /// Says that stopping takes so much longer, from now on.
    func extendTimeout(_ time: Duration) { notifier?.extendTimeout(time) }

    /// Feeds systemd's watchdog, or the keeper's, from the core's own loop, so that a core that hangs is noticed.
    func feedWatchdog(on reactor: Reactor) {
        guard let notifier, let interval = notifier.watchdogInterval else { return }
        notifier.watchdog()
        _ = reactor.schedule(at: Reactor.now + interval / 2) { [unowned self, unowned reactor] in
            feedWatchdog(on: reactor)
        }
    }
}
