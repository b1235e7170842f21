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
    /// `FDSTORE=1`: the descriptors that come with the message are to be kept for the next execution, under the name of
    /// `FDNAME=`; unless `FDPOLL=0` they are dropped as soon as one is hung up.
    case storeDescriptors(name: String, dropsHungUp: Bool)
    /// It was longer than a message may be, and nothing of it counts.
    case tooLong
    /// `FDSTOREREMOVE=1`: what is kept under the name of `FDNAME=` is to be dropped.
    case removeDescriptors(name: String)

    /// The name of descriptors that come without one, or with one that can't stand in `LISTEN_FDNAMES`.
    public static let defaultDescriptorName = "stored"

    /// Reads a datagram: lines of `NAME=value`. What is unknown or malformed is passed over, as systemd does.
    public static func parse(_ datagram: some Collection<UInt8>) -> [Notification] {
        let assignments = datagram.split(separator: UInt8(ascii: "\n")).compactMap { line -> (String, String)? in
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let value = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
            return (String(decoding: line[..<equals], as: UTF8.self), value)
        }
        var notifications = assignments.compactMap { Notification(name: $0.0, value: $0.1) }
        func has(_ name: String, _ value: String) -> Bool { assignments.contains { $0.0 == name && $0.1 == value } }
        // These are about the message as a whole.
        let name = assignments.last { $0.0 == "FDNAME" }?.1
        let validName = name.flatMap { isValidDescriptorName($0) ? $0 : nil }
        if has("FDSTORE", "1") {
            notifications.append(
                .storeDescriptors(name: validName ?? defaultDescriptorName, dropsHungUp: !has("FDPOLL", "0")))
        }
        if has("FDSTOREREMOVE", "1"), let validName { notifications.append(.removeDescriptors(name: validName)) }
        return notifications
    }

    /// As fdname_is_valid() of systemd.
    private static func isValidDescriptorName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: ":") }
    }

    private init?(name: String, value: String) {
        switch (name, value) {
        case ("READY", "1"): self = .ready
        case ("STOPPING", "1"): self = .stopping
        case ("STATUS", _): self = .status(SafeText.clean(value))
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
