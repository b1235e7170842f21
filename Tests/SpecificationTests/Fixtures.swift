import CLinux
import Reactor
import Specification
import Testing

/// What is wrong with a document called `cadre.toml`, one problem a line; empty if nothing is.
func complaints(_ text: String) -> [String] {
    complaints([("cadre.toml", text)])
}

/// What is wrong with documents, one problem a line; empty if nothing is.
func complaints(_ sources: [(name: String, text: String)]) -> [String] {
    do throws(SpecificationError) {
        _ = try Specification.parse(sources)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// What is wrong with `lines` in the table of a service that is right otherwise. The first of the lines is number 3.
func complaints(inService lines: String) -> [String] {
    complaints("[service.web]\ncommand = [\"app\"]\n\(lines)\n")
}

/// The only service of a document.
func service(_ text: String) throws -> ServiceSpecification {
    let services = try Specification.parse([("cadre.toml", text)]).services
    try #require(services.count == 1)
    return services[0]
}

/// The service `web` with `lines` in its table.
func service(withLines lines: String) throws -> ServiceSpecification {
    try service("[service.web]\ncommand = [\"app\"]\n\(lines)\n")
}

/// Calls `body` with a new directory, which is removed afterwards with the files and directories made by ``Directory``.
func withTemporaryDirectory(_ body: (inout Directory) throws -> Void) throws {
    var directory = try Directory()
    defer { directory.remove() }
    try body(&directory)
}

/// A directory for one test.
struct Directory {
    let path: String
    private var made: [String] = []

    fileprivate init() throws {
        var template = Array("/tmp/cadre-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }

    /// Writes a file and returns its path.
    @discardableResult
    mutating func write(_ name: String, _ text: String) throws -> String {
        try write(name, bytes: Array(text.utf8))
    }

    /// Writes a file and returns its path.
    @discardableResult
    mutating func write(_ name: String, bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = try Descriptor.open(file, flags: O_WRONLY | O_CREAT | O_EXCL).release()
        defer { close(descriptor) }
        made.append(file)
        let written = bytes.withUnsafeBytes { CLinux.write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count)
        return file
    }

    /// Makes a directory and returns its path.
    @discardableResult
    mutating func makeDirectory(_ name: String) throws -> String {
        let directory = "\(path)/\(name)"
        try #require(mkdir(directory, 0o700) == 0)
        made.append(directory)
        return directory
    }

    fileprivate func remove() {
        for file in made.reversed() where unlink(file) != 0 { rmdir(file) }
        rmdir(path)
    }
}
