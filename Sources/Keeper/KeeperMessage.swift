import CLinux

/// What a supervisor tells its keeper: what services tell systemd (sd_notify(3)), one message a datagram, and in
/// addition `CADRE_UPGRADE=1` with the descriptor of a program, and `CADRE_HANDOVER=1` with that of a socket, and
/// `CADRE_LOCKED=1`.
enum KeeperMessage {
    /// Keep the descriptor that comes with it.
    case store(name: UnsafeRawBufferPointer)
    /// Close the descriptor of that name.
    case remove(name: UnsafeRawBufferPointer)
    /// Go on with the program whose descriptor comes with it.
    case upgrade
    /// Give all there is to another keeper, to whom a connected socket comes with it.
    case handOver
    /// It can't come up, as another supervisor has the root.
    case locked
    /// It is alive.
    case watchdog
    /// It is going to end.
    case stopping
    /// What concerns systemd alone.
    case other

    static let storePrefix: StaticString = "FDSTORE=1\nFDNAME="
    static let removePrefix: StaticString = "FDSTOREREMOVE=1\nFDNAME="
    static let upgradeText: StaticString = "CADRE_UPGRADE=1"
    static let handOverText: StaticString = "CADRE_HANDOVER=1"
    static let lockedText: StaticString = "CADRE_LOCKED=1"
    static let watchdogText: StaticString = "WATCHDOG=1"
    static let stoppingText: StaticString = "STOPPING=1"

    init(_ bytes: UnsafeRawBufferPointer) {
        if let name = Self.rest(of: bytes, behind: Self.storePrefix) {
            self = .store(name: name)
        } else if let name = Self.rest(of: bytes, behind: Self.removePrefix) {
            self = .remove(name: name)
        } else if Self.rest(of: bytes, behind: Self.upgradeText) != nil {
            self = .upgrade
        } else if Self.rest(of: bytes, behind: Self.handOverText) != nil {
            self = .handOver
        } else if Self.rest(of: bytes, behind: Self.lockedText) != nil {
            self = .locked
        } else if Self.rest(of: bytes, behind: Self.watchdogText) != nil {
            self = .watchdog
        } else if Self.rest(of: bytes, behind: Self.stoppingText) != nil {
            self = .stopping
        } else {
            self = .other
        }
    }

    private static func rest(
        of bytes: UnsafeRawBufferPointer, behind prefix: StaticString
    ) -> UnsafeRawBufferPointer? {
        guard bytes.count >= prefix.utf8CodeUnitCount,
            memcmp(bytes.baseAddress!, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[prefix.utf8CodeUnitCount...])
    }
}

/// How a process ended that was the keeper's child, as the keeper tells its supervisor.
public struct ExitRecord: Hashable, Sendable, BitwiseCopyable {
    /// The process.
    public var pid: Int32
    /// Its status, as of wait(2).
    public var status: Int32
    /// When it started, in clock ticks since the machine started (`/proc/<pid>/stat`, field 22); 0 if not known.
    public var startTime: UInt64
}
