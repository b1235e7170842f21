import CSystemd
import Reactor

/// Tells the service manager that started us how we are doing: the sending side of sd_notify(3).
///
/// Each message is one datagram to PID 1, which takes them in all its states; a send waits only while its queue, of
/// some hundred messages, is full.
public struct ServiceNotifier: Sendable {
    /// How often the manager wants `WATCHDOG=1` at the least; nil if it doesn't.
    public let watchdogInterval: Duration?

    /// The manager that `NOTIFY_SOCKET` names; nil if nobody wants to hear.
    ///
    /// The variables stay: who starts workers has to withhold them.
    public init?(environment: [String: String]) {
        guard environment["NOTIFY_SOCKET"]?.isEmpty == false else { return nil }
        var microseconds: UInt64 = 0
        watchdogInterval =
            sd_watchdog_enabled(0, &microseconds) > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    /// Start-up, or a reload, is finished.
    public func ready() { send("READY=1") }

    /// A line for `systemctl status`.
    public func status(_ text: String) { send("STATUS=\(text)") }

    /// The configuration is being read again; ``ready()`` ends that.
    public func reloading() {
        // The time tells systemd 253 and later (Type=notify-reload) that this answers its signal.
        send("RELOADING=1\nMONOTONIC_USEC=\(Reactor.now.microseconds)")
    }

    /// We are going down.
    public func stopping() { send("STOPPING=1") }

    /// We are alive.
    public func watchdog() { send("WATCHDOG=1") }

    /// What we do, starting or stopping, takes so much longer from now on.
    public func extendTimeout(_ time: Duration) { send("EXTEND_TIMEOUT_USEC=\(time.microseconds)") }

    private func send(_ message: String) {
        // It reads NOTIFY_SOCKET itself. That a manager which is gone can't be told is nobody's concern.
        sd_notify(0, message)
    }
}

extension Duration {
    /// Whole microseconds, the unit of systemd's protocols; no more than fit.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return isTooLong ? .max : whole + attoseconds / 1_000_000_000_000
    }
}
