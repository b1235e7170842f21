import Glibc
import Testing

@testable import CadreCommand

@Suite("The runtime directory") struct RuntimeDirectoryTests {
    @Test("shows the socket of each cadre run whose process lives") func runs() throws {
        let directory = "/tmp/cadre-test-\(getpid())-runs-\(UInt64.random(in: 0 ... .max))"
        // Process 1 lives; no process has a number beyond the kernel's limit of 4194304.
        let names = ["run-1", "run-4194305", "run-x", "notify", "run--1", "run-0"]
        mkdir(directory, 0o700)
        for name in names { mkdir("\(directory)/\(name)", 0o700) }
        defer {
            for name in names { rmdir("\(directory)/\(name)") }
            rmdir(directory)
        }
        #expect(RuntimeDirectory.runSockets(in: directory) == ["\(directory)/run-1/control.sock"])
        #expect(RuntimeDirectory.runSockets(in: "\(directory)/none") == [])
    }
}
