/// One message of a worker (sd_notify(3)), as far as it concerns a supervisor.
public enum Notification: Hashable, Sendable {
    /// `READY=1`: start-up is finished.
    case ready
    /// `STOPPING=1`: it is going down.
    case stopping
    /// `STATUS=`: a line for people.
    case status(String)
    /// `WATCHDOG=1`: it is alive.
    case watchdog
    /// `WATCHDOG=trigger`: it is to be taken for hung.
    case watchdogTrigger
    /// `MAINPID=`: this process is the service's main one from now on.
    case mainPID(Int32)
    /// `EXTEND_TIMEOUT_USEC=`: starting or stopping takes so much longer from now on.
    case extendTimeout(Duration)

    /// Reads a datagram: lines of `NAME=value`. What is unknown or malformed is passed over, as systemd does.
    public static func parse(_ datagram: some Collection<UInt8>) -> [Notification] {
        datagram.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let value = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
            return Notification(name: String(decoding: line[..<equals], as: UTF8.self), value: value)
        }
    }

    private init?(name: String, value: String) {
        switch (name, value) {
        case ("READY", "1"): self = .ready
        case ("STOPPING", "1"): self = .stopping
        case ("STATUS", _): self = .status(value.filter { $0 >= " " && $0 != "\u{7F}" })
        case ("WATCHDOG", "1"): self = .watchdog
        case ("WATCHDOG", "trigger"): self = .watchdogTrigger
        case ("MAINPID", _):
            guard let pid = Int32(value), pid > 0 else { return nil }
            self = .mainPID(pid)
        case ("EXTEND_TIMEOUT_USEC", _):
            guard let microseconds = Int64(value), microseconds > 0 else { return nil }
            self = .extendTimeout(.microseconds(microseconds))
        default: return nil
        }
    }
}
