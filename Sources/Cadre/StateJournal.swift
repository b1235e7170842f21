import CLinux
import FoundationEssentials
import Reactor
import SystemPackage

/// What a supervisor leaves to the one that follows it when it dies: a file of records, each of which replaces an earlier
/// one of the same key.
///
/// Records are only ever appended, a line each: a checksum, the key, the value in JSON. What is written together ends
/// with a mark, and counts as a whole or not at all: a supervisor may be killed while it writes. When the file has grown
/// enough it is written anew.
///
/// Not extended attributes of the cgroups: the kernel takes 128 of them a cgroup with 128 KiB in all (fs/kernfs), which
/// isn't room for a thousand workers, and a worker that waits for its restart has no cgroup at all. The file belongs to
/// one delegated root: an attribute of that holds the file's ID, so a file that is older than the root is not taken
/// for true.
final class StateJournal {
    /// The first record.
    struct Header: Codable, Equatable {
        /// Which records there are, and what they mean.
        static let currentVersion = 1

        var version = Header.currentVersion
        /// A number at random, which the root has as an attribute.
        var id: UInt64
        /// The absolute path of the delegated root.
        var root: String
    }

    static let headerKey = "header"
    /// The key of the mark behind what was written together.
    private static let endKey = "end"
    /// How much is appended before the file is written anew, beyond its own size.
    private static let leastGrowth = 1 << 20

    private let path: String
    private let header: Header
    private let encoder = JSONEncoder()
    private var file: Descriptor?
    private var buffer: [UInt8] = []
    private var size = 0
    private var sizeWhenNew = 0

    /// A journal whose file is made by the first ``rewrite(_:)``.
    init(path: String, header: Header) {
        self.path = path
        self.header = header
    }

    /// Whether the file is to be written anew: it is missing, or has grown.
    var wantsRewriting: Bool { file == nil || size > 2 * sizeWhenNew + Self.leastGrowth }

    // MARK: Writing

    /// Notes a record, in place of an earlier one of that key.
    func set(_ key: String, _ value: some Encodable) {
        // What is encoded here has no floating-point infinities, the one thing that JSON can't tell.
        guard let json = try? encoder.encode(value) else { return }
        add(key, json)
    }

    /// Notes one more record of a key of which there are several.
    func append(_ key: String, _ value: some Encodable) { set("+\(key)", value) }

    /// Notes that there is nothing of that key any more.
    func remove(_ key: String) { add(key, Data()) }

    private func add(_ key: String, _ json: Data) {
        var line = Array("\(key) ".utf8)
        line.append(contentsOf: json)
        buffer += Array("\(Self.checksum(of: line[...])) ".utf8)
        buffer += line
        buffer.append(UInt8(ascii: "\n"))
    }

    /// Writes what was noted.
    ///
    /// - Throws: what write(2) has to say; then the file is of no use before it is written anew.
    func flush() throws(SystemCallError) {
        guard file != nil else { return buffer.removeAll(keepingCapacity: true) }
        try write()
    }

    /// Writes a file with all there is, in the place of the one before.
    ///
    /// - Parameter all: notes all records.
    func rewrite(_ all: () -> Void) throws(SystemCallError) {
        buffer.removeAll(keepingCapacity: true)
        file = nil
        size = 0
        let temporary = "\(path).new"
        // What there is room for only in part is of no use, and takes the room of others.
        defer { if file == nil { unlink(temporary) } }
        let new = try Descriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW)
        set(Self.headerKey, header)
        all()
        file = consume new
        try write()
        do throws(SystemCallError) {
            try systemCall("rename", path) { rename(temporary, path) }
        } catch {
            file = nil
            throw error
        }
        sizeWhenNew = size
    }

    private func write() throws(SystemCallError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        guard let number = file?.rawValue, !buffer.isEmpty else { return }
        add(Self.endKey, Data())
        var written = 0
        do throws(SystemCallError) {
            while written < buffer.count {
                let done = written
                written += try systemCall("write", path) {
                    buffer.withUnsafeBytes { CLinux.write(number, $0.baseAddress! + done, $0.count - done) }
                }
            }
        } catch {
            file = nil
            throw error
        }
        size += written
    }

    /// Removes the file: nothing is left to be followed up.
    func removeFile() {
        file = nil
        unlink(path)
        // A supervisor before may have been killed before the new one was in its place.
        unlink("\(path).new")
    }

    static func checksum(of bytes: ArraySlice<UInt8>) -> String {
        // FNV-1a, 32 bits.
        var hash: UInt32 = 0x811C_9DC5
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    // MARK: Reading

    /// The records of a file: for each key the last one, or all that were appended.
    struct Records {
        let header: Header
        /// How many lines are not as they were written, and were left out: but for the last one, which a death in the
        /// middle of it explains.
        fileprivate(set) var damagedLines = 0
        private var values: [String: [ArraySlice<UInt8>]] = [:]

        fileprivate init(header: Header) {
            self.header = header
        }

        fileprivate mutating func note(_ key: String, _ value: ArraySlice<UInt8>) {
            if key.hasPrefix("+") {
                values[String(key.dropFirst()), default: []].append(value)
            } else {
                values[key] = value.isEmpty ? nil : [value]
            }
        }

        /// The keys that begin with `prefix`, without it; sorted.
        func keys(behind prefix: String) -> [String] {
            values.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
        }

        /// The record of a key; nil if there is none.
        ///
        /// - Throws: an error if it is one of another version of Cadre.
        func value<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value? {
            try values[key]?.last.map { try JSONDecoder().decode(Value.self, from: Data($0)) }
        }

        /// All records of a key.
        func all<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> [Value] {
            try values[key, default: []].map { try JSONDecoder().decode(Value.self, from: Data($0)) }
        }
    }

    /// Reads a file but for lines that are damaged; nil if there is none, or none that begins as it should.
    ///
    /// - Throws: an error that says so if it is one of a later version.
    static func read(_ path: String) throws -> Records? {
        guard let file = try? Descriptor.open(path, flags: O_NOFOLLOW) else { return nil }
        return try parse(try file.readBytes(path), path)
    }

    /// The same for what a file contains.
    static func parse(_ text: [UInt8], _ path: String) throws -> Records? {
        var records: Records?
        // What the file began with is whole: it was put in its place when it was.
        var hasBegun = false
        var group: [(key: String, value: ArraySlice<UInt8>)] = []
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, Self.checksum(of: line[parts[1].startIndex...]).utf8.elementsEqual(parts[0]) else {
                // What comes behind it is as good as ever, and newer than what is before.
                if records == nil { return nil }
                records!.damagedLines += 1
                continue
            }
            let key = String(decoding: parts[1], as: UTF8.self)
            if records == nil {
                guard key == headerKey, let header = try? JSONDecoder().decode(Header.self, from: Data(parts[2])) else {
                    return nil
                }
                guard header.version == Header.currentVersion else { throw StateError.version(path, header.version) }
                records = Records(header: header)
            } else if key == endKey {
                for (key, value) in exchange(&group, with: []) { records!.note(key, value) }
                hasBegun = true
            } else if hasBegun {
                group.append((key, parts[2]))
            } else {
                records!.note(key, parts[2])
            }
        }
        return records
    }
}

/// A file of a supervisor that died, which can't be used.
enum StateError: Error, CustomStringConvertible {
    /// It is of another version.
    case version(String, Int)
    /// A record can't be understood.
    case record(String, any Error)

    var description: String {
        switch self {
        case .version(let path, let version):
            "\(path) has the version \(version), and this version of cadre reads \(StateJournal.Header.currentVersion); "
                + "go on with the cadre that wrote it, or stop that one before this one is started"
        case .record(let path, let error):
            "\(path) can't be understood by this version of cadre (\(error)); go on with the cadre that wrote it, or "
                + "stop that one before this one is started"
        }
    }
}
