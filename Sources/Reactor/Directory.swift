import CLinux
import SystemPackage

/// A directory as a list of names.
public enum Directory {
    /// The names of what is in the directory at `path`, in no order, but for `.` and `..`.
    public static func names(at path: String) throws(SystemCallError) -> [String] {
        guard let directory = opendir(path) else {
            throw SystemCallError(call: "opendir", object: path, errno: Errno(rawValue: cadre_errno()))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
