import Reactor

/// The sockets of a network namespace by their inode numbers, with which `/proc/<pid>/fd` names them.
struct SocketTable {
    /// How much of each table is read. With very many connections some stay numbers.
    private static let mostBytes = 1 << 20

    private(set) var sockets: [UInt64: String] = [:]

    init() {}

    /// The sockets of the namespace that a process is in.
    init(of process: borrowing ProcessDirectory) {
        for kind in ["tcp", "tcp6", "udp", "udp6"] {
            if let text = try? process.text("net/\(kind)", atMost: Self.mostBytes) { add(kind, text) }
        }
        if let text = try? process.text("net/unix", atMost: Self.mostBytes) { addUnix(text) }
    }

    /// Takes what is in `/proc/net/tcp` and the like (proc_pid_net(5)).
    mutating func add(_ kind: String, _ text: String) {
        for line in text.split(separator: "\n").dropFirst() {
            // 0: 0100007F:1F90 00000000:0000 0A … UID TIMEOUT INODE
            let fields = line.split(separator: " ")
            guard fields.count > 9, let inode = UInt64(fields[9]), let local = Self.address(fields[1]),
                let remote = Self.address(fields[2])
            else { continue }
            let isConnected = !remote.hasSuffix(":0")
            let state = isConnected ? " -> \(remote)" : kind.hasPrefix("tcp") && fields[3] == "0A" ? " listening" : ""
            sockets[inode] = "\(kind.prefix(3)) \(local)\(state)"
        }
    }

    /// Takes what is in `/proc/net/unix`.
    mutating func addUnix(_ text: String) {
        for line in text.split(separator: "\n").dropFirst() {
            // 0000000000000000: REFERENCES PROTOCOL FLAGS TYPE STATE INODE [PATH]
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count > 6, let inode = UInt64(fields[6]) else { continue }
            let path = fields.count > 7 ? " \(fields[7])" : " without a name"
            // SO_ACCEPTCON of <linux/net.h>.
            let isListening = UInt32(fields[3], radix: 16).map { $0 & 0x1_0000 != 0 } ?? false
            sockets[inode] = "unix\(path)\(isListening ? " listening" : "")"
        }
    }

    /// The socket behind a target such as `socket:[4711]`.
    subscript(target: String) -> String? {
        guard target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()) else { return nil }
        return sockets[inode]
    }

    /// `0100007F:1F90` as `127.0.0.1:8080`: words of 32 bits in the machine's byte order, and the port.
    private static func address(_ text: Substring) -> String? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        var bytes: [UInt8] = []
        var digits = parts[0]
        while !digits.isEmpty {
            guard let word = UInt32(digits.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += $0 }
            digits = digits.dropFirst(8)
        }
        switch bytes.count {
        case 4: return "\(dotted(bytes[...])):\(port)"
        case 16: return "[\(ipv6(bytes))]:\(port)"
        default: return nil
        }
    }

    private static func dotted(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { "\($0)" }.joined(separator: ".")
    }

    /// As RFC 5952 wants it: the longest run of zeros as `::`.
    private static func ipv6(_ bytes: [UInt8]) -> String {
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            return "::ffff:\(dotted(bytes[12...]))"
        }
        let groups = (0..<8).map { UInt16(bytes[$0 * 2]) << 8 | UInt16(bytes[$0 * 2 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return text(groups[...]) }
        return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
    }
}
