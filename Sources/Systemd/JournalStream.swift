import CLinux
public import Reactor
import SystemPackage

/// A stream into the journal: what is written to it becomes entries, line by line, without our help.
///
/// This is what sd_journal_stream_fd(3) does, but for one thing: that function waits for as long as it takes in
/// connect(2), and with a journald that hangs the supervisor would hang too.
public enum JournalStream {
    /// The levels of syslog(3) that a stream's lines can have by themselves; `<N>` before a line changes that line's.
    public enum Priority: Int, Sendable {
        /// Worth a look.
        case warning = 4
        /// Nothing special.
        case info = 6
    }

    /// Where journald listens for streams.
    public static let path = "/run/systemd/journal/stdout"

    /// Opens a stream, blocking as a program expects its standard output to be.
    ///
    /// - Parameters:
    ///   - identifier: what stands as `SYSLOG_IDENTIFIER`.
    ///   - priority: that of lines which don't begin with one of their own.
    ///   - path: where journald listens.
    /// - Throws: ENOENT or ECONNREFUSED where there's no journald; EAGAIN if it doesn't keep up.
    public static func open(
        identifier: String, priority: Priority, path: String = path
    ) throws(SystemCallError) -> Descriptor {
        guard var address = UnixAddress(path: path) else {
            throw SystemCallError(call: "connect", object: path, errno: .fileNameTooLong)
        }
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let stream = Descriptor(owning: try systemCall("socket", path) { socket(AF_UNIX, Int32(type), 0) })
        try systemCall("connect", path) { address.connect(stream) }
        // As libsystemd does: room for bursts (8 MiB, cut to net.core.wmem_max), and nothing to be read.
        var size: Int32 = 8 << 20
        setsockopt(stream.rawValue, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        try systemCall("shutdown", path) { shutdown(stream.rawValue, Int32(SHUT_RD)) }
        // Identifier, unit, priority, whether `<N>` counts, and whether to forward to syslog, kmsg, the console. The
        // unit is left to journald, which knows it by our cgroup. A fresh socket has room for it.
        try stream.write("\(identifier)\n\n\(priority.rawValue)\n1\n0\n0\n0\n", path)
        try systemCall("fcntl", path) { cadre_fcntl(stream.rawValue, F_SETFL, 0) }
        return stream
    }
}
