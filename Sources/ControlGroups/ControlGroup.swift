import CLinux
public import Reactor
import SystemPackage

/// A cgroup of version 2, held by an open descriptor of its directory.
///
/// Everything is reached relative to the descriptor, so whatever happens to paths, it is always this cgroup.
/// See the kernel's Documentation/admin-guide/cgroup-v2.rst.
public struct ControlGroup: ~Copyable, Sendable {
    /// The directory, as `CLONE_INTO_CGROUP` wants it too.
    public let directory: Descriptor
    /// The absolute path by which it was reached, for messages.
    public let path: String

    init(directory: consuming Descriptor, path: String) {
        self.directory = directory
        self.path = path
    }

    /// Opens the cgroup at an absolute path.
    public static func open(_ path: String) throws(SystemCallError) -> ControlGroup {
        ControlGroup(directory: try Descriptor.open(path, flags: O_DIRECTORY), path: path)
    }

    /// The kernel's number of this cgroup, the directory's inode; it is not used again while the system runs.
    public func identifier() throws(SystemCallError) -> UInt64 {
        var status = stat()
        try systemCall("fstat", path) { fstat(directory.rawValue, &status) }
        return UInt64(status.st_ino)
    }

    /// Takes the lock by which one supervisor keeps others away, and holds it until this value is gone (flock(2)).
    ///
    /// - Throws: `.locked` if somebody else holds it.
    public func lock() throws(ControlGroupError) {
        do {
            try systemCall("flock", path) { flock(directory.rawValue, LOCK_EX | LOCK_NB) }
        } catch {
            throw error.errno == .wouldBlock ? .locked(path: path) : .system(error)
        }
    }
}

// MARK: - Interface files

extension ControlGroup {
    /// Opens one of the cgroup's interface files; `flags` as for `Descriptor.open`.
    public func open(_ file: String, flags: Int32 = 0) throws(SystemCallError) -> Descriptor {
        Descriptor(
            owning: try systemCall("open", "\(path)/\(file)") {
                cadre_openat(directory.rawValue, file, flags | O_CLOEXEC, 0)
            })
    }

    /// The whole text of an interface file.
    public func read(_ file: String) throws(SystemCallError) -> String {
        try open(file).readText("\(path)/\(file)")
    }

    /// Writes an interface file.
    public func write(_ file: String, _ text: String) throws(SystemCallError) {
        try open(file, flags: O_WRONLY).write(text, "\(path)/\(file)")
    }

    /// Lets `body` see the bytes of an interface file; the common sizes cost no allocation that outlives the call.
    ///
    /// - Parameter isList: whether the kernel makes the file of many records, as `cgroup.procs`, which it hands out page
    ///   by page: then only an empty read is the end. Any other file comes whole if there is room.
    func withBytes<Result>(
        of file: String, isList: Bool = false, _ body: (Span<UInt8>) -> Result
    ) throws(SystemCallError) -> Result {
        let descriptor = try open(file)
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { chunk throws(SystemCallError) in
            var filled = 0
            while filled < chunk.count {
                let room = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(chunk)[filled...])
                let count = try systemCall("read", "\(path)/\(file)") {
                    CLinux.read(descriptor.rawValue, room.baseAddress, room.count)
                }
                filled += count
                if count == 0 || (!isList && filled < chunk.count) {
                    return body(UnsafeBufferPointer(rebasing: chunk[..<filled]).span)
                }
            }
            let bytes = Array(chunk) + Array(try descriptor.readText("\(path)/\(file)").utf8)
            return body(bytes.span)
        }
    }

    /// The same for a file that needs not be there, as its controller is missing or the kernel is older: nil then.
    ///
    /// Pressure files that are switched off (`psi=0`, `cgroup.pressure`) answer EOPNOTSUPP.
    func withBytes<Result>(
        ofOptional file: String, _ body: (Span<UInt8>) -> Result
    ) throws(SystemCallError) -> Result? {
        do {
            return try withBytes(of: file, body)
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notSupported { return nil }
            throw error
        }
    }
}

// MARK: - Controllers

extension ControlGroup {
    /// The controllers that this cgroup has and may give to its children.
    public func controllers() throws(SystemCallError) -> Set<Controller> {
        Controller.parse(try read("cgroup.controllers"))
    }

    /// The controllers that this cgroup gives to its children.
    public func enabledControllers() throws(SystemCallError) -> Set<Controller> {
        Controller.parse(try read("cgroup.subtree_control"))
    }

    /// Gives controllers to the children, one by one so that one which fails does not keep the others away.
    ///
    /// - Returns: what could not be enabled, and why; EBUSY if processes live in this very cgroup.
    public func enable(_ controllers: Set<Controller>) -> [Controller: SystemCallError] {
        change(controllers, sign: "+")
    }

    /// Takes controllers from the children; EBUSY for one that a child still gives to its own.
    public func disable(_ controllers: Set<Controller>) -> [Controller: SystemCallError] {
        change(controllers, sign: "-")
    }

    private func change(_ controllers: Set<Controller>, sign: String) -> [Controller: SystemCallError] {
        var failures: [Controller: SystemCallError] = [:]
        for controller in Controller.allCases where controllers.contains(controller) {
            do {
                try write("cgroup.subtree_control", sign + controller.rawValue)
            } catch {
                failures[controller] = error
            }
        }
        return failures
    }
}
