import CLinux
import Reactor
import Synchronization
import Systemd

/// Where the last lines that an incarnation printed can be found.
enum LogSource: Sendable {
    /// Nowhere.
    case none
    /// In the journal, from a time on (microseconds since 1970), beside those of a predecessor; those of the leader are
    /// of most interest.
    case journal(identifier: String, since: UInt64, pid: Int32? = nil)
    /// In a file, which others may share.
    case file(String)
    /// With the relay.
    case relay(LogRelay, LogTail)

    /// How many lines are of interest.
    static let most = 10

    /// The last lines, the oldest first; none if they can't be had. It may take a moment, not on the caller's thread.
    nonisolated(nonsending) func lastLines() async -> [String] {
        switch self {
        case .none: return []
        case .relay(let relay, let tail):
            await relay.catchUp(tail)
            return tail.lines
        case .file(let path): return await onThread { Self.lastLines(ofFile: path) }
        case .journal(let identifier, let since, let pid):
            return await onThread { (try? Self.lastLines(inJournal: identifier, since: since, by: pid)) ?? [] }
        }
    }

    /// The same, now that the leader is known.
    func of(leader pid: Int32) -> LogSource {
        if case .journal(let identifier, let since, _) = self {
            return .journal(identifier: identifier, since: since, pid: pid)
        }
        return self
    }

    private nonisolated(nonsending) func onThread(_ read: @escaping @Sendable () -> [String]) async -> [String] {
        await withCheckedContinuation { (continuation: CheckedContinuation<[String], Never>) in
            do {
                try startThread(name: "cadre-last-lines") { continuation.resume(returning: read()) }
            } catch {
                continuation.resume(returning: [])
            }
        }
    }

    private static func lastLines(ofFile path: String) -> [String] {
        // A pipe would be waited for.
        guard let descriptor = try? Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK) else { return [] }
        let length = 16 << 10
        let size = lseek(descriptor.rawValue, 0, SEEK_END)
        guard size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: length)
        let start = max(0, size - length)
        let count = pread(descriptor.rawValue, &bytes, length, start)
        guard count > 0 else { return [] }
        var lines = bytes[..<count].split(separator: UInt8(ascii: "\n"))
        // The first one may have begun earlier.
        if start > 0, !lines.isEmpty { lines.removeFirst() }
        return lines.suffix(most).map { LogTail.text($0) }
    }

    private static func lastLines(
        inJournal identifier: String, since: UInt64, by leader: Int32?
    ) throws(JournalError) -> [String] {
        var reader = try JournalReader()
        try reader.select(identifiers: [identifier])
        try reader.seekTail(lines: 1000)
        var (own, all): ([String], [String]) = ([], [])
        while let record = try reader.next() {
            guard record.realtimeMicroseconds >= since else { continue }
            let message = LogTail.text(Array(record.message.utf8.prefix(LogTail.longest + 1))[...])
            all.append(message)
            if record.pid == leader { own.append(message) }
        }
        return Array((own.isEmpty ? all : own).suffix(most))
    }
}

/// The last lines that went through the relay from one incarnation.
final class LogTail: Sendable {
    static let longest = 500
    private let kept = Mutex<[String]>([])

    /// The last lines, the oldest first.
    var lines: [String] { kept.withLock { $0 } }

    func add(_ line: ArraySlice<UInt8>) {
        let text = Self.text(line)
        kept.withLock { lines in
            if lines.count == LogSource.most { lines.removeFirst() }
            lines.append(text)
        }
    }

    static func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.prefix(longest), as: UTF8.self) + (line.count > longest ? "…" : "")
    }
}
