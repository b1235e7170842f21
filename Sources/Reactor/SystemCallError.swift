import CLinux
public import SystemPackage

/// A system call that failed: which one, on what, and why.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name as in section 2 of the manual, for example `epoll_ctl`.
    public let call: String
    /// What it was done to: a path, an address, a process. Empty if there is nothing to name.
    public let object: String
    /// The reason the kernel gave.
    public let errno: Errno

    /// Records a failed call.
    public init(call: String, object: String = "", errno: Errno) {
        self.call = call
        self.object = object
        self.errno = errno
    }

    /// Records a call that returned an error number instead of setting errno.
    init(call: String, object: String = "", code: Int32) {
        self.init(call: call, object: object, errno: Errno(rawValue: code))
    }

    /// A sentence such as `open /srv/app: No such file or directory (ENOENT)`.
    public var description: String {
        "\(call)\(object.isEmpty ? "" : " \(object)"): \(errno.explanation)"
    }
}

extension Errno {
    /// The reason in words and by its symbolic name, as in `Permission denied (EACCES)`.
    public var explanation: String {
        if let name = cadre_errno_name(rawValue) {
            return "\(description) (\(String(cString: name)))"
        }
        return description
    }

    /// Whether the system, not the request, is at fault, so that the same call may succeed later:
    /// no descriptors, no memory, no processes or no room left.
    public var isExhaustion: Bool {
        [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .resourceTemporarilyUnavailable, .noSpace]
            .contains(self)
    }
}

/// Calls `body` until it isn't interrupted by a signal, and throws what it reports as errno on -1.
///
/// The one way in which the core makes a system call by its C wrapper: errno is read at once.
@discardableResult
public func systemCall<Result: SignedInteger & FixedWidthInteger>(
    _ call: StaticString, _ object: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = Errno(rawValue: cadre_errno())
        if code != .interrupted { throw SystemCallError(call: "\(call)", object: object(), errno: code) }
    }
}
