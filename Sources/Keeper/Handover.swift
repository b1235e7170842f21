import CLinux
import Reactor
import SystemPackage

/// How one keeper gives all that it keeps to another, through a connected socket of type SOCK_SEQPACKET.
///
/// Each message has a descriptor and its name: first both ends of the socket between keeper and supervisor, with all that
/// is on its way in them, and then what is stored. An empty name without a descriptor is the end of them, which the other
/// one confirms; only then has it got anything. When the first keeper has ended, which is when the socket hangs up, the
/// other one may begin.
enum Handover {
    /// How long each of them waits for the other.
    private static let patience = timeval(tv_sec: 10, tv_usec: 0)
    private static let endName: StaticString = "."
    private static let confirmation: StaticString = "TAKEN=1"
    private static let ourName: StaticString = "ours"
    private static let theirName: StaticString = "theirs"

    /// Gives copies of everything.
    ///
    /// - Throws: if the other one didn't confirm that it has all of it.
    static func give(
        _ store: borrowing DescriptorStore, ours: borrowing Descriptor, theirs: borrowing Descriptor,
        to socket: borrowing Descriptor
    ) throws(SystemCallError) {
        try setPatience(of: socket)
        try send(bytes(of: ourName), ours.rawValue, to: socket)
        try send(bytes(of: theirName), theirs.rawValue, to: socket)
        for index in 0..<store.count { try send(store.name(index), store[index], to: socket) }
        try send(bytes(of: endName), -1, to: socket)
        var descriptor: Int32 = -1
        try withUnsafeTemporaryAllocation(byteCount: DescriptorStore.longestName, alignment: 1) {
            (buffer) throws(SystemCallError) in
            let count = try receive(into: buffer, &descriptor, from: socket)
            guard buffer[..<count].elementsEqual(bytes(of: confirmation)) else { throw incomplete }
        }
    }

    /// Takes what is given, and waits for the end of who gave it.
    ///
    /// - Returns: the ends of the socket between that keeper and its supervisor, which are the caller's to close.
    /// - Throws: if something is missing; then the other one goes on.
    static func take(
        from socket: borrowing Descriptor, into store: inout DescriptorStore
    ) throws(SystemCallError) -> (ours: Int32, theirs: Int32) {
        try setPatience(of: socket)
        var ends: [Int32] = []
        try withUnsafeTemporaryAllocation(byteCount: DescriptorStore.longestName, alignment: 1) {
            (buffer) throws(SystemCallError) in
            while true {
                var descriptor: Int32 = -1
                let count = try receive(into: buffer, &descriptor, from: socket)
                if descriptor == -1 {
                    guard buffer[..<count].elementsEqual(bytes(of: endName)) else { throw incomplete }
                    break
                } else if ends.count < 2 {
                    ends.append(descriptor)
                } else {
                    store.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), descriptor)
                }
            }
            guard ends.count == 2 else { throw incomplete }
            try send(bytes(of: confirmation), -1, to: socket)
            // From here on it is ours, whatever happens to the other one; its supervisor may take a moment to die.
            var request = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            try systemCall("poll") { poll(&request, 1, -1) }
        }
        return (ends[0], ends[1])
    }

    private static let incomplete = SystemCallError(
        call: "recvmsg", object: "the other keeper", errno: .connectionReset)

    private static func bytes(of text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private static func setPatience(of socket: borrowing Descriptor) throws(SystemCallError) {
        var time = patience
        let size = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            try systemCall("setsockopt") { setsockopt(socket.rawValue, SOL_SOCKET, option, &time, size) }
        }
    }

    private static func send(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, to socket: borrowing Descriptor
    ) throws(SystemCallError) {
        let number = socket.rawValue
        try systemCall("sendmsg", "the other keeper") {
            cadre_send(number, bytes.baseAddress!, bytes.count, descriptor, 0)
        }
    }

    private static func receive(
        into buffer: UnsafeMutableRawBufferPointer, _ descriptor: inout Int32, from socket: borrowing Descriptor
    ) throws(SystemCallError) -> Int {
        let number = socket.rawValue
        let count = try withUnsafeMutablePointer(to: &descriptor) { descriptor throws(SystemCallError) in
            try systemCall("recvmsg", "the other keeper") {
                cadre_receive(number, buffer.baseAddress!, buffer.count, descriptor, 0)
            }
        }
        guard count > 0 else { throw incomplete }
        return count
    }
}
