import CLinux
public import Reactor

/// What can be done to a process by its pidfd, which never means another process that got the same ID.
public enum Pidfd {
    /// The pidfd of a process that somebody else started; close-on-exec. It becomes readable when the process ends.
    ///
    /// The ID may mean a successor by now: check its start time after this (`ProcessIdentity`).
    public static func open(_ pid: Int32) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try systemCall("pidfd_open", "process \(pid)") { cadre_pidfd_open(pid) })
    }

    /// Sends a signal; to a process that ended it throws `ESRCH`.
    public static func signal(_ pidfd: borrowing Descriptor, _ signal: Int32) throws(SystemCallError) {
        let descriptor = pidfd.rawValue
        try systemCall("pidfd_send_signal", "signal \(signal)") { cadre_pidfd_send_signal(descriptor, signal) }
    }

    /// Reaps the process if it ended and says how.
    ///
    /// Of a process that isn't our child this asks the kernel (`PIDFD_GET_INFO`, Linux 6.15), which can tell once the
    /// process's own parent reaped it: until then it is nil, and the pidfd reports a hang-up (`EPOLLHUP`) when it's done.
    ///
    /// - Returns: nil if the process still runs, or wasn't reaped by its parent yet.
    public static func reap(_ pidfd: borrowing Descriptor) throws(SystemCallError) -> ProcessExit? {
        try exit(of: pidfd, leavingIt: false)
    }

    /// How the process ended, as ``reap(_:)`` tells, but a child of ours is left to be reaped later: if we are killed
    /// before that, whoever is its parent then learns the same.
    public static func exit(of pidfd: borrowing Descriptor) throws(SystemCallError) -> ProcessExit? {
        try exit(of: pidfd, leavingIt: true)
    }

    /// Kills a process, waits for its end and reaps it if it is ours: for one of which nobody needs to know any more.
    ///
    /// - Parameters:
    ///   - pidfd: what holds the process.
    ///   - time: how long the calling thread stands still for it at the most.
    public static func end(_ pidfd: borrowing Descriptor, within time: Duration) {
        // Most have ended already, and need no signal.
        if (try? reap(pidfd)) != nil { return }
        try? signal(pidfd, SIGKILL)
        var request = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        let deadline = Reactor.now + time
        // Who is stopped and goes on comes back with EINTR, too (signal(7)).
        while true {
            let rest = deadline - Reactor.now
            if poll(&request, 1, Int32(clamping: max(0, Int64(rest / .milliseconds(1))))) >= 0 || rest <= .zero {
                break
            }
        }
        _ = try? reap(pidfd)
    }

    private static func exit(
        of pidfd: borrowing Descriptor, leavingIt: Bool
    ) throws(SystemCallError) -> ProcessExit? {
        let descriptor = pidfd.rawValue
        var status: Int32 = 0
        let result = try systemCall("waitid") { cadre_reap(descriptor, leavingIt, &status) }
        return result == 0 ? nil : ProcessExit(waitStatus: status)
    }
}
