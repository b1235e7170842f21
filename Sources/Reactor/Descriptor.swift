import CLinux
import SystemPackage

/// An open file descriptor and the duty to close it: borrow it to use it, consume it to close it or to hand it on.
///
/// Whatever creates a descriptor creates it close-on-exec.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, for system calls made while the descriptor is borrowed.
    public let rawValue: Int32

    /// Takes over `rawValue`, which nobody else may close from now on.
    public init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // On Linux the descriptor is gone even if close(2) fails, so there's nothing to retry.
        close(rawValue)
    }

    /// Gives up the descriptor without closing it.
    public consuming func release() -> Int32 {
        let rawValue = self.rawValue
        discard self
        return rawValue
    }

    /// A second descriptor for the same open file, close-on-exec as well.
    public borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        let original = rawValue
        return Descriptor(owning: try systemCall("fcntl F_DUPFD_CLOEXEC") { cadre_fcntl(original, F_DUPFD_CLOEXEC, 0) })
    }

    /// Makes this descriptor's number stand for what `other` stands for; what it stood for before is closed.
    public borrowing func replace(with other: borrowing Descriptor) throws(SystemCallError) {
        let (number, source) = (rawValue, other.rawValue)
        while true {
            do {
                try systemCall("dup3") { cadre_dup(source, number) }
                return
            } catch {
                // Another thread is about to get that very number, as the kernel sees it for a moment (dup(2)).
                if error.errno != .resourceBusy { throw error }
            }
        }
    }

    /// The path under which the kernel shows this descriptor to this process, for calls that take no descriptor.
    public borrowing func procPath(_ relative: String = "") -> String {
        "/proc/self/fd/\(rawValue)\(relative.isEmpty ? "" : "/\(relative)")"
    }
}

extension Descriptor {
    /// Opens `path`, relative to the directory descriptor if one is given (openat(2)); always close-on-exec.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - directory: the number of a directory's descriptor; nil for the working directory.
    ///   - flags: `O_WRONLY`, `O_DIRECTORY` and so on; 0 is `O_RDONLY`.
    ///   - mode: the permissions of a file that is created.
    public static func open(
        _ path: String, at directory: Int32? = nil, flags: Int32 = 0, mode: UInt32 = 0o600
    ) throws(SystemCallError) -> Descriptor {
        Descriptor(
            owning: try systemCall("open", path) {
                cadre_openat(directory ?? AT_FDCWD, path, flags | O_CLOEXEC, mode)
            })
    }

    /// Reads up to the buffer's size; zero bytes at the end of the file.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        let descriptor = rawValue
        return try systemCall("read") { CLinux.read(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Reads the rest of the file as text; kernel interface files come whole this way.
    public borrowing func readText(_ object: @autoclosure () -> String = "") throws(SystemCallError) -> String {
        String(decoding: try readBytes(object()), as: UTF8.self)
    }

    /// Reads the rest of the file.
    public borrowing func readBytes(_ object: @autoclosure () -> String = "") throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        let descriptor = rawValue
        try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { chunk throws(SystemCallError) in
            while true {
                let count = try systemCall("read", object()) { CLinux.read(descriptor, chunk.baseAddress, chunk.count) }
                if count == 0 { return }
                bytes.append(contentsOf: chunk[..<count])
            }
        }
        return bytes
    }

    /// Writes `text` in one write(2), as the kernel's interface files want it.
    public borrowing func write(_ text: String, _ object: @autoclosure () -> String = "") throws(SystemCallError) {
        let descriptor = rawValue
        let count = try systemCall("write", object()) { CLinux.write(descriptor, text, text.utf8.count) }
        if count != text.utf8.count {
            throw SystemCallError(call: "write", object: object(), errno: .noSpace)
        }
    }

    /// Writes bytes in one go, as ``write(_:_:)`` does a text.
    public borrowing func write(_ bytes: [UInt8], _ object: @autoclosure () -> String = "") throws(SystemCallError) {
        let descriptor = rawValue
        let count = try systemCall("write", object()) { CLinux.write(descriptor, bytes, bytes.count) }
        if count != bytes.count { throw SystemCallError(call: "write", object: object(), errno: .noSpace) }
    }
}
