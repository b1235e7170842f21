import CLinux
import CSystemd

/// A connection to a message bus (sd-bus(3)), and the duty to close it.
struct Bus: ~Copyable {
    let handle: OpaquePointer

    /// Connects to the system's bus, or to that of the user who runs this process. Throws what sd_bus_open(3) gives.
    init(system: Bool) throws(BusFailure) {
        var handle: OpaquePointer?
        try busCall { system ? sd_bus_open_system(&handle) : sd_bus_open_user(&handle) }
        guard let handle else { throw BusFailure(code: -ENOTCONN) }
        self.handle = handle
    }

    deinit {
        sd_bus_flush_close_unref(handle)
    }

    /// Has signals of a kind delivered to ``nextMessage(until:)``.
    borrowing func subscribe(
        sender: String, path: String, interface: String, member: String
    ) throws(BusFailure) {
        try busCall { sd_bus_match_signal(handle, nil, sender, path, interface, member, nil, nil) }
    }

    /// A method call without arguments, to be sent when it has them.
    borrowing func methodCall(
        destination: String, path: String, interface: String, member: String
    ) throws(BusFailure) -> BusMessage {
        var message: OpaquePointer?
        try busCall { sd_bus_message_new_method_call(handle, &message, destination, path, interface, member) }
        guard let message else { throw BusFailure(code: -ENOMEM) }
        return BusMessage(owning: message)
    }

    /// Sends a method call and waits for the answer; ETIMEDOUT if there is none by `deadline`.
    borrowing func send(
        _ call: borrowing BusMessage, until deadline: ContinuousClock.Instant
    ) throws(BusFailure) -> BusMessage {
        var reply: OpaquePointer?
        var error = sd_bus_error()
        defer { sd_bus_error_free(&error) }
        let code = sd_bus_call(handle, call.handle, Self.microseconds(until: deadline), &error, &reply)
        guard code >= 0, let reply else {
            throw BusFailure(
                code: code, name: error.name.map { String(cString: $0) },
                message: error.message.map { String(cString: $0) })
        }
        return BusMessage(owning: reply)
    }

    /// The time that is left, and at least 1, as 0 stands for sd-bus's own limit.
    private static func microseconds(until deadline: ContinuousClock.Instant) -> UInt64 {
        UInt64(max(1, ContinuousClock.now.duration(to: deadline) / .microseconds(1)))
    }

    /// The next message that has come, or nil if it takes longer than until `deadline`.
    borrowing func nextMessage(until deadline: ContinuousClock.Instant) throws(BusFailure) -> BusMessage? {
        while true {
            var message: OpaquePointer?
            let didWork = try busCall { sd_bus_process(handle, &message) } > 0
            if let message { return BusMessage(owning: message) }
            if didWork { continue }
            if ContinuousClock.now >= deadline { return nil }
            let code = sd_bus_wait(handle, Self.microseconds(until: deadline))
            if code < 0, code != -EINTR { throw BusFailure(code: code) }
        }
    }
}

/// A message of a bus, and the duty to release it.
struct BusMessage: ~Copyable {
    let handle: OpaquePointer

    init(owning handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        sd_bus_message_unref(handle)
    }

    borrowing func append(_ text: String) throws(BusFailure) {
        try busCall { sd_bus_message_append_basic(handle, BusType.string.code, text) }
    }

    borrowing func append(_ bool: Bool) throws(BusFailure) {
        var value: Int32 = bool ? 1 : 0
        try busCall { sd_bus_message_append_basic(handle, BusType.boolean.code, &value) }
    }

    borrowing func append(_ number: UInt32) throws(BusFailure) {
        var value = number
        try busCall { sd_bus_message_append_basic(handle, BusType.uint32.code, &value) }
    }

    borrowing func append(_ numbers: [UInt32]) throws(BusFailure) {
        let size = numbers.count * MemoryLayout<UInt32>.size
        try busCall { sd_bus_message_append_array(handle, BusType.uint32.code, numbers, size) }
    }

    /// Begins a container, such as an array of `contents`.
    borrowing func open(_ type: BusType, of contents: String) throws(BusFailure) {
        try busCall { sd_bus_message_open_container(handle, type.code, contents) }
    }

    /// Ends the innermost container.
    borrowing func close() throws(BusFailure) {
        try busCall { sd_bus_message_close_container(handle) }
    }

    /// Begins a property whose value, of type `contents`, is appended next.
    borrowing func openProperty(_ name: String, of contents: String) throws(BusFailure) {
        try open(.structure, of: "sv")
        try append(name)
        try open(.variant, of: contents)
    }

    /// Ends a property: its variant and its structure.
    borrowing func closeProperty() throws(BusFailure) {
        try close()
        try close()
    }

    /// Whether this is a signal of that name.
    borrowing func isSignal(interface: String, member: String) -> Bool {
        sd_bus_message_is_signal(handle, interface, member) > 0
    }

    /// Passes over values of these types.
    borrowing func skip(_ types: String) throws(BusFailure) {
        try busCall { sd_bus_message_skip(handle, types) }
    }

    /// Reads the next string or object path.
    borrowing func readText(_ type: BusType) throws(BusFailure) -> String {
        var text: UnsafePointer<CChar>?
        try busCall { sd_bus_message_read_basic(handle, type.code, &text) }
        return text.map { String(cString: $0) } ?? ""
    }
}

/// The types of D-Bus values that are used here, by their signature.
enum BusType: Character {
    case array = "a"
    case boolean = "b"
    case objectPath = "o"
    case string = "s"
    case structure = "r"
    case uint32 = "u"
    case variant = "v"

    var code: CChar { CChar(bitPattern: rawValue.asciiValue ?? 0) }
}

/// What went wrong on a bus: an error number, and where the other side answered with an error, that.
struct BusFailure: Error {
    let code: Int32
    var name: String?
    var message: String?
}

@discardableResult
private func busCall(_ body: () -> Int32) throws(BusFailure) -> Int32 {
    let code = body()
    if code < 0 { throw BusFailure(code: code) }
    return code
}
