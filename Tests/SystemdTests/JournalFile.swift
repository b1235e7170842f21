import Glibc
import Testing

/// The program that makes journal files of text.
let journalRemote = "/lib/systemd/systemd-journal-remote"

/// An entry in the journal's export format.
struct ExportedEntry {
    /// Seconds since 1970.
    let time: Int
    let fields: [(name: String, value: [UInt8])]

    init(time: Int, _ fields: (name: String, value: String)...) {
        self.time = time
        self.fields = fields.map { ($0.name, Array($0.value.utf8)) }
    }

    init(time: Int, fields: [(name: String, value: [UInt8])]) {
        self.time = time
        self.fields = fields
    }

    var bytes: [UInt8] {
        var bytes = Array("__REALTIME_TIMESTAMP=\(time * 1_000_000)\n__MONOTONIC_TIMESTAMP=\(time)\n".utf8)
        bytes += "_BOOT_ID=0123456789abcdef0123456789abcdef\n".utf8
        for field in fields {
            // The form for values of any bytes.
            bytes += "\(field.name)\n".utf8
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: field.value.count >> ($0 * 8)) }
            bytes += field.value
            bytes += "\n".utf8
        }
        return bytes + "\n".utf8
    }
}

/// Makes a journal file of these entries.
func writeJournal(_ path: String, _ entries: [ExportedEntry]) throws {
    let pipe = try #require(popen("\(journalRemote) --output=\(path) - >/dev/null 2>&1", "we"))
    for entry in entries {
        let bytes = entry.bytes
        #expect(fwrite(bytes, 1, bytes.count, pipe) == bytes.count)
    }
    #expect(pclose(pipe) == 0)
}
