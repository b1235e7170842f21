import CLinux
import ControlGroups
import Reactor
import Testing

@testable import Probes

private let cgroupRoot: String? = {
    let mounts = (try? Descriptor.open("/proc/self/mountinfo").readText()) ?? ""
    for mount in mounts.split(separator: "\n") where mount.contains(" - cgroup2 ") {
        let path = String(mount.split(separator: " ")[4])
        if access(path, W_OK) == 0 { return path }
    }
    return nil
}()

@Suite(
    "Probes by commands", .enabled(if: cgroupRoot != nil, "needs a cgroup2 mount in which this user may make cgroups"))
final class CommandProbeTests: Sendable {
    private let prober: Prober
    private let name = "cadre-test-\(getpid())-p\(UInt64.random(in: 0 ... .max))"
    private var path: String { "\(cgroupRoot ?? "")/\(name)" }

    init() throws {
        prober = try Prober()
        mkdir(path, 0o755)
    }

    deinit {
        let root = cgroupRoot ?? ""
        try? ControlGroup.open(path).kill()
        // What was killed is gone a moment later.
        for _ in 0..<1000 {
            try? ControlGroup.open(root).removeTree(childNamed: name)
            if access(path, F_OK) != 0 { return }
            usleep(1000)
        }
    }

    private func ask(_ script: String, timeout: Duration = .ample) async -> ProbeResult {
        let command = CommandProbe(
            arguments: ["/bin/sh", "-c", script], environment: ["PATH=/usr/bin:/bin", "WHO=me"], directory: "/",
            controlGroup: path)
        return await prober.run(Probe(.command(command), timeout: timeout), of: "web/0@1")
    }

    /// How many processes there are in the worker's cgroup and below.
    private func population() throws -> Int { try ControlGroup.open(path).processes(recursive: true).count }

    private func waitUntilEmpty() throws {
        let events = try ControlGroup.open(path).open("cgroup.events")
        while try events.readText().contains("populated 1") {
            var polled = pollfd(fd: events.rawValue, events: Int16(POLLPRI), revents: 0)
            try #require(poll(&polled, 1, 30_000) > 0, "processes are left")
            lseek(events.rawValue, 0, SEEK_SET)
        }
    }

    @Test("exit code 0 passes, in the given environment and a cgroup below the worker's") func passes() async throws {
        #expect(await ask("test $WHO = me && grep -q '\(name)/cadre-probe$' /proc/self/cgroup") == .passed)
        #expect(await ask("exit 0") == .passed)
        try waitUntilEmpty()
    }

    @Test("anything else fails with what it said last") func fails() async throws {
        #expect(await ask("exit 3") == .failed("/bin/sh exited with code 3"))
        #expect(await ask("echo a; echo 'not yet' >&2; exit 1") == .failed("/bin/sh exited with code 1: not yet"))
        #expect(await ask("kill -9 $$") == .failed("/bin/sh killed by SIGKILL"))
        let missing = CommandProbe(arguments: ["/nowhere"], environment: [], directory: "/", controlGroup: path)
        let problem = await prober.run(Probe(.command(missing), timeout: .ample), of: "a").problem
        #expect(problem?.contains("/nowhere") == true)
        let lost = CommandProbe(arguments: ["/bin/true"], environment: [], directory: "/", controlGroup: "\(path)/x")
        #expect(
            await prober.run(Probe(.command(lost), timeout: .ample), of: "a").problem?.contains("ENOENT") == true)
    }

    @Test("one that hangs is killed at its time-out with all that it started", .bounded)
    func hangs() async throws {
        #expect(
            await ask("trap '' TERM; (setsid sleep 1000 &) ; sleep 1000", timeout: .milliseconds(200))
                == .failed("/bin/sh did not end within 200 ms"))
        try waitUntilEmpty()
        #expect(await ask("exit 0") == .passed)
    }

    @Test("what a command leaves behind dies with it", .bounded) func forks() async throws {
        for _ in 0..<3 { #expect(await ask("for i in 1 2 3; do (setsid sleep 1000 &) ; done") == .passed) }
        try waitUntilEmpty()
        #expect(try population() == 0)
    }

    @Test("one that prints without end neither hangs nor is kept", .bounded) func prints() async throws {
        #expect(
            await ask("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo enough; exit 1")
                == .failed("/bin/sh exited with code 1: enough"))
        #expect(await ask("yes", timeout: .milliseconds(200)) == .failed("/bin/sh did not end within 200 ms"))
        try waitUntilEmpty()
    }

    @Test("one that is given up is killed", .bounded) func cancelled() async throws {
        let task = Task { await ask("sleep 1000") }
        while try population() == 0 { await Task.yield() }
        task.cancel()
        #expect(await task.value == .failed("it was given up"))
        try waitUntilEmpty()
    }

    @Test("nothing is started in a frozen cgroup") func frozen() async throws {
        try ControlGroup.open(path).setFrozen(true)
        // An empty one may not count as frozen; then what starts in it hangs, and its time-out ends it.
        let problem = await ask("exit 0", timeout: .milliseconds(200)).problem
        #expect(problem == "the worker is frozen" || problem == "/bin/sh could not be started within 200 ms")
        try ControlGroup.open(path).setFrozen(false)
        try waitUntilEmpty()
    }
}
