import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// What these tests need of the machine, and the programs they run.
enum Machine {
    /// Where the build puts programs: beside the tests.
    static let products: String = {
        let path = (try? readLink("/proc/self/exe")) ?? ""
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }()

    /// The root of the source tree.
    static let source: String = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// The command that is tested.
    static let cadre = "\(products)/cadre"
    /// The program that does what a test tells it to.
    static let worker = "\(products)/TestWorker"
    /// The supervisor that is surveyed without a pause.
    static let surveyor = "\(products)/Surveyor"

    /// The root of the cgroup v2 hierarchy as it is seen here; nil if this user cannot make cgroups below.
    static let cgroupRoot: String? = {
        let mounts = (try? Descriptor.open("/proc/self/mountinfo").readText()) ?? ""
        for mount in mounts.split(separator: "\n") where mount.contains(" - cgroup2 ") {
            let path = String(mount.split(separator: " ")[4])
            if access(path, W_OK) == 0 && access("\(path)/cgroup.procs", W_OK) == 0 { return path }
        }
        return nil
    }()

    /// What programs with a sanitizer in them are told by who runs the tests (Tests/sanitize).
    static let sanitizerOptions: [String: String] = {
        var options: [String: String] = [:]
        for name in ["ASAN_OPTIONS", "TSAN_OPTIONS", "SWIFT_BACKTRACE"] {
            options[name] = getenv(name).map { String(cString: $0) }
        }
        return options
    }()

    /// Whether what a program holds in memory says little about the program.
    static let isSanitized = sanitizerOptions["ASAN_OPTIONS"] != nil || sanitizerOptions["TSAN_OPTIONS"] != nil

    static let isRoot = geteuid() == 0

    /// Whether the cgroups of tests have this controller.
    static func hasController(_ name: String) -> Bool {
        let enabled = (try? Descriptor.open("\(cgroupRoot ?? "")/cgroup.subtree_control").readText()) ?? ""
        return enabled.split(whereSeparator: \.isWhitespace).contains(Substring(name))
    }

    /// Whether a child may have mounts of its own.
    static let canMount = isRoot && (try? run(["unshare", "--mount", "true"]).code) == 0

    /// How long anything may take before a test gives up; a virtual machine without KVM is twenty times slower, and so are a
    /// hundred processes with a sanitizer.
    static let patience = Duration.seconds(isSanitized ? 300 : 60)
}

extension Trait where Self == ConditionTrait {
    static var needsControlGroups: Self {
        .enabled(if: Machine.cgroupRoot != nil, "needs a cgroup2 mount in which this user may make cgroups")
    }

    static var needsMounts: Self {
        .enabled(if: Machine.canMount, "needs root, and leave to make mounts (unshare --mount)")
    }

    static var needsRoot: Self { .enabled(if: Machine.isRoot, "needs root") }
}

func readLink(_ path: String) throws(SystemCallError) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = try systemCall("readlink", path) { readlink(path, &buffer, buffer.count) }
    return String(decoding: buffer[..<count], as: UTF8.self)
}

/// The open descriptors of a process.
func openDescriptors(of process: Int32) throws -> [String] {
    let path = "/proc/\(process)/fd"
    guard let directory = opendir(path) else {
        throw SystemCallError(call: "opendir", object: path, errno: .notPermitted)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}

/// The cgroup of a process in the v2 hierarchy, as its `/proc` file tells it.
func cgroup(of process: Int32) throws -> String {
    let lines = try Descriptor.open("/proc/\(process)/cgroup").readText().split(separator: "\n")
    return String(try #require(lines.first { $0.hasPrefix("0::") }).dropFirst(3))
}

/// A pidfd of a process of which nothing else is known, to see its end.
struct Witness: ~Copyable {
    private let pidfd: Descriptor

    init(_ process: Int32) throws {
        pidfd = try Pidfd.open(process)
    }

    /// Whether the process has ended; waits for it.
    func sawEnd() throws -> Bool {
        try isReadable(pidfd.rawValue, until: .now + Machine.patience)
    }
}

/// Waits until a descriptor has something to read, or has hung up; false if the deadline comes first.
func isReadable(_ descriptor: Int32, until deadline: ContinuousClock.Instant) throws(SystemCallError) -> Bool {
    let milliseconds = max(0, Int32(clamping: Int64((deadline - .now) / .milliseconds(1)) + 1))
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return try systemCall("poll") { poll(&polled, 1, milliseconds) } > 0
}

/// A connection to a unix socket.
func connect(to path: String) throws -> Descriptor {
    let descriptor = Descriptor(
        owning: try systemCall("socket") { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    var address = try #require(UnixAddress(path: path))
    try systemCall("connect", path) { address.connect(descriptor) }
    return descriptor
}
