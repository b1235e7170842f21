import CLinux
public import Reactor
import SystemPackage

// What we write on a cgroup so that a later supervisor knows it: extended attributes, which live as long as the cgroup.
// The kernel allows 128 of them with 128 KiB in all (xattr(7), fs/kernfs).
extension ControlGroup {
    /// Sets the attribute `user.cadre.NAME`.
    public func setAttribute(_ name: String, _ value: String) throws(SystemCallError) {
        let attribute = "user.cadre.\(name)"
        try systemCall("fsetxattr", "\(path) \(attribute)") {
            fsetxattr(directory.rawValue, attribute, value, value.utf8.count, 0)
        }
    }

    /// The attribute `user.cadre.NAME`, nil if it isn't set.
    public func attribute(_ name: String) throws(SystemCallError) -> String? {
        try extendedAttribute("user.cadre.\(name)")
    }

    /// Removes the attribute `user.cadre.NAME`, if it is set.
    public func removeAttribute(_ name: String) throws(SystemCallError) {
        let attribute = "user.cadre.\(name)"
        do {
            try systemCall("fremovexattr", "\(path) \(attribute)") { fremovexattr(directory.rawValue, attribute) }
        } catch {
            if error.errno != .noData { throw error }
        }
    }

    /// An attribute by its full name, nil if it isn't set.
    func extendedAttribute(_ name: String) throws(SystemCallError) -> String? {
        do {
            let size = try systemCall("fgetxattr", "\(path) \(name)") { fgetxattr(directory.rawValue, name, nil, 0) }
            if size == 0 { return "" }
            return try withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer throws(SystemCallError) in
                let count = try systemCall("fgetxattr", "\(path) \(name)") {
                    fgetxattr(directory.rawValue, name, buffer.baseAddress, buffer.count)
                }
                return String(decoding: buffer[..<count], as: UTF8.self)
            }
        } catch {
            if error.errno == .noData { return nil }
            throw error
        }
    }

    /// Whether systemd marked this cgroup as delegated to whoever runs in it.
    ///
    /// It writes `trusted.delegate`, which only root sees, and from 250 on `user.delegate` too.
    public func isMarkedDelegated() throws(SystemCallError) -> Bool {
        if try extendedAttribute("user.delegate") == "1" { return true }
        return try extendedAttribute("trusted.delegate") == "1"
    }
}

extension ControlGroup {
    /// The attribute in which the first process of an incarnation writes its ID before it executes its program.
    public static let leaderAttribute = "user.cadre.leader"

    /// The first process of an incarnation; nil if none was executed, or it didn't write that down.
    public func leader() throws(SystemCallError) -> Int32? {
        try extendedAttribute(Self.leaderAttribute).flatMap { Int32($0) }
    }
}
