import CLinux
import Reactor
import SystemPackage
import Testing

@testable import Systemd

@Suite("A notification socket") struct NotificationSocketTests {
    private let path = temporaryPath("notify")

    @Test("hands out messages in their order, and says when there is none") func messages() throws {
        let socket = try NotificationSocket(path: path)
        let sender = try connect()
        #expect(socket.receive() == nil)
        try sender.write("STATUS=starting")
        try sender.write("READY=1\nSTATUS=up")
        #expect(socket.receive() == [.status("starting")])
        #expect(socket.receive() == [.ready, .status("up")])
        #expect(socket.receive() == nil)
    }

    @Test("has a file that only its owner can use, and that is gone with it") func file() throws {
        do {
            let socket = try NotificationSocket(path: path)
            var status = stat()
            #expect(stat(socket.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(cadre_fcntl(socket.descriptor.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
        }
        #expect(access(path, F_OK) == -1)
    }

    @Test("belongs to the worker's user", .enabled(if: geteuid() == 0, "needs root")) func owner() throws {
        let socket = try NotificationSocket(path: path, owner: 65534)
        var status = stat()
        #expect(stat(socket.path, &status) == 0)
        #expect(status.st_uid == 65534)
    }

    @Test("takes the place of one that was left behind") func leftover() throws {
        let abandoned = try connectable(to: path)
        _ = consume abandoned
        let socket = try NotificationSocket(path: path)
        try connect().write("READY=1")
        #expect(socket.receive() == [.ready])
    }

    @Test("keeps its path for who comes next, when it was taken over") func handedOn() throws {
        let socket = try NotificationSocket(path: path)
        // As by a supervisor that cannot go on, while the keeper has the socket all the time.
        _ = try NotificationSocket(try socket.descriptor.duplicate())
        try connect().write("READY=1")
        #expect(socket.receive() == [.ready])
        var next = try NotificationSocket(try socket.descriptor.duplicate())
        next.removePath()
        #expect(access(path, F_OK) == -1)
    }

    @Test("leaves its path to others once it has given it up") func givenUp() throws {
        var socket = try NotificationSocket(path: path)
        socket.removePath()
        let next = try NotificationSocket(path: path)
        _ = consume socket
        try connect().write("READY=1")
        #expect(next.receive() == [.ready])
    }

    @Test("lets no descriptor in, and by that answers a barrier") func descriptors() throws {
        let socket = try NotificationSocket(path: path)
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reader = Descriptor(owning: ends[0])
        try send("BARRIER=1", with: Descriptor(owning: ends[1]))
        #expect(socket.receive() == [])
        // The end of the pipe: the last writing end, which was under way in the message, is closed.
        #expect(try reader.readText() == "")
    }

    @Test("hands out descriptors to who wants them, close-on-exec, each with its message") func wanted() throws {
        let socket = try NotificationSocket(path: path)
        try send("FDSTORE=1\nFDNAME=a", with: try Descriptor.open("/dev/null"))
        try connect().write("READY=1")
        var kept: [Int32] = []
        var notified: [Notification] = []
        let message = socket.receive { (notified, kept) = ($0, $1) }
        #expect(message == [.storeDescriptors(name: "a", dropsHungUp: true)] && message == notified)
        let descriptor = Descriptor(owning: try #require(kept.first))
        #expect(kept.count == 1 && cadre_fcntl(descriptor.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
        #expect(socket.receive { _, _ in Issue.record("there are none") } == [.ready])
        #expect(socket.receive { _, _ in Issue.record("there is no message") } == nil)
    }

    @Test("leaves no descriptor open that came with a message that is too long") func tooLongWithDescriptors() throws {
        let socket = try NotificationSocket(path: path)
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reader = Descriptor(owning: ends[0])
        try send("FDSTORE=1\nSTATUS=\(String(repeating: "x", count: 5000))", with: Descriptor(owning: ends[1]))
        #expect(socket.receive { _, _ in Issue.record("they are not to be used") } == [.tooLong])
        #expect(try reader.readText() == "")
    }

    @Test("passes over a message that is too long") func tooLong() throws {
        let socket = try NotificationSocket(path: path)
        try connect().write("STATUS=\(String(repeating: "x", count: 5000))\nREADY=1")
        try connect().write("STOPPING=1")
        #expect(socket.receive() == [.tooLong])
        #expect(socket.receive() == [.stopping])
    }

    @Test("can't have a path of more than 107 bytes") func longPath() {
        let long = "/tmp/" + String(repeating: "n", count: 103)
        #expect(throws: SystemCallError(call: "bind", object: long, errno: .fileNameTooLong)) {
            _ = try NotificationSocket(path: long)
        }
    }

    // MARK: Senders

    private func connect() throws -> Descriptor {
        let sender = Descriptor(
            owning: try systemCall("socket") { CLinux.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) })
        var address = try #require(UnixAddress(path: path))
        try systemCall("connect", path) { address.connect(sender) }
        return sender
    }

    private func connectable(to path: String) throws -> Descriptor {
        let socket = Descriptor(
            owning: try systemCall("socket") { CLinux.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) })
        var address = try #require(UnixAddress(path: path))
        try systemCall("bind", path) { address.bind(socket) }
        return socket
    }

    /// Sends a message with a descriptor (`SCM_RIGHTS`), which is then closed here.
    private func send(_ text: String, with descriptor: consuming Descriptor) throws {
        let sender = try connect()
        var bytes = Array(text.utf8)
        // struct cmsghdr: length, level, type; then the descriptor.
        let length = MemoryLayout<cmsghdr>.size + MemoryLayout<Int32>.size
        var control = [UInt8](repeating: 0, count: 24)
        var header = cmsghdr()
        header.cmsg_len = length
        header.cmsg_level = SOL_SOCKET
        header.cmsg_type = Int32(SCM_RIGHTS)
        control.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: header, as: cmsghdr.self)
            buffer.storeBytes(of: descriptor.rawValue, toByteOffset: MemoryLayout<cmsghdr>.size, as: Int32.self)
        }
        let count = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(sender.rawValue, &message, 0)
                }
            }
        }
        try #require(count == bytes.count)
    }
}
