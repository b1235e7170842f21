import CLinux
import SystemPackage

/// A directory as a list of names.
public enum Directory {
    /// The names of what is in the directory at `path`, in no order, but for `.` and `..`.
    ///
    /// - Throws: what opendir(3) and readdir(3) have to say; never a part of the names.
    public static func names(at path: String) throws(SystemCallError) -> [String] {
        guard let directory = opendir(path) else {
            throw SystemCallError(call: "opendir", object: path, errno: Errno(rawValue: cadre_errno()))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = cadre_readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        // It isn't the end if there is an error.
        let code = cadre_errno()
        if code != 0 { throw SystemCallError(call: "readdir", object: path, code: code) }
        return names
    }
}
