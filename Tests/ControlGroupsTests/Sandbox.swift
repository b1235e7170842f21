import CLinux
import Glibc
import Reactor
import Synchronization
import SystemPackage

@testable import ControlGroups

/// What the machine that runs the tests offers.
enum Machine {
    /// The root of the hierarchy as it is seen here, nil if tests cannot make cgroups below.
    static let writableRoot: String? = {
        guard let text = try? Descriptor.open("/proc/self/mountinfo").readText() else { return nil }
        for mount in CgroupMount.parse(mountInfo: text) where mount.root == "/" && !mount.isReadOnly {
            if let group = try? ControlGroup.open(mount.mountPoint), group.writeError() == nil {
                return mount.mountPoint
            }
        }
        return nil
    }()

    static var isWritable: Bool { writableRoot != nil }

    /// Whether the hierarchy has our controllers, and is ours to switch them on: in the virtual machine for tests.
    static let hasControllers: Bool = {
        guard getenv("CADRE_TEST_MACHINE") != nil, let root = writableRoot else { return false }
        return (try? ControlGroup.open(root).controllers()) == Set(Controller.allCases)
    }()
}

/// A throw-away cgroup; whatever lives in it is killed at the end.
struct Sandbox: ~Copyable {
    private static let counter = Atomic(0)
    let parent: ControlGroup
    let group: ControlGroup
    let name: String

    init(controllers: Set<Controller> = []) throws {
        let parent = try ControlGroup.open(Machine.writableRoot ?? "/sys/fs/cgroup")
        for (_, error) in parent.enable(controllers) { throw error }
        let name = "cadre-test-\(getpid())-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        group = try parent.makeChild(name)
        self.parent = parent
        self.name = name
    }

    deinit {
        do {
            if try group.processes(recursive: true).contains(getpid()) { try parent.moveSelf() }
            try group.kill()
            _ = try group.waitUntilEmpty(within: .seconds(60))
            try parent.removeTree(childNamed: name)
        } catch {
            print("\(name) was not removed: \(error)")
        }
    }
}

/// A process that waits for a signal; it is killed and reaped at the end.
struct Sleeper: ~Copyable {
    let process: Int32

    init(in group: borrowing ControlGroup) throws {
        let process = try Self.start()
        do {
            try group.write("cgroup.procs", "\(process)")
        } catch {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
        self.process = process
    }

    private static func start() throws -> Int32 {
        var process: Int32 = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("3600"), nil]
        defer { for argument in arguments { free(argument) } }
        // Test threads block most signals, and children inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let result = posix_spawn(&process, "/bin/sleep", nil, &attributes, &arguments, nil)
        if result != 0 { throw SystemCallError(call: "posix_spawn", errno: Errno(rawValue: result)) }
        return process
    }

    /// The signal that ended it.
    consuming func wait() throws -> Int32 {
        let process = process
        discard self
        var status: Int32 = 0
        try systemCall("waitpid") { waitpid(process, &status, 0) }
        return status & 0x7f
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
