import CLinux
import Reactor
import SystemPackage

/// `/proc/<pid>` of one process, held open: when that process is gone everything in here is too, even if another one
/// gets its number (proc(5)).
struct ProcessDirectory: ~Copyable {
    let pid: Int32
    private let directory: Descriptor

    private init(pid: Int32, directory: consuming Descriptor) {
        self.pid = pid
        self.directory = directory
    }

    /// The directory of a process of a cgroup.
    ///
    /// - Parameter group: The end of the cgroup's path: `web/0@17`.
    /// - Returns: nil if there is no such process, or if it isn't in that cgroup.
    static func open(_ pid: Int32, in group: String) -> ProcessDirectory? {
        guard let directory = try? Descriptor.open("/proc/\(pid)", flags: O_DIRECTORY) else { return nil }
        let process = ProcessDirectory(pid: pid, directory: directory)
        let lines = (try? process.text("cgroup"))?.split(separator: "\n") ?? []
        let isMember = lines.contains { line in
            line.hasPrefix("0::") && (line.hasSuffix("/\(group)") || line.contains("/\(group)/"))
        }
        guard isMember else { return nil }
        return process
    }

    /// The text of a file, or its beginning.
    func text(_ file: String, atMost limit: Int = 64 << 10) throws(SystemCallError) -> String {
        let opened = try Descriptor.open(file, at: directory.rawValue)
        return String(decoding: try opened.beginning(limit), as: UTF8.self)
    }

    /// What a symbolic link leads to.
    func link(_ file: String) throws(SystemCallError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try systemCall("readlink", "/proc/\(pid)/\(file)") {
            readlinkat(directory.rawValue, file, &buffer, buffer.count)
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The numbers that are names in a directory, in order.
    func numbers(in name: String) throws(SystemCallError) -> [Int32] {
        try Directory.names(at: directory.procPath(name)).compactMap { Int32($0) }.sorted()
    }

    /// The strings in a file in which each ends with a zero byte; the last one is left out if it is cut.
    func strings(in file: String, atMost limit: Int) throws(SystemCallError) -> [String] {
        let opened = try Descriptor.open(file, at: directory.rawValue)
        return Self.strings(in: try opened.beginning(limit))
    }

    static func strings(in bytes: [UInt8]) -> [String] {
        guard let end = bytes.lastIndex(of: 0) else { return [] }
        return bytes[..<end].split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Descriptor {
    /// The first bytes of a file, at most `limit` of them.
    func beginning(_ limit: Int) throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 64 << 10))
        while bytes.count < limit {
            let descriptor = rawValue
            let count = try systemCall("read") {
                CLinux.read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
            }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// `/proc/<pid>/status` (proc_pid_status(5)).
struct ProcessStatus {
    private var fields: [Substring: Substring] = [:]

    init(parsing text: String) {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
    }

    /// The words of a field.
    func words(_ name: Substring) -> [Substring] {
        fields[name]?.split(whereSeparator: { $0 == " " || $0 == "\t" }) ?? []
    }

    var name: String { words("Name").joined(separator: " ") }
    /// Such as `S (sleeping)`.
    var state: String { words("State").joined(separator: " ") }
    var parent: Int32 { words("PPid").first.flatMap { Int32($0) } ?? 0 }
    var threads: Int { words("Threads").first.flatMap { Int($0) } ?? 0 }
    /// Nothing for a zombie, which has none.
    var residentBytes: UInt64 { (words("VmRSS").first.flatMap { UInt64($0) } ?? 0) * 1024 }
    /// Real, effective, saved, and for file systems.
    var user: UInt32? { words("Uid").dropFirst().first.flatMap { UInt32($0) } }
    var group: UInt32? { words("Gid").dropFirst().first.flatMap { UInt32($0) } }
    var groups: [UInt32] { words("Groups").compactMap { UInt32($0) } }
}

extension LeaderInspection.ResourceLimit {
    /// The limits in the text of `/proc/<pid>/limits`, whose columns have fixed places.
    static func parse(_ text: String) -> [Self] {
        let lines = text.split(separator: "\n")
        guard let head = lines.first, let soft = head.offset(of: "Soft Limit"),
            let hard = head.offset(of: "Hard Limit"),
            let unit = head.offset(of: "Units"), soft < hard, hard < unit
        else { return [] }
        return lines.dropFirst().map { line in
            let unitText = line.column(unit, .max)
            return Self(
                name: line.column(0, soft), soft: line.column(soft, hard), hard: line.column(hard, unit),
                unit: unitText.isEmpty ? nil : unitText)
        }
    }
}

extension Substring {
    /// Where `text` begins.
    fileprivate func offset(of text: String) -> Int? {
        var rest = self
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return distance(from: startIndex, to: rest.startIndex) }
            rest.removeFirst()
        }
        return nil
    }

    /// What stands from one place to before another, without the spaces round it.
    fileprivate func column(_ from: Int, _ to: Int) -> String {
        dropFirst(from).prefix(to == .max ? count : to - from).split(separator: " ").joined(separator: " ")
    }
}
