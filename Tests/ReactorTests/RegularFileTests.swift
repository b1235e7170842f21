import CLinux
import SystemPackage
import Testing

@testable import Reactor

@Suite("A file") struct RegularFileTests {
    private let path = "/tmp/cadre-test-\(getpid())-file-\(UInt64.random(in: 0 ... .max))"

    @Test("is read whole, up to the limit") func whole() throws {
        try Descriptor.open(path, flags: O_CREAT | O_WRONLY).write("0123456789")
        defer { unlink(path) }
        #expect(try RegularFile.read(path, atMost: 10) == Array("0123456789".utf8))
        #expect(throws: RegularFileError.tooLarge(limit: 9)) { try RegularFile.read(path, atMost: 9) }
    }

    @Test("that is none is refused at once: a pipe without a writer, a device without an end, a directory")
    func special() throws {
        try systemCall("mkfifo") { mkfifo(path, 0o600) }
        defer { unlink(path) }
        for other in [path, "/dev/zero", "/tmp"] {
            #expect(throws: RegularFileError.notRegular) { try RegularFile.read(other, atMost: 1 << 20) }
        }
    }

    @Test("that isn't there is a failed call on its path") func missing() {
        #expect(
            throws: RegularFileError.system(
                SystemCallError(call: "open", object: path, errno: .noSuchFileOrDirectory))
        ) { try RegularFile.read(path, atMost: 1) }
    }
}
