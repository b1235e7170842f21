import CLinux
import CSystemd
public import Reactor
import SystemPackage

/// Tells the service manager that started us how we are doing: the sending side of sd_notify(3).
///
/// libsystemd's own function waits for as long as the manager's queue is full, and the core must not. So what is soon
/// said again (a status, a sign of life) is dropped then, and what matters waits for a tenth of a second.
public final class ServiceNotifier: Sendable {
    private let socket: Descriptor
    /// How often the manager wants `WATCHDOG=1` at the least; nil if it doesn't.
    public let watchdogInterval: Duration?

    /// The manager that this process's `NOTIFY_SOCKET` names; nil if nobody wants to hear.
    ///
    /// The variables stay: who starts workers has to withhold them.
    public init?() {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), var address = UnixAddress(path: path),
            let socket = try? Self.makeSocket(), address.connect(socket) == 0
        else { return nil }
        self.socket = socket
        var microseconds: UInt64 = 0
        watchdogInterval =
            sd_watchdog_enabled(0, &microseconds) > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    /// A manager behind a socket that is connected to it, one message a datagram: our own keeper.
    public init(_ socket: consuming Descriptor) {
        self.socket = socket
        var microseconds: UInt64 = 0
        watchdogInterval =
            sd_watchdog_enabled(0, &microseconds) > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    private static func makeSocket() throws(SystemCallError) -> Descriptor {
        let socket = Descriptor(
            owning: try systemCall("socket") {
                CLinux.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try systemCall("setsockopt") { setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit, size) }
        return socket
    }

    /// Start-up, or a reload, is finished.
    public func ready() { send("READY=1", waits: true) }

    /// A line for `systemctl status`.
    public func status(_ text: String) {
        // A new line would begin another assignment.
        send("STATUS=\(String(text.map { $0.isNewline ? " " : $0 }))", waits: false)
    }

    /// The configuration is being read again; ``ready()`` ends that.
    public func reloading() {
        // The time tells systemd 253 and later (Type=notify-reload) that this answers its signal.
        send("RELOADING=1\nMONOTONIC_USEC=\(Reactor.now.microseconds)", waits: true)
    }

    /// We are going down.
    public func stopping() { send("STOPPING=1", waits: true) }

    /// We are alive.
    public func watchdog() { send("WATCHDOG=1", waits: false) }

    /// What we do, starting or stopping, takes so much longer from now on.
    public func extendTimeout(_ time: Duration) { send("EXTEND_TIMEOUT_USEC=\(time.microseconds)", waits: true) }

    private func send(_ message: String, waits: Bool) {
        // A manager that is gone can't be told, and is nobody's concern.
        let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
        while CLinux.send(socket.rawValue, message, message.utf8.count, flags) == -1 && cadre_errno() == EINTR {}
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
