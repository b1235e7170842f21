import CLinux
import Reactor

/// systemd, as it keeps the keeper (sd_notify(3), sd_watchdog_enabled(3)).
final class Manager {
    private let socket: Descriptor
    private let interval: Duration?
    /// When the next sign of life is due.
    private(set) var nextFeed: Duration?

    /// The manager that `NOTIFY_SOCKET` names; nil if nobody wants to hear.
    init?() {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), var address = UnixAddress(path: path)
        else {
            return nil
        }
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue
        let number = CLinux.socket(AF_UNIX, Int32(type), 0)
        guard number != -1 else { return nil }
        socket = Descriptor(owning: number)
        guard address.connect(socket) == 0 else { return nil }
        let microseconds = getenv("WATCHDOG_USEC").flatMap { Int64(String(cString: $0)) }
        let pid = getenv("WATCHDOG_PID").flatMap { Int32(String(cString: $0)) }
        let isMeant = pid == nil || pid == getpid()
        interval = isMeant ? microseconds.map { .microseconds(max(1, $0 / 2)) } : nil
        nextFeed = interval.map { _ in Reactor.now }
    }

    /// Says that we are alive, if that is due.
    ///
    /// The keeper itself finds out whether its supervisor is, so this is all that there is to say.
    func feedWatchdog() {
        guard let interval, let next = nextFeed, next <= Reactor.now else { return }
        nextFeed = Reactor.now + interval
        _ = cadre_send(socket.rawValue, "WATCHDOG=1", 10, -1, Int32(MSG_DONTWAIT))
    }

    /// Passes on what the supervisor says.
    func pass(on bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        _ = cadre_send(socket.rawValue, start, bytes.count, -1, 0)
    }
}
