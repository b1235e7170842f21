import CLinux
import Cadre
import Glibc
import Processes
import Reactor
import Testing

/// A port of 127.0.0.1 on which nobody listens.
func freePort() throws -> UInt16 {
    let listener = try TCPListener()
    listener.close()
    return listener.port
}

/// Services of several kinds under load: web servers, two Redis servers that are counted in, and a worker that always
/// ends.
final class Market {
    private let servers: [LoadServer]
    private let web: Load
    private let redis: RunningProgram

    fileprivate init(_ servers: [LoadServer], _ ports: [UInt16], in scene: Scene) throws {
        self.servers = servers
        web = try Load(ports)
        redis = try RunningProgram(
            [LoadTools.python, "-B", "\(LoadTools.scripts)/redis_client.py"]
                + (0..<2).map { scene.path("redis-\($0).sock") }, endsWithThread: true)
        try redis.expect(["answered"])
    }

    fileprivate static func toml(_ servers: [LoadServer], _ ports: [UInt16], in scene: Scene) throws -> String {
        let library = try #require(LoadTools.environment["LD_LIBRARY_PATH"])
        let redis = """
            [service.redis]
            command = [
                '\(LoadTools.redis)', '--port', '0', '--unixsocket', '\(scene.path("redis-{worker}.sock"))',
                '--supervised', 'systemd', '--save', '', '--dir', '\(scene.directory)',
            ]
            workers = 2
            environment = { LD_LIBRARY_PATH = '\(library)' }
            ready.by = 'notify'
            restart.budget = 0
            [service.batch]
            command = ['/bin/sh', '-c', 'sleep 0.3; exit 7']
            restart = { budget = 1000000, delay = '10ms', max_delay = '10ms' }

            """
        return try zip(servers, ports).map { try $0.service(in: scene, port: $1) }.joined() + redis
    }

    /// The workers that are never to be restarted.
    fileprivate static func workers(_ servers: [LoadServer]) -> [String] {
        (servers.map(\.rawValue) + ["redis"]).flatMap { name in (0..<2).map { "\(name)/\($0)" } }
    }

    var workers: [String] { Self.workers(servers) }

    func waitForMore() throws {
        try web.waitForMore()
        try redis.signal(SIGUSR1)
        try redis.expect(["answered"])
    }

    /// Ends the load.
    func expectNothingLost(_ what: String) throws {
        try web.expectNothingLost(what)
        try redis.signal(SIGTERM)
        let (code, output) = try redis.finish()
        #expect(code == 0 && output.contains("\"failed\": 0"), "redis: \(output.suffix(2000))")
        print("load: \(what): redis: \(output.split(separator: "\n").last ?? "")")
    }
}

/// Gives a test a supervisor of a market, and the market.
func withMarket(of servers: [LoadServer], _ body: (SupervisorProcess, Market) throws -> Void) throws {
    let ports = try servers.map { _ in try freePort() }
    try withSupervisor({ try Market.toml(servers, ports, in: $0) }) { supervisor in
        for worker in Market.workers(servers) { try supervisor.ready(worker) }
        try body(supervisor, try Market(servers, ports, in: supervisor.scene))
    }
}

/// How things stand while nothing is to change.
struct Stillness {
    private let pids: [String: Int32]
    private let descriptors: [Int]

    /// Lets the first supervisor be followed by one that adopts its workers, and has a look.
    init(_ supervisor: SupervisorProcess, _ market: Market) throws {
        try RandomKiller(of: supervisor, kills: 1, seed: 1).finish(reading: supervisor)
        try market.waitForMore()
        (pids, descriptors) = try Self.look(at: supervisor)
    }

    private static func look(at supervisor: SupervisorProcess) throws -> ([String: Int32], [Int]) {
        var pids: [String: Int32] = [:]
        for service in try supervisor.status().services where service.name != "batch" {
            for worker in service.workers {
                let name = "\(service.name)/\(worker.number)"
                pids[name] = worker.pid
                #expect(worker.state == "ready" && worker.restarts == 0 && worker.lastExit == nil, "\(name): \(worker)")
            }
        }
        return (pids, try supervisor.descriptorCounts())
    }

    /// Expects that no worker was restarted, and that there is no stray cgroup, zombie or descriptor.
    func expectUnchanged(_ supervisor: SupervisorProcess, _ market: Market) throws {
        let (pids, descriptors) = try Self.look(at: supervisor)
        #expect(pids == self.pids && pids.count == market.workers.count)
        // The batch worker comes and goes: some descriptors, but not one for each kill.
        for (now, before) in zip(descriptors, self.descriptors) {
            #expect(
                abs(now - before) < 6, "\(descriptors) descriptors of keeper and supervisor, \(self.descriptors) before"
            )
        }
        let expected = market.workers.map { "\($0)@1" }
        let groups = try supervisor.groups().filter { $0.contains("@") && !$0.hasPrefix("batch/") }
        #expect(groups.sorted() == expected.sorted())
        for parent in [supervisor.keeper, try supervisor.supervisor()] {
            let children = try Descriptor.open("/proc/\(parent)/task/\(parent)/children").readText().split(
                separator: " ")
            for child in children {
                // One that ended a moment ago is not reaped yet, or is by now.
                let process = try? Descriptor.open("/proc/\(child)/stat").readText()
                guard let process, process.contains(") Z ") else { continue }
                #expect(try isReaped(Int32(child) ?? 0), "\(process)")
            }
        }
    }
}

/// Whether a process that has ended is reaped; waits for it.
private func isReaped(_ process: Int32) throws -> Bool {
    let deadline = ContinuousClock.now + Machine.patience
    while let stat = try? Descriptor.open("/proc/\(process)/stat").readText(), stat.contains(") Z ") {
        guard .now < deadline else { return false }
        sched_yield()
    }
    return true
}

/// Tests/load/killer.py, which kills the supervisor at random instants.
final class RandomKiller {
    private let program: RunningProgram
    private let kills: Int

    init(of supervisor: SupervisorProcess, kills: Int, seed: Int) throws {
        self.kills = kills
        program = try RunningProgram(
            [
                LoadTools.python, "-B", "\(LoadTools.scripts)/killer.py", "--kills", "\(kills)", "--seed", "\(seed)",
                "\(supervisor.keeper)",
            ], endsWithThread: true)
    }

    /// Whether it goes on killing.
    func isAtWork() throws -> Bool { try !program.hasPrinted(["kill \(kills):"]) && !program.isOver }

    /// Waits until it has killed as often as it was to, and the last victim's successor has taken over.
    func finish(reading supervisor: SupervisorProcess) throws {
        let (code, output) = try supervisor.finish(program)
        try #require(code == 0, "\(output.suffix(1000))\n\(supervisor.recentLines)")
        // The last one may have died before it said anything, so this asks the one that is there now.
        let deadline = ContinuousClock.now + Machine.patience
        while try supervisor.cadre("status").code != 0 {
            try #require(.now < deadline, "there is no supervisor: \(supervisor.recentLines)")
        }
    }
}

extension SupervisorProcess {
    /// The cgroups below the scene's, by their paths.
    func groups() throws -> [String] {
        let output = try run(["find", scene.cgroup, "-mindepth", "1", "-type", "d", "-printf", "%P\n"]).output
        return output.split(separator: "\n").map(String.init).filter { $0 != "keeper" && $0 != "supervisor" }
    }

    /// Reads what was logged so far.
    func readLog() throws { _ = try hasPrinted("\u{0}") }

    /// The last of what was logged so far.
    var recentLines: String {
        try? readLog()
        return lines.suffix(40).joined(separator: "\n")
    }
}

/// Tests/load/bare.py: a server that is replaced without Cadre.
final class BareServer {
    let port: UInt16
    private let program: RunningProgram

    init(_ server: LoadServer, in scene: Scene) throws {
        port = try freePort()
        program = try RunningProgram(
            [LoadTools.python, "-B", "\(LoadTools.scripts)/bare.py", "\(port)"] + server.command(in: scene),
            endsWithThread: true)
        try program.expect(["ready"])
    }

    func replace(times: Int) throws {
        for _ in 0..<times {
            try program.signal(SIGUSR1)
            try program.expect(["replaced"])
        }
    }

    func stop() throws {
        try program.signal(SIGTERM)
        let (code, output) = try program.finish()
        #expect(code == 0, "\(output)")
    }
}

/// What clients see while something happens to a server without Cadre.
func withBareServer(_ server: LoadServer, slow: Int, _ body: (BareServer, Load) throws -> Void) throws -> Load.Outcome {
    let scene = try Scene()
    defer { try? scene.remove() }
    let bare = try BareServer(server, in: scene)
    let load = try Load([bare.port], slow: slow)
    try body(bare, load)
    let outcome = try load.finish()
    try bare.stop()
    return outcome
}

/// The first line of the answer to a request of which half is sent before the server is told to stop; empty if the server
/// hangs up.
func answerToHalf(_ port: UInt16, stop: () throws -> RunningProgram?) throws -> String {
    let connection = try connect(to: port)
    try connection.write("GET / HTTP/1.1\r\nHost: localhost\r\n")
    // The server has taken that connection once it has answered on a later one.
    let later = try connect(to: port)
    try later.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try #require(try later.readText().hasPrefix("HTTP/1.1 200"))
    let command = try stop()
    // If it has hung up, this fails or what comes back is nothing.
    try? connection.write("Connection: close\r\n\r\n")
    let answer = (try? connection.readText()) ?? ""
    if let command { #expect(try command.finish().code == 0) }
    return String(answer.prefix { $0 != "\r\n" })
}
