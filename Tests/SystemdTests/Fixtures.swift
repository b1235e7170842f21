import CLinux
import Glibc
import Reactor
import Testing

/// Whether this is a virtual machine that is there for the tests, with a systemd and a journald to talk to.
let isTestMachine = getenv("CADRE_TEST_MACHINE") != nil

/// A new directory, removed with the files in it at the end.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/cadre-test-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(directory)
        }
        rmdir(path)
    }
    try body(path)
}
