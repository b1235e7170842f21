import CSimulatedKernel
import Cadre
import Glibc
import Keeper
import Logging
import Reactor
import Simulation
import Specification
import Supervision

/// Who leads a world through its history: starts supervisors, as the keeper does, and has things happen.
final class Conductor: @unchecked Sendable {
    /// The keeper is no process of the simulation; this is what it is called.
    static let keeperPid = Int32(simulation_first_process)

    private let ended = Gate()
    private let strayEnded = Gate()
    private var enteredThreads = 0
    private(set) var supervisor: Supervisor?
    /// What is never to be released: the memory of processes that are no more.
    private var remains: [Supervisor] = []
    private var isToRun = false
    private(set) var isRunning = false
    private var outcome: Result<Void, any Error>?
    private var exitStatus: Int32 = 0
    private(set) var deaths = 0
    /// What is to be done as soon as a supervisor is there that has time for it.
    private var commands: [Command] = []
    var specification: Specification
    /// What is asked each time that the supervisor sleeps.
    var check: () -> Void = {}
    /// What is told of each supervisor that dies.
    var died: () -> Void = {}
    var isStopping = false
    private let seed: UInt64

    struct Command {
        let text: String
        let body: (isolated Supervisor) throws -> Void
    }

    init(seed: UInt64, _ specification: Specification) {
        self.seed = seed
        self.specification = specification
        kernel.beforeSleep = { [unowned self] in beforeSleep() }
        kernel.supervisorEnded = { [unowned self] in noteEnd($0) }
        kernel.root.children["unit"] = Cgroup(name: "unit", parent: kernel.root)
    }

    func command(_ text: String, _ body: @escaping (isolated Supervisor) throws -> Void) {
        commands.append(Command(text: text, body: body))
    }

    /// Lets supervisors run, one after another, until one ends in order or something doesn't hold.
    func run() throws(SystemCallError) {
        var reason = StartReason.first
        while true {
            kernel.startSupervisor()
            if reason == .upgrade, kernel.chance(0.3) {
                // Another program may have its faults.
                (kernel.callsLeft, kernel.isLastCallMade) = (Int.random(in: 0...300, using: &kernel.random), false)
            }
            let link = makeLink(reason)
            simulation_leave()
            try startThread(name: "main") { [self] in start(link) }
            ended.wait()
            // The core's thread may not have had its turn yet, and is to know that it is dead.
            while enteredThreads < simulation_started_threads() { strayEnded.wait() }
            simulation_enter()
            if kernel.violation != nil { return }
            if exitStatus == 0 {
                if !isStopping { kernel.fail("nobody stops by itself", "the supervisor ends, and nobody asked it to") }
                return
            }
            if reason == .first, !isRunning, deaths == 0 {
                return kernel.fail("what is asked for is done", "the first supervisor doesn't start")
            }
            deaths += 1
            died()
            // One that takes over and doesn't come up is followed by the one before.
            let isFailed = reason == .upgrade && !isRunning
            reason = exchange(&kernel.keeper.isUpgrading, with: false) ? .upgrade : isFailed ? .failedUpgrade : .death
            kernel.pass(seconds: kernel.chance(0.5) ? 0.001 : kernel.seconds(0...5))
        }
    }

    /// What the keeper gives to a supervisor at its start.
    private func makeLink(_ reason: StartReason) -> KeeperLink {
        (supervisor, isToRun, isRunning, outcome) = (nil, false, false, nil)
        let kept = kernel.keeper.stored.map { ($0.name, Int32(kernel.install($0.file))) }
        let socket = Descriptor(owning: Int32(kernel.install(OpenFile(.keeper))))
        return KeeperLink(keeper: Self.keeperPid, startReason: reason, startCause: "died", socket: socket, kept: kept)
    }

    /// The first thread of a supervisor.
    private func start(_ link: KeeperLink) {
        simulation_enter()
        do {
            var logger = Logger(label: "simulation") { _ in HistoryHandler() }
            logger.logLevel = .notice
            let made = try Supervisor(
                specification,
                options: Options(
                    root: .directory("/simulated/cgroup/unit"), runtimeDirectory: "/simulated/run/cadre", keeper: link,
                    seed: seed), logger: logger)
            remains.append(made)
            supervisor = made
            isToRun = true
        } catch {
            kernel.note("the supervisor doesn't start: \(error)")
            kernel.endSupervisor(1 << 8)
        }
        simulation_leave()
    }

    /// A thread that a supervisor started, its reactor's, has its turn for the first time.
    func threadStarted() {
        enteredThreads += 1
        guard kernel.supervisor == nil else { return }
        strayEnded.open()
        simulation_end_thread()
    }

    private func noteEnd(_ status: Int32) {
        exitStatus = status
        ended.open()
    }

    private func beforeSleep() -> Bool {
        guard let supervisor else { return false }
        if exchange(&isToRun, with: false) {
            supervisor.assumeIsolated { supervisor in
                // With the reactor for all that isn't the actor's own, too: no other thread is to have a part in this.
                _ = Task(executorPreference: reactor(of: supervisor)) { [self] in
                    do {
                        isRunning = true
                        try await supervisor.run()
                        outcome = .success(())
                    } catch {
                        outcome = .failure(error)
                    }
                }
            }
            return true
        }
        switch outcome {
        case .success: kernel.endSupervisor(0)
        case .failure(let error):
            kernel.note("the supervisor gives up: \(error)")
            kernel.endSupervisor(1 << 8)
        case nil: break
        }
        check()
        if kernel.violation != nil { kernel.endSupervisor(Kernel.killed) }
        guard !commands.isEmpty else { return false }
        let command = commands.removeFirst()
        kernel.note("command: \(command.text)")
        supervisor.assumeIsolated { supervisor in
            _ = Task {
                do {
                    try command.body(supervisor)
                } catch {
                    kernel.note("refused: \(error)")
                }
            }
        }
        return true
    }
}

/// The executor of a supervisor, which serves tasks, too.
private func reactor(of supervisor: Supervisor) -> (any TaskExecutor)? {
    supervisor.unownedExecutor.asSerialExecutor() as? any TaskExecutor
}

/// The world's conductor.
nonisolated(unsafe) var conductor = Conductor(seed: 0, Specification())

/// Lets one thread wait for another: a semaphore.
private final class Gate: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}

/// Writes what supervisors log into the history.
private struct HistoryHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kernel.note("cadre: \(event.message)")
        // Who takes over is told of it: by the keeper, if by nobody else. But not while nothing can be written down.
        if !kernel.hadFullDisk, "\(event.message)".contains("how is not known") {
            kernel.fail("how a worker ended isn't lost", "\(event.message)")
        }
    }
}
