import CLinux

/// The address of a unix socket in the file system (unix(7)).
public struct UnixAddress: Sendable {
    private var address = sockaddr_un()

    /// The address at a path; nil if it is longer than the 107 bytes that the kernel has room for.
    public init?(path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
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
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
