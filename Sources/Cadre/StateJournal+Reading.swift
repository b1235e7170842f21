import CLinux
import FoundationEssentials
import Reactor

/// Reading what a supervisor left.
extension StateJournal {
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
            try values[key]?.last.map { try Forgiving<Value>.decode($0) }
        }

        /// All records of a key.
        func all<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> [Value] {
            try values[key, default: []].map { try Forgiving<Value>.decode($0) }
        }
    }

    /// Reads a file but for lines that are damaged; nil if there is none, or none that begins as it should.
    ///
    /// - Throws: an error that says so if it is one of a later version.
    static func read(_ path: String) throws -> Records? {
        let opened = try unlessExhausted { () throws(SystemCallError) in
            try Descriptor.open(path, flags: O_NOFOLLOW)
        }
        guard let file = opened else { return nil }
        return try parse(try file.readBytes(path), path)
    }

    /// The same for what a file contains.
    static func parse(_ text: [UInt8], _ path: String) throws -> Records? {
        var records: Records?
        // What the file began with is whole: it was put in its place when it was.
        var hasBegun = false
        var group: [(key: String, value: ArraySlice<UInt8>)] = []
        // Zeros are room in reserve.
        let written = text[..<(text.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)]
        for line in written.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
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
