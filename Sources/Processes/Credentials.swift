import CLinux
public import Reactor
import SystemPackage

/// As whom a process runs.
public struct Credentials: Hashable, Sendable {
    /// The user ID.
    public var user: UInt32
    /// The group ID.
    public var group: UInt32
    /// The supplementary group IDs.
    public var groups: [UInt32]
    /// The account's name, for `USER` and `LOGNAME`; nil for a user ID without an account.
    public var name: String?
    /// The account's home directory, for `HOME`; nil for a user ID without an account.
    public var home: String?
    /// The account's shell, for `SHELL`; nil for a user ID without an account.
    public var shell: String?

    /// Credentials by number alone.
    public init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// Looks up an account and its groups. It asks the system's name services, which may take their time.
    ///
    /// - Parameters:
    ///   - user: a name or a user ID.
    ///   - group: a name or a group ID; nil for the account's own.
    ///   - supplementary: names or group IDs, beside those that the account is in.
    public init(user: String, group: String? = nil, supplementary: [String] = []) throws(CredentialsError) {
        let account = try Account.find(user)
        let groupID: UInt32? =
            if let group { try Self.groupID(group) } else { account?.group }
        guard let userID = account?.user ?? UInt32(user) else { throw .noUser(user) }
        guard let groupID else { throw .groupNeeded(userID) }
        self.init(user: userID, group: groupID, groups: [groupID])
        if let account {
            groups = Self.groups(of: account, with: groupID)
            name = account.name
            home = account.home
            shell = account.shell
        }
        for name in supplementary {
            let further = try Self.groupID(name)
            if !groups.contains(further) { groups.append(further) }
        }
    }

    /// Throws if the supervisor may not start processes as these.
    public func requirePrivileges() throws(CredentialsError) {
        if areCurrent { return }
        for capability in [Capability.setUserID, .setGroupID] where !capability.isEffective {
            throw .missing(capability, user: name ?? "\(user)")
        }
    }

    /// Whether this process runs as these already.
    var areCurrent: Bool {
        guard user == geteuid(), user == getuid(), group == getegid(), group == getgid() else { return false }
        let count = getgroups(0, nil)
        guard count >= 0 else { return false }
        let current = [gid_t](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            filled = Int(max(0, getgroups(count, buffer.baseAddress)))
        }
        // Whether the group is listed among the supplementary ones as well makes no difference to what it permits.
        return Set(current).union([group]) == Set(groups).union([group])
    }

    /// The ID of a user by name or number; a number needs no account.
    package static func userID(_ user: String) throws(CredentialsError) -> UInt32 {
        if let number = UInt32(user) { return number }
        guard let account = try Account.find(user) else { throw .noUser(user) }
        return account.user
    }

    /// The ID of a group by name or number; a number needs no entry in the database.
    package static func groupID(_ group: String) throws(CredentialsError) -> UInt32 {
        if let number = UInt32(group) { return number }
        var entry = CLinux.group()
        let found = try lookUp(group) { buffer, size, isFound in
            var result: UnsafeMutablePointer<CLinux.group>?
            let code = getgrnam_r(group, &entry, buffer, size, &result)
            isFound = result != nil
            return code
        } reading: {
            entry.gr_gid
        }
        guard let found else { throw .noGroup(group) }
        return found
    }

    private static func groups(of account: Account, with group: UInt32) -> [UInt32] {
        var capacity: Int32 = 32
        while true {
            var count = capacity
            let groups = [gid_t](unsafeUninitializedCapacity: Int(capacity)) { buffer, filled in
                let result = getgrouplist(account.name, group, buffer.baseAddress!, &count)
                filled = result < 0 ? 0 : Int(count)
            }
            if count <= capacity { return groups }
            capacity = count
        }
    }
}

/// Credentials that can't be had. Its description says what to do.
public enum CredentialsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no account of this name.
    case noUser(String)
    /// There is no group of this name.
    case noGroup(String)
    /// A user ID without an account has no group of its own.
    case groupNeeded(UInt32)
    /// The supervisor lacks the privilege.
    case missing(Capability, user: String)
    /// The name services failed.
    case lookup(SystemCallError)

    /// A sentence such as `there is no user "x"`.
    public var description: String {
        switch self {
        case .noUser(let name): "there is no user \"\(name)\""
        case .noGroup(let name): "there is no group \"\(name)\""
        case .groupNeeded(let user): "there is no account with the user ID \(user), so its group has to be given"
        case .missing(let capability, let user):
            "to run processes as \(user) the supervisor needs \(capability.rawValue); \(capability.remedy)"
        case .lookup(let error): "\(error)"
        }
    }
}

/// An entry of the user database.
private struct Account {
    let user: UInt32
    let group: UInt32
    let name: String
    let home: String
    let shell: String

    /// The account by name or, if there is none of that name, by number.
    static func find(_ user: String) throws(CredentialsError) -> Account? {
        var entry = passwd()
        return try lookUp(user) { buffer, size, isFound in
            var result: UnsafeMutablePointer<passwd>?
            var code = getpwnam_r(user, &entry, buffer, size, &result)
            if result == nil, let number = UInt32(user) {
                code = getpwuid_r(number, &entry, buffer, size, &result)
            }
            isFound = result != nil
            return code
        } reading: {
            Account(
                user: entry.pw_uid, group: entry.pw_gid, name: String(cString: entry.pw_name),
                home: String(cString: entry.pw_dir), shell: String(cString: entry.pw_shell))
        }
    }
}

/// Calls a look-up with an ever larger buffer until it fits, and reads what it found while the buffer is there.
private func lookUp<Result>(
    _ name: String, by call: (UnsafeMutablePointer<CChar>, Int, inout Bool) -> Int32, reading read: () -> Result
) throws(CredentialsError) -> Result? {
    var size = 1024
    while true {
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        defer { buffer.deallocate() }
        var isFound = false
        let code = Errno(rawValue: call(buffer, size, &isFound))
        if isFound { return read() }
        switch code {
        case .outOfRange: size *= 2
        case .interrupted: continue
        // What getpwnam_r(3) lists for "not found", besides 0.
        case Errno(rawValue: 0), .noSuchFileOrDirectory, .noSuchProcess, .badFileDescriptor, .notPermitted: return nil
        default: throw .lookup(SystemCallError(call: "look up", object: "\"\(name)\"", errno: code))
        }
    }
}
