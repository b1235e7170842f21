import CLinux
import ControlGroups
import Keeper
public import Logging
import Processes
import Reactor
public import Specification
import Supervision
import Systemd

/// Runs services: the driver between the kernel's events and the pure `Fleet`, and what a program embeds.
///
/// It lives on the thread of its `Reactor`: the compiler keeps everyone else out, and there's no lock. What happens
/// (a process ended, a cgroup's events changed, a worker sent a notification, a deadline passed, a command came) is
/// told to the fleet, and what the fleet wants is done, in that order.
public actor Supervisor {
    nonisolated let reactor: Reactor
    nonisolated let options: Options
    let events: EventLog
    let root: DelegatedRoot
    nonisolated let statistics: StatisticsReader
    let launcher: Launcher
    let inotify: Inotify
    let prober = LazyProber()
    let manager: ManagerLink
    /// What is left to a successor; nil without a keeper, who would start it.
    let journal: StateJournal?
    /// What must outlive this supervisor.
    let store: DescriptorStore

    /// What is to run.
    public internal(set) var specification: Specification
    var fleet: Fleet
    /// The services of which a worker was started, or is about to be.
    var services: [String: Service] = [:]
    /// The specifications that anything runs or may come to run, by service and digest.
    var revisions: [String: [String: ServiceSpecification]] = [:]
    /// Why the latest roll-out of a service failed.
    var rolloutProblems: [String: RolloutProblem] = [:]
    /// Where the latest incarnation of a worker that is gone has left its last lines.
    var lastLogs: [WorkerID: (number: UInt64, source: LogSource)] = [:]
    /// The incarnations of which any process is left, by worker; mostly one each.
    var incarnations: [WorkerID: [LiveIncarnation]] = [:]
    /// What workers have left here for their next incarnation, in the order in which it came.
    var stored: [WorkerID: [StoredDescriptor]] = [:]
    /// How many descriptors were stored so far.
    var lastStored: UInt64 = 0
    var records: [WorkerID: WorkerRecord] = [:]
    var counters: [String: ServiceCounters] = [:]
    /// How many incarnations have ended so far.
    var ends: UInt64 = 0
    /// Which incarnation and which of its files an inotify watch is for.
    var eventSources: [Int32: EventSource] = [:]
    var timers: [WorkerID: [WorkerDeadline: ArmedTimer]] = [:]
    /// What is not yet in the journal, and which of it is there.
    var unwritten = Unwritten()
    var writtenFleet = Fleet.Archive()
    var writtenFleets: [String: Fleet.ServiceArchive] = [:]
    var writtenSpecifications: Set<String> = []
    /// The policies of workers, by which the journal knows them.
    var policies: [WorkerPolicy: Int] = [:]
    var writtenPolicies: Set<Int> = []
    /// What is still to be written of the journal that is being written anew, the first last; nil if none is.
    var renewal: [JournalPiece]?
    var isRenewalScheduled = false
    /// Whether there was no room to keep in reserve.
    var isShortOfRoom = false
    /// What a supervisor left that died, until it is taken over.
    private var saved: SavedState?
    /// The incarnations of its workers that it had not written down yet.
    var unclaimed: [WorkerID: [LiveIncarnation]] = [:]
    /// Whether all that it did was written down, so that what nobody knows is nothing that is to run.
    var knowsAll = true
    /// Whether that goes on.
    var isAdopting = false
    /// Incarnations whose leaders have ended, by these; the keeper is going to tell how.
    var awaited: [Int32: LiveIncarnation] = [:]

    /// What the fleet wants and isn't done yet, in order.
    var pending: [PendingAction] = []
    var isWorking = false
    var isContinuationScheduled = false
    /// Reports of what calls for a start that is about to be made: each microsecond before that is one without the worker.
    var postponed: [(event: WorkerEvent, worker: WorkerID)] = []

    /// How often each caller was refused something of late.
    var refusals: [String: RateLimit] = [:]

    private(set) var phase = Phase.created
    /// Whether a worker was left to itself as failed when everything stopped.
    public private(set) var hasFailedWorkers = false
    /// Why everything stopped, if nobody asked for that.
    public internal(set) var essentialFailure: EssentialFailure?
    private(set) var isClosed = false
    /// Whether another program is about to be the supervisor.
    var isUpgrading = false
    /// What follows when whoever asked for it has its answer.
    var departure: (Departure, Timer)?
    private var finished: CheckedContinuation<Void, Never>?
    let orders = OrderBook()
    /// The workers that something was told since those who wait for them were last told.
    var touched: Set<WorkerID> = []

    /// Where the supervisor is in its own life.
    enum Phase {
        case created
        case running
        case stopping
        case over
    }

    struct ArmedTimer {
        let timer: Timer
        let at: Duration
    }

    /// The executor of the reactor's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Takes over the delegated root, moving this process to its `supervisor` leaf; starts nothing yet.
    ///
    /// If a supervisor of the same keeper died, this one is to go on with what that one ran, in its delegated root.
    ///
    /// - Parameters:
    ///   - specification: what to run, if there is nothing to go on with.
    ///   - options: how to run it.
    ///   - logger: for what happens, and what is wrong.
    /// - Throws: an error whose description says what is missing and what to do.
    public init(
        _ specification: @autoclosure () throws -> Specification, options: Options, logger: Logger
    ) throws {
        // With another keeper, there is nobody who has kept what belongs to it.
        let isSuccessor = options.keeper.map { $0.startReason != .first } ?? false
        let saved = isSuccessor ? try SavedState.load(options.statePath) : nil
        self.saved = saved
        self.specification = try saved?.specification ?? specification()
        self.options = options
        events = EventLog(logger: logger, run: .random(in: 1 ... .max))
        reactor = try Reactor()
        // What fails easily comes before this process is moved.
        try Launcher.makeDirectories(for: options)
        root =
            if let saved {
                try DelegatedRoot.succeed(saved.root, keeper: options.keeper?.keeper)
            } else {
                try takeRoot(options, events: events)
            }
        journal = try Self.makeJournal(options, id: saved?.id ?? .random(in: 0 ... .max), root)
        statistics = try StatisticsReader(root: root.group.path)
        launcher = try Launcher(options: options, root: root, events: events, prober: prober)
        inotify = try Inotify()
        manager = ManagerLink(isActive: options.notifiesManager, keeper: options.keeper)
        store = DescriptorStore(options.descriptors + Self.handedOver(by: options.keeper))
        fleet = Fleet(seed: options.seed ?? .random(in: 0 ... .max))
    }

    // MARK: Life

    /// Starts all services, and returns when all are down after ``stop()``, or after a signal if signals are handled.
    ///
    /// Before it returns, no process of a worker is left, its cgroups and sockets are removed, and this process is back
    /// in the cgroup it came from.
    public func run() async throws {
        try begin()
        // It may be over already, if nothing could be started and nothing is going to be tried again.
        await withCheckedContinuation { continuation in
            // Asked here, as an await on the way may let events have their turn.
            if phase == .over { continuation.resume() } else { finished = continuation }
        }
        events.stream.finish()
        if incarnations.isEmpty {
            launcher.removeRemains(allBut: [])
            await launcher.finish()
        }
        close()
    }

    /// Starts all services, or goes on with what runs, in one go: whoever asks afterwards is told of all of them. ``run()``
    /// does so if nobody did before.
    public func begin() throws {
        guard phase == .created else { return }
        phase = .running
        CapabilitySet.giveUpBoundingSetOfThread()
        events.state = { [unowned self] in fleet.worker($0)?.state }
        let signals = options.handlesSignals ? try SignalSource([SIGTERM, SIGINT, SIGHUP]) : nil
        if let signals { try watch(signals) }
        try watchEvents()
        reactor.afterEvents { [weak self] in self?.assumeIsolated { $0.writeStateSoon() } }
        keepDescriptors()
        recallStoredDescriptors()
        warnOfUnclaimedSockets()
        if let saved = exchange(&saved, with: nil) {
            do {
                try adopt(saved)
            } catch {
                // Of what it knows only in part it must neither do anything nor write anything; there is another one to come.
                isClosed = true
                throw error
            }
            for service in specification.services where service.isOnDemand { noteDemand(of: service) }
            closeForgottenSockets()
            // Whoever took over may have brought another configuration.
            if options.keeper?.startReason == .takeover { _ = try? apply() }
        } else {
            launcher.removeRemains(allBut: [])
            together {
                configureInOrder(specification.services, of: specification.services) {
                    configure($0, replacesWorkers: false)
                }
            }
        }
        try watchKeeper()
        manager.feedWatchdog(on: reactor)
    }

    /// Gives back the delegated root, for a supervisor that ``run()`` was not called on; harmless otherwise.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        // What it was to go on with is there for the next one.
        guard saved == nil else { return }
        journal?.removeFile()
        do {
            try root.tearDown()
        } catch {
            events.log(.warning, .trouble, "\(error)")
        }
    }

    /// Begins to stop all workers, each within its own time; ``run()`` returns when they are gone.
    public func stop() {
        guard phase == .running else { return }
        phase = .stopping
        unwritten.totals = true
        hasFailedWorkers = fleet.summary.failed > 0
        manager.stopping(within: longestStop + Self.stopMargin)
        events.log(
            .notice, .stopping, "stopping \(fleet.summary.workers) worker\(fleet.summary.workers == 1 ? "" : "s")")
        endUnknown()
        removeAll(fleet.serviceNames)
        // There may be nothing to stop.
        noteProgress()
    }

    /// What a stop may take beyond the time of the slowest worker: to kill, and to find out what doesn't die.
    static let stopMargin = Duration.seconds(30)

    /// Kills all that is left, at once.
    func kill() {
        perform(fleet.stopPostponed(at: Reactor.now))
        for incarnation in incarnations.values.joined() { self.kill(incarnation) }
    }

    /// Tells those who want to know how things stand.
    func noteProgress() {
        writeStateSoon()
        if isAdopting, !isWorking, pending.isEmpty { endAdoption() }
        let summary = fleet.summary
        manager.note(summary, on: reactor)
        for worker in exchange(&touched, with: []) { settle(worker) }
        if phase == .running, options.endsWhenIdle, pending.isEmpty, fleet.isDown, incarnations.isEmpty { stop() }
        // What hangs in the kernel is left behind, lest the stop never ends.
        if phase == .stopping, pending.isEmpty, incarnations.values.joined().allSatisfy(\.isStuck) {
            phase = .over
            finished?.resume()
            finished = nil
        }
    }
}

/// Holds a value that can't be copied for closures that share it.
final class Shared<Value: ~Copyable> {
    let value: Value

    init(_ value: consuming Value) {
        self.value = value
    }
}
