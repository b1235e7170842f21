import CLinux
import Reactor

/// What a socket is bound to, in the spelling of the kernel's tables.
enum BoundAddress: Hashable, Sendable {
    /// TCP: the address as in `/proc/net/tcp`, nil for every address, and the port.
    case internet(address: String?, port: UInt16)
    /// A unix socket that has connections: its path, or its abstract name behind an `@`.
    case unix(String)

    /// The address of a socket that has connections; nil for any other.
    init?(of socket: borrowing Descriptor) {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket.rawValue, SOL_SOCKET, SO_TYPE, &type, &size) == 0, type != SOCK_DGRAM.rawValue else {
            return nil
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let number = socket.rawValue
        let bytes = withUnsafeMutablePointer(to: &storage) { pointer -> [UInt8]? in
            let result = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
            guard result == 0 else { return nil }
            return Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        guard let bytes else { return nil }
        self.init(family: Int32(storage.ss_family), bytes)
    }

    /// Reads a `sockaddr`: family, then port and address (ip(7), ipv6(7)), or a path (unix(7)).
    init?(family: Int32, _ bytes: [UInt8]) {
        switch family {
        case AF_INET where bytes.count >= 8:
            self = .internet(address: Self.hexadecimal(bytes[4..<8]), port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        case AF_INET6 where bytes.count >= 24:
            self = .internet(address: Self.hexadecimal(bytes[8..<24]), port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        case AF_UNIX where bytes.count > 2:
            let name = bytes.dropFirst(2)
            if name.first == 0 {
                // Zeros in an abstract name are shown as "@" as well.
                self = .unix(String(decoding: name.map { $0 == 0 ? UInt8(ascii: "@") : $0 }, as: UTF8.self))
            } else {
                self = .unix(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            }
        default: return nil
        }
    }

    /// Words of 32 bits in the machine's byte order; nil if all are zero, which is every address.
    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
            let word = Array(bytes[start..<start + 4]).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
            let digits = String(word, radix: 16, uppercase: true)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }
}

/// Looks in the kernel's tables for connections to some addresses.
struct ConnectionSearch: Sendable {
    let addresses: [BoundAddress]
    /// How far back a connection counts that was closed meanwhile.
    let recently: Duration

    /// Whether there is one, or was one recently as far as that shows. What can't be read is no reason to stop anything.
    func run() -> Bool {
        func text(_ table: String) -> String? { try? Descriptor.open("/proc/thread-self/net/\(table)").readText() }
        let hasInternet = addresses.contains { if case .internet = $0 { true } else { false } }
        let hasUnix = addresses.contains { if case .unix = $0 { true } else { false } }
        if hasInternet {
            guard let table = text("tcp") else { return true }
            // Without IPv6 there is no second table.
            if contains(tcp: table) || contains(tcp: text("tcp6") ?? "") { return true }
        }
        if hasUnix {
            guard let table = text("unix") else { return true }
            return contains(unix: table)
        }
        return false
    }

    /// Whether `/proc/net/tcp` or `tcp6` tells of a connection (proc_pid_net(5)).
    func contains(tcp text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "\n")).dropFirst().contains { line in
            // 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 UID TIMEOUT INODE …
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
            guard fields.count > 9 else { return false }
            let (local, remote) = (Substring(fields[1]), Substring(fields[2]))
            let isOurs = isBound(local)
            switch Substring(fields[3]) {
            case "0A": return false
            // TIME_WAIT lasts a minute; one that has just begun is that of a connection that was closed since. It is kept
            // by the side that closed first, which may be a client of this host.
            case "06": return (isOurs || isBound(remote)) && isRecent(Substring(fields[5]))
            // SYN_RECV: somebody is about to connect.
            case "03": return isOurs
            // What no process holds any more has no inode.
            default: return isOurs && Substring(fields[9]) != "0"
            }
        }
    }

    /// Whether `/proc/net/unix` tells of a connection: a connected socket has the path of the one that accepted it.
    func contains(unix text: String) -> Bool {
        let paths = Set(addresses.compactMap { if case .unix(let path) = $0 { path } else { nil } })
        return text.split(separator: "\n").dropFirst().contains { line in
            // 0000000000000000: REFERENCES PROTOCOL FLAGS TYPE STATE INODE [PATH]
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count > 7, paths.contains(String(fields[7])) else { return false }
            // SS_CONNECTED of <linux/net.h>.
            return fields[5] == "03"
        }
    }

    private func isBound(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...], radix: 16)
        else {
            return false
        }
        return addresses.contains { address in
            guard case .internet(let host, port) = address else { return false }
            return host == nil || text[..<colon] == host! || text[..<colon].hasSuffix(host!) && host!.utf8.count == 8
        }
    }

    /// Whether a timer such as `03:00001770` was set within the time of interest: it counts down from 60 s, in
    /// hundredths of a second.
    private func isRecent(_ timer: Substring) -> Bool {
        guard timer.hasPrefix("03:"), let left = Int(timer.dropFirst(3), radix: 16) else { return false }
        return left > 6000 - Int(recently / .milliseconds(10)) - 10
    }
}
