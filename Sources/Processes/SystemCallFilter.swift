import CLinux
import CSeccomp
import Reactor
public import SystemPackage

/// Which system calls a process may make, in systemd's words: see "SystemCallFilter=" in systemd.exec(5).
///
/// Each entry is the name of a call, or of a group after `@`. If the first begins with `~` the filter forbids what it
/// names, else it allows that and what every program needs (`@default`). Later entries add to it, or take away from it
/// where they begin with a `~` and the first doesn't, or the other way round.
public struct SystemCallFilter: Hashable, Sendable {
    /// The entries.
    public let entries: [String]
    /// The errno with which a forbidden call fails; nil if it kills the process (by SIGSYS).
    public let errorNumber: Int32?

    /// A filter of entries that have no problems.
    public init(_ entries: [String], errorNumber: Int32? = nil) {
        self.entries = entries
        self.errorNumber = errorNumber
    }

    /// Whether libseccomp is installed, without which there are no filters.
    public static var isAvailable: Bool { cadre_seccomp_is_available() }

    /// What is wrong with an entry, as a sentence; nil if nothing is, as far as can be known on this machine.
    public static func problem(in entry: String) -> String? {
        let name = withoutTilde(entry)
        if name.hasPrefix("@") {
            if SystemCallGroups.members[name] != nil { return nil }
            let known = SystemCallGroups.members.keys.sorted().joined(separator: ", ")
            return "\"\(name)\" is no group of system calls; known are \(known)"
        }
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F }
        if isName, !isAvailable || cadre_seccomp_resolve(name) != unknownCall { return nil }
        return "\"\(name)\" is no system call; write a name such as \"ptrace\", or a group such as \"@mount\""
    }

    /// What is wrong with entries that are right by themselves; nil if nothing is.
    public static func problem(in entries: [String]) -> String? {
        guard !entries.isEmpty else { return nil }
        let filter = SystemCallFilter(entries)
        return filter.isAllowed("execve") ? nil : "execve is what starts the program itself; leave it in"
    }

    /// The errno of a name such as `EPERM`; nil if there is none.
    public static func errorNumber(named name: String) -> Int32? {
        (1..<134).first { cadre_errno_name($0).map { String(cString: $0) } == name }
    }

    /// Whether it is a list of what is allowed; else of what is forbidden.
    var isAllowList: Bool { entries.first?.hasPrefix("~") != true }

    /// What it names, one by one.
    var names: Set<String> {
        var names: Set<String> = isAllowList ? Self.expand("@default") : []
        for entry in entries {
            let expanded = Self.expand(Self.withoutTilde(entry))
            if entry.hasPrefix("~") == isAllowList { names.subtract(expanded) } else { names.formUnion(expanded) }
        }
        return names
    }

    /// Whether a call is allowed.
    public func isAllowed(_ call: String) -> Bool { names.contains(call) == isAllowList }

    /// Whether it allows a call of a group, but for those that every program needs.
    public func allows(group: String) -> Bool {
        let calls = Self.expand(group).subtracting(Self.expand("@default"))
        return isAllowList ? !calls.isDisjoint(with: names) : !calls.isSubset(of: names)
    }

    /// The program for the kernel.
    public func compile() throws(SystemCallFilterError) -> SystemCallProgram {
        guard Self.isAvailable else { throw .noLibrary }
        // What this architecture doesn't have can't be called either.
        let calls = names.sorted().map { cadre_seccomp_resolve($0) }.filter { $0 >= 0 }
        let refusal = errorNumber ?? -1
        var program: UnsafeMutablePointer<UInt64>?
        let count = cadre_seccomp_compile(
            calls, calls.count, isAllowList ? 0 : refusal, isAllowList ? refusal : 0, &program)
        guard count >= 0, let program else { throw .failed(Errno(rawValue: cadre_errno())) }
        defer { free(program) }
        return SystemCallProgram(instructions: Array(UnsafeBufferPointer(start: program, count: count)))
    }

    /// What libseccomp returns for a name that no architecture knows (`__NR_SCMP_ERROR`).
    private static let unknownCall: Int32 = -1

    private static func withoutTilde(_ entry: String) -> String {
        entry.hasPrefix("~") ? String(entry.dropFirst()) : entry
    }

    private static func expand(_ name: String) -> Set<String> {
        guard let members = SystemCallGroups.members[name] else { return [name] }
        return members.reduce(into: []) { $0.formUnion(expand($1)) }
    }
}

/// Why there is no filter.
public enum SystemCallFilterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libseccomp isn't installed.
    case noLibrary
    /// It can't do it.
    case failed(Errno)

    /// A sentence that says what to do.
    public var description: String {
        switch self {
        case .noLibrary:
            "there is no libseccomp on this machine, which makes filters of system calls; install libseccomp2"
        case .failed(let errno): "libseccomp can't make the filter of system calls: \(errno.explanation)"
        }
    }
}
