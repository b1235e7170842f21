import CLinux
import SystemPackage

/// Why a process can't have a directory as its working directory, as far as that can be seen from outside.
public enum DirectoryAccess {
    /// Looks at a directory and all above it.
    ///
    /// What only the kernel can tell is passed over: access control lists, security modules, and what this process may not
    /// look at itself.
    ///
    /// - Parameters:
    ///   - path: an absolute path.
    ///   - credentials: who is to enter it; nil for this process's own user.
    ///   - capabilities: what that process may do; nil for all that the user's may.
    /// - Returns: a sentence that names the first directory which is missing or can't be entered; nil if there is none.
    public static func problem(
        with path: String, for credentials: Credentials?, capabilities: CapabilitySet?
    ) -> String? {
        var status = stat()
        if stat(path, &status) != 0 { return absence(of: path, Errno(rawValue: cadre_errno())) }
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let user = credentials?.user ?? geteuid()
        let groups = Set((credentials?.groups ?? []) + [credentials?.group ?? getegid()])
        if passesAll(user, capabilities) { return nil }
        for directory in ancestors(of: String(cString: resolved)) {
            guard stat(directory, &status) == 0, !hasAccessControlList(directory) else { continue }
            if status.st_mode & UInt32(S_IFMT) != UInt32(S_IFDIR) { return "\(directory) is no directory" }
            let shift: UInt32 = status.st_uid == user ? 6 : groups.contains(status.st_gid) ? 3 : 0
            if status.st_mode >> shift & 1 == 1 { continue }
            let mode = String(status.st_mode & 0o7777, radix: 8)
            let name = credentials?.name ?? (user == 0 ? "root" : "user \(user)")
            let capability = user == 0 ? ", nor CAP_DAC_OVERRIDE, which root has by capabilities only" : ""
            return
                "\(directory) can't be entered by \(name): its mode is \(mode) and it belongs to user \(status.st_uid), "
                + "group \(status.st_gid); give that user or group its x permission\(capability)"
        }
        return nil
    }

    /// The first one that isn't there.
    private static func absence(of path: String, _ errno: Errno) -> String? {
        guard errno == .noSuchFileOrDirectory || errno == .notDirectory else { return nil }
        var status = stat()
        for directory in ancestors(of: path) {
            if stat(directory, &status) != 0 { return "\(directory) doesn't exist; create it" }
            if status.st_mode & UInt32(S_IFMT) != UInt32(S_IFDIR) { return "\(directory) is no directory" }
        }
        return nil
    }

    /// Whether permissions are nothing to it.
    private static func passesAll(_ user: UInt32, _ capabilities: CapabilitySet?) -> Bool {
        guard let capabilities else { return user == 0 }
        return ["CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"].compactMap(CapabilitySet.init(name:))
            .contains { $0.subtracting(capabilities).isEmpty }
    }

    /// `/`, `/srv`, `/srv/web` of `/srv/web`.
    private static func ancestors(of path: String) -> [String] {
        var result = ["/"]
        var current = ""
        for component in path.split(separator: "/") {
            current += "/\(component)"
            result.append(current)
        }
        return result
    }

    private static func hasAccessControlList(_ path: String) -> Bool {
        getxattr(path, "system.posix_acl_access", nil, 0) >= 0
    }
}
