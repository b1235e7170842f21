import CLinux

/// A file as people write them: one that ends, and not far out.
public enum RegularFile {
    /// Reads all of a file; never waits, and never reads much more than `limit` bytes.
    ///
    /// - Throws: `.notRegular` for a directory, a pipe (which would be waited for) or a device (which may have no end).
    public static func read(_ path: String, atMost limit: Int) throws(RegularFileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        let descriptor = try system { () throws(SystemCallError) in
            try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        }
        var status = stat()
        _ = try system { () throws(SystemCallError) in
            try systemCall("fstat", path) { fstat(descriptor.rawValue, &status) }
        }
        guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { throw .notRegular }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = try system { () throws(SystemCallError) in
                try systemCall("read", path) { CLinux.read(descriptor.rawValue, &chunk, chunk.count) }
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw .tooLarge(limit: limit)
    }

    private static func system<Result: ~Copyable>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(RegularFileError) -> Result {
        do {
            return try body()
        } catch {
            throw .system(error)
        }
    }
}

/// A file that can't be read as a whole.
public enum RegularFileError: Error, Hashable, Sendable {
    /// A system call failed.
    case system(SystemCallError)
    /// It is a directory, a pipe, a socket or a device.
    case notRegular
    /// It has more bytes than that.
    case tooLarge(limit: Int)
}
