import CLinux
public import Reactor
import SystemPackage

/// Where the processes of one incarnation send what they have to say: the receiving side of sd_notify(3).
///
/// Each incarnation has a socket of its own. With one for all, a message would have to be attributed by its sender's
/// process ID, which tells nothing once that process has exited, as `systemd-notify READY=1` in a script has.
public struct NotificationSocket: ~Copyable, Sendable {
    /// The socket, non-blocking; to be watched for reading.
    public let descriptor: Descriptor
    /// Its path, the value of `NOTIFY_SOCKET`.
    public let path: String
    /// Whether nobody goes on with the path if this one is let go.
    private var isOwn: Bool

    /// The longest message there is, as for systemd (`NOTIFY_BUFFER_MAX`).
    public static let longestMessage = 4096

    /// Makes a socket at `path` which only `owner` (a user ID; nil for our own) and root can send to.
    ///
    /// What a killed supervisor left at that path is removed.
    ///
    /// - Throws: ENAMETOOLONG for a path over 107 bytes; what bind(2) and chown(2) have to say.
    public init(path: String, owner: UInt32? = nil) throws(SystemCallError) {
        descriptor = try Self.makeSocket(at: path, owner: owner)
        self.path = path
        isOwn = true
    }

    /// Takes over a socket that was made by a supervisor that died.
    ///
    /// Its path stays when it is let go, until ``removePath()``: a supervisor that gives up leaves it to the next one, as
    /// the keeper still has the socket, and a worker could never be heard again without its path.
    ///
    /// - Throws: ENOTSOCK and the like if it isn't one with a path.
    public init(_ descriptor: consuming Descriptor) throws(SystemCallError) {
        path = try Self.path(of: descriptor.rawValue)
        self.descriptor = descriptor
        isOwn = false
    }

    /// The path that a unix socket is bound to.
    public static func path(of descriptor: Int32) throws(SystemCallError) -> String {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        try systemCall("getsockname") {
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
            }
        }
        return withUnsafeBytes(of: &address.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func makeSocket(at path: String, owner: UInt32?) throws(SystemCallError) -> Descriptor {
        guard var address = UnixAddress(path: path) else {
            throw SystemCallError(call: "bind", object: path, errno: .fileNameTooLong)
        }
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let socket = Descriptor(owning: try systemCall("socket", path) { CLinux.socket(AF_UNIX, Int32(type), 0) })
        // bind(2) makes the file with the permissions that the socket has by then, so it never had wider ones.
        try systemCall("fchmod", path) { fchmod(socket.rawValue, 0o600) }
        do {
            try systemCall("bind", path) { address.bind(socket) }
        } catch {
            guard error.errno == .addressInUse else { throw error }
            unlink(path)
            try systemCall("bind", path) { address.bind(socket) }
        }
        guard let owner, owner != geteuid() else { return socket }
        do {
            try systemCall("chown", path) { chown(path, owner, gid_t.max) }
        } catch {
            unlink(path)
            throw error
        }
        return socket
    }

    deinit {
        if isOwn { unlink(path) }
    }

    /// Takes away its path, when nobody is going to send to it any more.
    public mutating func removePath() {
        unlink(path)
        isOwn = false
    }

    /// The next message that has come, or nil if there is none.
    ///
    /// Descriptors that came with it are closed by the kernel, as no room is given for them. For `BARRIER=1` that is
    /// just what the sender waits for.
    ///
    /// - Parameter peeking: whether it stays the next one until ``consume()``.
    public borrowing func receive(peeking: Bool = false) -> [Notification]? {
        let socket = descriptor.rawValue
        let flags = Int32(MSG_TRUNC) | (peeking ? Int32(MSG_PEEK) : 0)
        return withUnsafeTemporaryAllocation(byteCount: Self.longestMessage, alignment: 1) { buffer in
            while true {
                let count = recv(socket, buffer.baseAddress, buffer.count, flags)
                if count >= 0 {
                    // One that is too long was cut, perhaps in the middle of a line.
                    return count <= buffer.count ? Notification.parse(buffer[..<count]) : [.tooLong]
                }
                if cadre_errno() != EINTR { return nil }
            }
        }
    }

    /// The next message that has come, with the descriptors that it brought, or nil if there is none.
    ///
    /// `keep` is called for each message that brought any, with its notifications and the descriptors' numbers, which are
    /// close-on-exec and then its own; with none if some of them were lost (EMFILE) or the message was too long.
    ///
    /// - Parameters:
    ///   - peeking: whether it stays the next one until ``consume()``; its descriptors are copies then.
    ///   - keep: takes the descriptors.
    public borrowing func receive(
        peeking: Bool = false, _ keep: (_ notifications: [Notification], _ descriptors: [Int32]) -> Void
    ) -> [Notification]? {
        let socket = descriptor.rawValue
        return withUnsafeTemporaryAllocation(byteCount: Self.longestMessage, alignment: 1) { buffer in
            // SCM_MAX_FD of the kernel, the most that one message can have.
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 253) { numbers in
                while true {
                    var count = Int32(numbers.count)
                    let length = cadre_receive_all(
                        socket, buffer.baseAddress, buffer.count, numbers.baseAddress, &count,
                        peeking ? Int32(MSG_PEEK) : 0)
                    if length >= 0 {
                        var descriptors = Array(numbers.prefix(Int(max(0, count))))
                        guard length <= buffer.count else {
                            for descriptor in descriptors { close(descriptor) }
                            return [.tooLong]
                        }
                        let notifications = Notification.parse(buffer[..<length])
                        if count == -1 { descriptors = [] }
                        if count != 0 { keep(notifications, descriptors) }
                        return notifications
                    }
                    if cadre_errno() != EINTR { return nil }
                }
            }
        }
    }

    /// Takes away the message that was received by a peek.
    public borrowing func consume() { recv(descriptor.rawValue, nil, 0, Int32(MSG_DONTWAIT)) }
}
