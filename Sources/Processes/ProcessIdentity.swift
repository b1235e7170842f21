import CLinux
public import Reactor
import SystemPackage

/// Which process an ID means: with the time of its start it is unique until the machine starts anew.
public struct ProcessIdentity: Hashable, Sendable, Codable {
    /// The process ID.
    public let pid: Int32
    /// When it started, in clock ticks since the machine started (`/proc/<pid>/stat`, field 22; proc_pid_stat(5)).
    public let startTime: UInt64

    /// An identity that was recorded.
    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The identity of the process that has this ID now. Throws `ENOENT` or `ESRCH` if there is none.
    public init(of pid: Int32) throws(SystemCallError) {
        let path = "/proc/\(pid)/stat"
        let text = try Descriptor.open(path).readText(path)
        guard let startTime = Self.startTime(inStat: text) else {
            throw SystemCallError(call: "read", object: path, errno: .badMessage)
        }
        self.init(pid: pid, startTime: startTime)
    }

    /// When the process of the text of `/proc/<pid>/stat` started; nil if the text isn't one.
    static func startTime(inStat text: String) -> UInt64? {
        statField(22, of: text).flatMap { UInt64($0) }
    }

    /// A field, from the third on, of the text of `/proc/<pid>/stat` (proc_pid_stat(5)); nil if it hasn't so many.
    ///
    /// The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    package static func statField(_ number: Int, of text: String) -> Substring? {
        guard let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: nameEnd)...].split(whereSeparator: \.isWhitespace)
        return number - 3 < fields.count ? fields[number - 3] : nil
    }
}
