import CLinux

/// The address of a unix socket (unix(7)).
public struct UnixAddress: Sendable {
    private var address = sockaddr_un()
    private let size: socklen_t

    /// The address at a path in the file system or, after a leading `@`, in the abstract namespace; nil if it is longer
    /// than the 107 bytes that the kernel has room for.
    public init?(path: String) {
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // The bytes of an abstract name count one by one; a path ends with a zero, which counts too.
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        size = socklen_t(start + bytes.count + (isAbstract ? 0 : 1))
    }

    /// bind(2): 0, or -1 with errno set.
    public mutating func bind(_ socket: borrowing Descriptor) -> Int32 {
        withSocketAddress { CLinux.bind(socket.rawValue, $0, $1) }
    }

    /// connect(2): 0, or -1 with errno set.
    public mutating func connect(_ socket: borrowing Descriptor) -> Int32 {
        withSocketAddress { CLinux.connect(socket.rawValue, $0, $1) }
    }

    private mutating func withSocketAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}
