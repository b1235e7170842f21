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

    /// Field 22 of the text of `/proc/<pid>/stat`; nil if the text isn't one.
    ///
    /// The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    static func startTime(inStat text: String) -> UInt64? {
        guard let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}
