import CLinux
import Probes
import Reactor
import Synchronization
import Testing

/// A server that treats each connection as a test tells it to, on a thread of its own.
final class TestServer: Sendable {
    let address: ProbeAddress
    private let listener: Int32
    private let count = Atomic(0)

    /// How many connections there were.
    var connections: Int { count.load(ordering: .relaxed) }

    /// A server on a TCP port of 127.0.0.1, or on a unix socket at `path`.
    init(path: String? = nil, _ serve: @escaping @Sendable (Int32) -> Void) throws {
        let family = path == nil ? AF_INET : AF_UNIX
        listener = try systemCall("socket") { socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        if let path {
            var name = try #require(UnixAddress(path: path))
            let bound = Descriptor(owning: listener)
            let result = name.bind(bound)
            _ = bound.release()
            try #require(result == 0)
            address = .unix(path: path)
        } else {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let socket = listener
            try withUnsafeMutablePointer(to: &name) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    try systemCall("bind") { bind(socket, pointer, size) }
                    try systemCall("getsockname") { getsockname(socket, pointer, &size) }
                }
            }
            address = .internet(host: "127.0.0.1", port: UInt16(bigEndian: name.sin_port))
        }
        let listening = listener
        try systemCall("listen") { CLinux.listen(listening, 64) }
        try startThread(name: "test-server") { [weak self] in
            while true {
                let connection = cadre_accept(listening, Int32(SOCK_CLOEXEC.rawValue))
                guard connection >= 0 else {
                    _ = close(listening)
                    return
                }
                self?.count.add(1, ordering: .relaxed)
                serve(connection)
                close(connection)
            }
        }
    }

    deinit {
        // Wakes the thread, which closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

/// Reads what is there of a request.
func readRequest(_ connection: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(connection, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
}

func send(_ text: String, to connection: Int32) {
    _ = CLinux.send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
}

/// Waits until the other side hangs up.
func waitForHangUp(_ connection: Int32) {
    var byte: UInt8 = 0
    while read(connection, &byte, 1) > 0 {}
}
