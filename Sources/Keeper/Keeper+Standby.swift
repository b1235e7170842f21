import CLinux
import Processes
import Reactor

/// Standing by.
extension Keeper {
    /// Waits until other processes have ended: a keeper and its supervisor, in whose place this one is going to run one.
    /// Systemd is told that we are there.
    ///
    /// - Returns: false if a signal told this process to end before that.
    public func standBy(for processes: [Int32]) -> Bool {
        for pid in processes {
            guard let pidfd = try? Pidfd.open(pid) else { continue }
            tell("READY=1\nSTATUS=Standing by for process \(pid)")
            if !wait(for: pidfd) { return false }
        }
        return true
    }

    private func tell(_ text: String) {
        var text = text
        text.withUTF8 { manager?.pass(on: UnsafeRawBufferPointer($0)) }
    }

    private func wait(for pidfd: borrowing Descriptor) -> Bool {
        let (own, other) = (signals.descriptor.rawValue, pidfd.rawValue)
        while true {
            manager?.feedWatchdog()
            let wait = manager?.nextFeed.map { max(0, ($0 - Reactor.now) / .milliseconds(1) + 1) } ?? -1
            var requests = [
                pollfd(fd: own, events: Int16(POLLIN), revents: 0),
                pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            ]
            poll(&requests, 2, Int32(wait))
            while let signal = signals.next() {
                if signal == SIGTERM || signal == SIGINT { return false }
            }
            if requests[1].revents != 0 { return true }
        }
    }
}
