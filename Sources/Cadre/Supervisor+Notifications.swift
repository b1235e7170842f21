import CLinux
import ControlGroups
import Logging
import Processes
import Reactor
import Specification
import Supervision
import SystemPackage
import Systemd

/// What workers say by sd_notify(3), on the reactor's thread.
///
/// A worker may send as much as it likes, and anything. So there is a bound to what is taken in one turn of the loop, and
/// in a second: what is more stays in the socket, and when that is full its sender waits.
extension Supervisor {
    /// How many messages of one incarnation are taken before others have their turn.
    static let mostMessagesAtOnce = 32
    /// How many of them in each second.
    static let mostMessagesPerSecond = 1000
    /// How many may wait in a socket (`net.unix.max_dgram_qlen`, which systemd sets to 512), and a few more.
    private static let mostMessagesWaiting = 1024

    /// Takes some of the messages that have come, and then rests if there were too many of late.
    func receiveNotifications(of incarnation: LiveIncarnation) {
        receive(atMost: Self.mostMessagesAtOnce, of: incarnation)
        guard incarnation.messages.count >= Self.mostMessagesPerSecond, let watch = incarnation.notificationWatch else {
            return
        }
        complain(incarnation, "sends more than \(Self.mostMessagesPerSecond) notifications a second, and has to wait")
        try? reactor.change(watch, to: [])
        // The watch may have ended by then, and another one have its place, which this doesn't touch.
        _ = reactor.schedule(at: incarnation.messages.beginning + .seconds(1)) { [unowned self] in
            try? reactor.change(watch, to: .readable)
        }
    }

    /// Takes all that an incarnation's leader can have said before its end; others of its processes may go on.
    func receiveLastNotifications(of incarnation: LiveIncarnation) {
        receive(atMost: Self.mostMessagesWaiting, of: incarnation)
    }

    private func receive(atMost most: Int, of incarnation: LiveIncarnation) {
        guard !incarnation.isReceiving else { return }
        incarnation.isReceiving = true
        defer { incarnation.isReceiving = false }
        for _ in 0..<most {
            guard let notifications = receive(from: incarnation) else { return }
            for notification in notifications { receive(notification, from: incarnation) }
            // It is gone only when what follows from it is written down.
            if !unwritten.isEmpty { writeState() }
            incarnation.notifications.consume()
            incarnation.messages.add(at: Reactor.now)
        }
    }

    /// The next message; descriptors that come with it are closed by the kernel unless the service may store some.
    private func receive(from incarnation: LiveIncarnation) -> [Notification]? {
        let most = specified(incarnation.worker.service)?.storedDescriptorsMax ?? 0
        guard most > 0 else { return incarnation.notifications.receive(peeking: true) }
        return incarnation.notifications.receive(peeking: true) { notifications, descriptors in
            store(descriptors, notifications, of: incarnation, atMost: most)
        }
    }

    private func receive(_ notification: Notification, from incarnation: LiveIncarnation) {
        let (worker, number) = (incarnation.worker, incarnation.number)
        switch notification {
        case .ready:
            switch incarnation.specification.policy.readiness {
            case .exec, .notify: tell(worker, .ready(number))
            // Something else was asked for.
            case .tcp, .http, .command, .log: break
            }
        case .stopping: tell(worker, .stopping(number))
        case .watchdog: tell(worker, .watchdog(number))
        case .watchdogTrigger: tell(worker, .watchdogTrigger(number))
        case .extendTimeout(let time):
            tell(worker, .extendTimeout(number, time))
            if phase == .stopping {
                // No more than the worker gets.
                let most = incarnation.specification.policy.stopTimeout * Incarnation.mostExtension
                manager.extendTimeout(min(time, most) + longestStop + Self.stopMargin)
            }
        case .status(let text): incarnation.statusText = text
        case .mainPID(let pid): changeLeader(of: incarnation, to: pid)
        case .removeDescriptors(let name): removeStored(name, of: worker)
        case .storeDescriptors: break  // Done as they came.
        case .tooLong:
            complain(
                incarnation,
                "sent a notification of more than \(NotificationSocket.longestMessage) bytes, which is passed over")
        }
    }

    /// `MAINPID=`: another process of the incarnation is its leader from now on.
    private func changeLeader(of incarnation: LiveIncarnation, to pid: Int32) {
        guard pid != incarnation.leader?.pid, incarnation.exit == nil else { return }
        do {
            let leader = try formerLeader(of: incarnation, pid) ?? newLeader(of: incarnation, pid)
            if let former = incarnation.leader {
                if former.parent == .other {
                    // Whose end is nobody's business any more; a worker may name one after another without end.
                    if let watch = former.watch { reactor.cancel(watch) }
                } else {
                    incarnation.formerLeaders.append(former)
                }
            }
            incarnation.leader = leader
            unwritten.workers.insert(incarnation.worker)
        } catch {
            complain(incarnation, "named process \(pid) as its leader, which is none of its own")
        }
    }

    /// One that was the leader before, which waits to be reaped.
    private func formerLeader(of incarnation: LiveIncarnation, _ pid: Int32) -> LiveIncarnation.Leader? {
        guard let index = incarnation.formerLeaders.firstIndex(where: { $0.pid == pid && !$0.hasEnded }) else {
            return nil
        }
        return incarnation.formerLeaders.remove(at: index)
    }

    private func newLeader(of incarnation: LiveIncarnation, _ pid: Int32) throws -> LiveIncarnation.Leader {
        let pidfd = try Pidfd.open(pid)
        // Asked after the pidfd was opened, so that it is that process's.
        guard try incarnation.group.processes(recursive: true).contains(pid) else {
            throw SystemCallError(call: "MAINPID", object: "\(pid)", errno: .noSuchProcess)
        }
        let leader = LiveIncarnation.Leader(pid: pid, pidfd: pidfd, .other)
        try watch(leader, of: incarnation)
        return leader
    }

    /// Warns of what a worker does wrong, which it may do without end.
    func complain(_ incarnation: LiveIncarnation, _ what: String) {
        guard let leftOut = incarnation.complaints.pass(at: Reactor.now) else { return }
        events.log(
            .warning, .trouble,
            "\(incarnation.worker) \(what)"
                + (leftOut > 0 ? " (and \(leftOut) more warnings of it were left out since the last one)" : ""),
            incarnation.worker, incarnation.number)
    }
}
