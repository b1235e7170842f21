import Cadre
import FoundationEssentials
import Glibc
import Reactor
import SystemPackage
import Systemd
import Testing

/// The tests that need systemd as process 1, journald and all controllers. Each has cadre.service to itself.
@Suite(
    .serialized, .enabled(if: getenv("CADRE_TEST_MACHINE") != nil, "needs systemd as process 1; Tests/VM/test runs it"))
enum MachineTests {}

/// The root of the source tree, of which some directories are here, too.
let sourceDirectory = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

/// The fixture program, which is beside the tests.
let testWorker: String = {
    let own = (try? FilePath("/proc/self/exe").resolved()) ?? ""
    return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/TestWorker"
}()

extension FilePath {
    fileprivate func resolved() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall("readlink", string) {
            buffer.withUnsafeMutableBytes { readlink(string, $0.baseAddress!, $0.count) }
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// A `command` line for a configuration that has the fixture program do something.
func command(_ arguments: String...) -> String {
    "command = [\(([testWorker] + arguments).map { "\"\($0)\"" }.joined(separator: ", "))]"
}

/// cadre.service while it runs.
final class Unit {
    /// Where the unit's cgroup is.
    static let group = "/sys/fs/cgroup/cadre.slice/cadre.service"
    private static let configuration = "/etc/cadre/cadre.toml"
    private static let dropIns = "/run/systemd/system/cadre.service.d"
    private static let dropIn = "\(dropIns)/test.conf"

    /// What arrives in the journal from just before the start.
    let journal: Journal

    private init(workers: [String]) throws {
        journal = try Journal(of: workers)
    }

    /// Starts cadre.service with a configuration, and stops it after `body`; then nothing of it may be left.
    ///
    /// - Parameters:
    ///   - logging: the workers whose lines are of interest.
    ///   - settings: lines for the unit's section Service.
    static func running(
        _ configuration: String, logging workers: [String] = [], settings: String? = nil, _ body: (Unit) throws -> Void
    ) throws {
        try prepare(configuration, settings: settings)
        let unit = try Unit(workers: workers)
        do {
            try succeed("systemctl", "start", "cadre")
            try body(unit)
        } catch {
            print(try run("journalctl", "--no-pager", "--lines=60", "--unit=cadre", "--unit=init.scope").output)
            try end(settings: settings)
            throw error
        }
        try end(settings: settings)
    }

    /// Replaces the configuration file and that of the unit.
    private static func prepare(_ configuration: String, settings: String?) throws {
        try write(configuration, to: Self.configuration)
        if let settings {
            try write("[Service]\n\(settings)\n", to: dropIn)
            try succeed("systemctl", "daemon-reload")
        }
    }

    private static func end(settings: String?) throws {
        try succeed("systemctl", "stop", "cadre")
        #expect(!exists(group), "the unit's cgroup is left")
        #expect(processes("TestWorker").isEmpty, "processes are left")
        #expect(!exists("/run/cadre"), "the runtime directory is left")
        if settings != nil {
            unlink(dropIn)
            rmdir(dropIns)
            try succeed("systemctl", "daemon-reload")
        }
        // So that the next test's starts don't count together with this one's.
        _ = try run("systemctl", "reset-failed", "cadre")
    }

    /// Replaces the configuration, without telling anybody.
    func configure(_ configuration: String) throws {
        try write(configuration, to: Self.configuration)
    }

    /// A property of the unit, as systemd shows it.
    func property(_ name: String) throws -> String {
        try succeed("systemctl", "show", "--value", "--property=\(name)", "cadre")
    }

    /// Waits until a property has this value.
    func waitForProperty(_ name: String, _ value: String) throws {
        // systemd tells of changes on the bus only; this asks, by a process each time, until it is so.
        let deadline = ContinuousClock.now + patience
        while case let found = try property(name), found != value {
            guard ContinuousClock.now < deadline else { throw Trouble("\(name) is \"\(found)\", not \"\(value)\"") }
        }
    }

    /// How things stand.
    func status() throws -> Snapshot { try snapshot(from: "/run/cadre/control.sock") }

    /// How things stand with a service.
    func service(_ name: String) throws -> ServiceSnapshot {
        try #require(try status().services.first { $0.name == name })
    }

    /// How things stand with a worker, such as `web/0`.
    func worker(_ name: String) throws -> WorkerSnapshot {
        let parts = name.split(separator: "/")
        return try #require(try service(String(parts[0])).workers.first { "\($0.number)" == parts[1] })
    }

    /// The process ID of a worker.
    func pid(_ name: String) throws -> Int32 {
        try #require(try worker(name).pid, "\(name) has no process")
    }

    /// The process ID of the keeper, which is the main process that systemd knows.
    func keeper() throws -> Int32 {
        try #require(Int32(try property("MainPID")))
    }

    /// A file of a worker's cgroup (`web/0@1`), without the last line's end.
    func file(_ name: String, of incarnation: String) throws -> String {
        let text = try contents("\(Self.group)/\(incarnation)/\(name)")
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

/// How things stand with the supervisor that listens at a path.
func snapshot(from socket: String) throws -> Snapshot {
    let text = try succeed("cadre", "status", "--json", "--socket", socket)
    return try JSONDecoder().decode(Snapshot.self, from: Data(text.utf8))
}

/// The living processes of this name.
func processes(_ name: String) -> [Int32] {
    names(in: "/proc").compactMap(Int32.init).filter { pid in
        // It may have ended meanwhile. One that is not reaped yet has no command line.
        guard let comm = try? contents("/proc/\(pid)/comm"), comm == "\(name)\n" else { return false }
        return (try? contents("/proc/\(pid)/cmdline"))?.isEmpty == false
    }
}

/// The cgroup of a process.
func cgroup(of pid: Int32) throws -> String {
    let line = try contents("/proc/\(pid)/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }
    return String(try #require(line).dropFirst(3))
}
