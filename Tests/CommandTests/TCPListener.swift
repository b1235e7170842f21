import CLinux
import Glibc
import Reactor
import Testing

/// A TCP socket that listens on a port of the kernel's choice.
final class TCPListener {
    let port: UInt16
    private var number: Int32 = -1
    private var descriptor: Descriptor?

    init(backlog: Int32 = 1) throws {
        let opened = Descriptor(
            owning: try systemCall("socket") {
                socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try systemCall("bind") { bind(opened.rawValue, pointer, size) }
                try systemCall("listen") { listen(opened.rawValue, backlog) }
                try systemCall("getsockname") { getsockname(opened.rawValue, pointer, &size) }
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        number = opened.rawValue
        descriptor = consume opened
    }

    /// Waits for a connection.
    func accept() throws -> Descriptor {
        let listener = number
        try #require(try isReadable(listener, until: .now + Machine.patience), "nobody connects")
        return Descriptor(owning: try systemCall("accept4") { cadre_accept(listener, Int32(SOCK_CLOEXEC.rawValue)) })
    }

    func close() { descriptor = nil }
}

/// A connection to a TCP port of this host.
func connect(to port: UInt16) throws -> Descriptor {
    let connection = Descriptor(
        owning: try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            _ = try systemCall("connect", "port \(port)") {
                connect(connection.rawValue, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
    return connection
}
