import CSimulatedKernel
import Glibc
import HeapModule
import Simulation
import Supervision

/// A kernel of the simulation's own, as far as a supervisor knows one: processes, cgroups, files, sockets, timers.
///
/// It is deterministic: what happens follows from the seed and from the calls that the supervisor makes. Its clock moves a
/// little with each call, and when the supervisor sleeps it moves on to what happens next.
final class Kernel {
    /// In nanoseconds, as of CLOCK_MONOTONIC.
    private(set) var now = Kernel.start
    static let start: Int64 = 1_000_000_000_000
    /// What CLOCK_REALTIME is ahead by; somebody may set that clock.
    var wallOffset: Int64 = 1_700_000_000_000_000_000
    /// What is left to the kernel's discretion, such as the order of events. What programs do has generators of its own, so
    /// that they do the same whatever happens to others.
    var random: SeededRandom
    private let seed: UInt64
    private var agenda = Heap<Appointment>()
    private var lastAppointment: UInt64 = 0
    private var isKeepingAppointments = false

    let root = Cgroup(name: "", parent: nil)
    var files: [String: FileNode] = ["/simulated/run": FileNode(.directory), Kernel.program: FileNode(.regular)]
    /// A program that may be the next supervisor's.
    static let program = "/simulated/run/program"
    var processes: [Int32: Process] = [:]
    var lastPid: Int32 = Int32(simulation_first_process)
    /// Those that belong to nobody any more, and since when.
    var freePids: [(pid: Int32, since: Int64)] = []
    /// The supervisor that runs, if one does.
    var supervisor: Process?
    var descriptors: [Int32: OpenFile] = [:]
    private var lowestFree = Int32(simulation_first_descriptor)
    let keeper = Keeper()
    var faults = Faults() {
        didSet { if faults.journal != nil { hadFullDisk = true } }
    }
    /// Whether the supervisor may have been unable to write down what the next one is to know.
    var hadFullDisk = false
    /// How often the supervisor was woken since it had nothing to do.
    var wakeUps = 0
    /// How many more calls the supervisor makes before it is killed in the midst of one.
    var callsLeft: Int?
    /// Whether that call is still made.
    var isLastCallMade = false
    /// Whether Linux tells how a process ended that another one has reaped (6.15).
    let tellsExits: Bool
    private let callTime: Int64

    /// What is asked whenever the supervisor sleeps; what it returns are reasons to wake it.
    var beforeSleep: () -> Bool = { false }
    /// What a process started by the supervisor does.
    var execute: (Process, [String], [String: String]) -> Void = { _, _, _ in }
    /// What is told of a signal from the supervisor.
    var told: (Process, Int32) -> Void = { _, _ in }
    /// What is told of the end of a process.
    var ended: (Process) -> Void = { _ in }
    /// What is told of the supervisor's end.
    var supervisorEnded: (Int32) -> Void = { _ in }
    var violation: Violation?
    let trace = History()

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        tellsExits = Bool.random(using: &random)
        callTime = Int64.random(in: 500...20_000, using: &random)
    }

    /// A generator that depends on the world's seed and a name alone.
    func generator(_ name: String) -> SeededRandom { SeededRandom(seed: seed, name: name) }

    // MARK: Time

    private struct Appointment: Comparable {
        let at: Int64
        let number: UInt64
        let body: () -> Void

        static func < (left: Appointment, right: Appointment) -> Bool {
            (left.at, left.number) < (right.at, right.number)
        }
        static func == (left: Appointment, right: Appointment) -> Bool { left.number == right.number }
    }

    /// Has something happen `seconds` from now.
    func after(_ seconds: Double, _ body: @escaping () -> Void) {
        lastAppointment += 1
        agenda.insert(Appointment(at: now + Int64(seconds * 1e9), number: lastAppointment, body: body))
    }

    private func keepAppointments() {
        guard !isKeepingAppointments else { return }
        isKeepingAppointments = true
        defer { isKeepingAppointments = false }
        while let next = agenda.min, next.at <= now {
            agenda.removeMin()
            next.body()
        }
    }

    /// Lets time go on to what happens next, `deadline` at the latest, for who sleeps.
    func sleep(until deadline: Int64?) {
        guard let next = [agenda.min?.at, deadline].compactMap(\.self).min() else {
            fail("nobody starves", "the supervisor sleeps, and nothing is ever going to happen")
            endSupervisor(Self.killed)
        }
        now = max(now, next)
        keepAppointments()
    }

    /// Lets the world go on without a supervisor.
    func pass(seconds: Double) {
        let end = now + Int64(seconds * 1e9)
        while now < end { sleep(until: end) }
    }

    func chance(_ probability: Double) -> Bool { random.chance(probability) }

    func seconds(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }

    // MARK: Calls

    /// Answers a call of the supervisor: time goes on, what is due happens, and the supervisor may be killed before the call
    /// or after it.
    func call(_ name: StaticString, _ body: () -> Int) -> Int {
        now += callTime
        keepAppointments()
        guard let left = callsLeft, supervisor != nil else { return body() }
        if left <= 0 {
            if isLastCallMade { _ = body() }
            note("the supervisor is killed \(isLastCallMade ? "after" : "before") \(name)")
            endSupervisor(Self.killed)
        }
        callsLeft = left - 1
        return body()
    }

    static let killed: Int32 = 9

    // MARK: Descriptors

    func openFile(_ descriptor: Int32) -> OpenFile? { descriptors[descriptor] }

    /// The lowest number that is free, as open(2) promises.
    func install(_ file: OpenFile) -> Int {
        while descriptors[lowestFree] != nil { lowestFree += 1 }
        descriptors[lowestFree] = file
        return Int(lowestFree)
    }

    func close(_ descriptor: Int32) -> Int {
        guard descriptors.removeValue(forKey: descriptor) != nil else { return -Int(EBADF) }
        lowestFree = min(lowestFree, descriptor)
        return 0
    }

    func closeAll() {
        descriptors = [:]
        lowestFree = Int32(simulation_first_descriptor)
    }

    // MARK: What is told

    func note(_ line: @autoclosure () -> String) { trace.note(now, line()) }

    func fail(_ rule: String, _ what: String) {
        guard violation == nil else { return }
        violation = Violation(rule: rule, what: what, at: .nanoseconds(now - Self.start))
        note("\(rule): \(what)")
    }
}

/// What goes wrong for a while.
struct Faults: Sendable {
    var spawn: Int32?
    var journal: Int32?
    var descriptors = 0.0
    /// How many descriptors there is room for until just one fails.
    var nextDescriptor: Int?
    var directories = 0.0
    /// How much of what workers say is lost.
    var messages = 0.0
    /// Whether what is told of watched files is too much to be kept (inotify(7), IN_Q_OVERFLOW).
    var watches = false
}

/// What happened: the last of it in words, and all of it as a number, which is the same for the same history.
final class History {
    private static let mostKept = 160
    private var lines: [String] = []
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var count = 0
    var isPrinted = false

    func note(_ time: Int64, _ what: String) {
        let line = "\(Duration.nanoseconds(time - Kernel.start).exactClock)  \(what)"
        // FNV-1a.
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        count += 1
        if isPrinted {
            print(line)
            fflush(nil)
        }
        if lines.count >= 2 * Self.mostKept { lines.removeFirst(Self.mostKept) }
        lines.append(line)
    }

    var last: [String] { lines.suffix(Self.mostKept) }
}

extension Duration {
    fileprivate var exactClock: String {
        let microseconds = components.attoseconds / 1_000_000_000_000 % 1000
        return "\(clock)\(String(repeating: "0", count: 3 - "\(microseconds)".count))\(microseconds)"
    }
}
