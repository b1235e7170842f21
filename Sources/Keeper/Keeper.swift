import CLinux
import Processes
public import Reactor
import SystemPackage

/// The process that keeps a supervisor running: the main process of the unit, or the init of a container.
///
/// It does little, so that nothing in it can go wrong. It starts the supervisor and starts it again when it dies or
/// hangs; it holds the descriptors that are to outlive the supervisor; orphans become its children, and it reaps them and
/// tells the supervisor how they ended; signals go on to the supervisor, and what that has to say to systemd goes on to
/// systemd. It listens to nobody but its child, and between two starts of a supervisor it allocates no memory.
public final class Keeper {
    /// How a keeper runs.
    public struct Options: Sendable {
        /// The supervisor's arguments, the program's name included.
        public var arguments: [String]
        /// The supervisor's environment, in addition to which the keeper sets what `KeeperLink` reads.
        public var environment: [String]
        /// How long a supervisor may be silent before it is taken for hung; nil if that is never looked at.
        public var watchdog: Duration?
        /// How long a supervisor may take to come up.
        public var startTimeout: Duration

        /// How long it may be silent if nobody says otherwise.
        public static let usualWatchdog = Duration.seconds(30)
        /// How long they may take to come up if nobody says otherwise.
        public static let usualStartTimeout = Duration.seconds(90)

        /// Options; the supervisor is this program with these arguments.
        public init(
            arguments: [String], environment: [String], watchdog: Duration? = usualWatchdog,
            startTimeout: Duration = usualStartTimeout
        ) {
            self.arguments = arguments
            self.environment = environment
            self.watchdog = watchdog
            self.startTimeout = startTimeout
        }
    }

    /// The signals that are passed on.
    public static let passedSignals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]
    /// How long a hung supervisor has to leave a core dump before it is killed.
    private static let abortTime = Duration.seconds(5)
    /// Who looks at a deadline so much later has been stopped itself, and maybe the supervisor with it.
    private static let mostLateness = Duration.seconds(1)
    /// How often a supervisor has to give a sign of life if nobody looks: the first one says that it is up.
    private static let idleInterval = Duration.seconds(3600)
    /// The longest message, as for systemd.
    private static let longestMessage = 4096

    private let options: Options
    /// What the supervisor gets back after the keeper raised its own.
    private let openFileLimit: OpenFileLimit
    let signals: SignalSource
    let manager: Manager?
    /// Our end of the socket to the supervisor, and the supervisor's, of which each gets a copy.
    private var ours: Descriptor
    private var theirs: Descriptor
    private var store: DescriptorStore
    private var fate = SupervisorFate()

    private var program: Descriptor
    private var formerProgram: Descriptor?
    private var supervisor: Running?
    /// The last signal that asked for the end.
    private var stopSignal: Int32?
    /// When the supervisor is to be started.
    private var startAt: Duration?
    private var startReason = StartReason.first
    /// What became of the supervisor before, as the end of a sentence; empty if there was none.
    private var startCause = ""
    /// When the supervisor is to have given a sign of life.
    private var silentAt: Duration?
    private var isAborted = false
    /// Whether an end is to be told and there was no room for it.
    private var isFull = false
    private var result: Int32?

    /// A supervisor that was started and not yet reaped.
    private final class Running {
        let pid: Int32
        let pidfd: Descriptor

        init(_ child: consuming Child) {
            pid = child.pid
            pidfd = child.takePidfd()
        }
    }

    /// Prepares everything.
    ///
    /// To be called while there is no other thread: it blocks signals. The descriptors that systemd passed to this
    /// process (sd_listen_fds(3)) are kept, as `systemd.0.NAME` and so on.
    public init(_ options: Options) throws(SystemCallError) {
        self.options = options
        // A terminal that is gone is an error of write(2), not the end.
        SignalSource.block(Self.passedSignals + [SIGCHLD, SIGPIPE])
        signals = try SignalSource(Self.passedSignals + [SIGCHLD])
        try systemCall("prctl") { cadre_become_subreaper() }
        var ends: [Int32] = [-1, -1]
        let type = SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue
        try systemCall("socketpair") { socketpair(AF_UNIX, Int32(type), 0, &ends) }
        ours = Descriptor(owning: ends[0])
        theirs = Descriptor(owning: ends[1])
        _ = cadre_fcntl(ends[0], F_SETFL, O_NONBLOCK)
        openFileLimit = try OpenFileLimit.raise()
        store = try DescriptorStore()
        program = try Descriptor.open("/proc/self/exe")
        manager = Manager()
        Self.adopt(into: &store)
    }

    private static func adopt(into store: inout DescriptorStore) {
        // Several may have one name.
        for (index, (name, descriptor)) in ListenDescriptors.take().enumerated() {
            var name = "systemd.\(index).\(name)"
            name.withUTF8 { _ = store.add(UnsafeRawBufferPointer($0), descriptor) }
        }
    }

    /// Whether the last run ended as another supervisor has the root.
    public private(set) var hasFoundAnother = false

    /// Keeps a supervisor running until it ends as it should, or can't be kept. May be called again if it found another
    /// one.
    ///
    /// - Returns: the exit code for this process.
    public func run() -> Int32 {
        startAt = Reactor.now
        result = nil
        hasFoundAnother = false
        while true {
            if let startAt, startAt <= Reactor.now { start() }
            if let result { return result }
            wait()
            receiveSignals()
            receiveMessages()
            reap()
            checkSilence()
        }
    }

    // MARK: Waiting

    private func wait() {
        manager?.feedWatchdog()
        let now = Reactor.now
        var milliseconds = 3_600_000.0
        if let startAt { milliseconds = min(milliseconds, (startAt - now) / .milliseconds(1) + 1) }
        if let silentAt { milliseconds = min(milliseconds, (silentAt - now) / .milliseconds(1) + 1) }
        if let next = manager?.nextFeed { milliseconds = min(milliseconds, (next - now) / .milliseconds(1) + 1) }
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { requests in
            requests[0] = pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            requests[1] = pollfd(
                fd: ours.rawValue, events: Int16(isFull ? POLLIN | POLLOUT : POLLIN), revents: 0)
            poll(requests.baseAddress, 2, Int32(max(0, milliseconds)))
        }
    }

    private func receiveSignals() {
        while let signal = signals.next() {
            guard signal != SIGCHLD else { continue }
            // One that is started again meanwhile is told, too.
            if signal == SIGTERM || signal == SIGINT { stopSignal = signal }
            send(signal)
        }
    }

    private func send(_ signal: Int32) {
        if let supervisor { cadre_pidfd_send_signal(supervisor.pidfd.rawValue, signal) }
    }

    // MARK: The supervisor

    private func start() {
        startAt = nil
        isAborted = false
        do {
            let names = try store.nameList()
            supervisor = Running(try spawn(makeRequest(names: names)))
            silentAt = Reactor.now + options.startTimeout
            if let stopSignal { send(stopSignal) }
        } catch {
            complain("cannot start the supervisor: \(error)")
            if startReason == .upgrade {
                // It is no program that this machine executes.
                startCause = "\(error)"
                decide(fate.couldNotStart(returning: takeFormerProgram))
            } else if startReason == .first {
                result = SupervisorFate.failureCode
            } else {
                // There may be memory, or room for a process, by then.
                startAt = Reactor.now + .seconds(1)
            }
        }
    }

    private func makeRequest(names: borrowing Descriptor) -> SpawnRequest {
        var descriptors: [Int32] = [0, 1, 2, theirs.rawValue, names.rawValue]
        for index in 0..<store.count { descriptors.append(store[index]) }
        let environment = [
            "LISTEN_FDS=\(descriptors.count - 3)", "LISTEN_FDNAMES=\(KeeperLink.socketName)",
            "\(KeeperLink.managedVariable)=\(manager == nil ? 0 : 1)",
            "\(KeeperLink.causeVariable)=\(startCause)",
            "\(KeeperLink.pidVariable)=\(getpid())", "\(KeeperLink.reasonVariable)=\(startReason.rawValue)",
            "WATCHDOG_USEC=\(Int64((options.watchdog ?? Self.idleInterval) / .microseconds(1)))",
        ]
        return SpawnRequest(
            arguments: options.arguments, program: "/proc/\(getpid())/fd/\(program.rawValue)",
            environment: options.environment + environment, descriptors: descriptors, parentDeathSignal: SIGKILL,
            blockedSignals: Self.passedSignals, surroundings: Surroundings(openFileLimit: openFileLimit),
            listenPID: true)
    }

    private func checkSilence() {
        let now = Reactor.now
        guard let silentAt, silentAt <= now, supervisor != nil else { return }
        if now - silentAt > Self.mostLateness {
            // A frozen cgroup goes on, or a debugger was at work: what was said meanwhile is yet to come.
            self.silentAt = now + (options.watchdog ?? Self.abortTime)
        } else if isAborted {
            send(SIGKILL)
            self.silentAt = nil
        } else {
            complain("the supervisor does not answer and is killed")
            isAborted = true
            fate.hung()
            send(SIGABRT)
            self.silentAt = Reactor.now + Self.abortTime
        }
    }

    private func ended(_ status: Int32) {
        supervisor = nil
        silentAt = nil
        // What it said last counts before its end does.
        receiveMessages()
        let exit = ProcessExit(waitStatus: status)
        startCause = isAborted ? "gave no sign of life and was killed" : Self.phrase(exit)
        let verdict = fate.ended(exit, at: Reactor.now, returning: takeFormerProgram)
        switch verdict {
        case .end: if case .signaled = exit { complain("the supervisor was \(exit)") }
        case .restart(_, .failedUpgrade):
            complain("the new program \(startCause) before it was up, and the one before is started again")
        case .restart(_, .upgrade): break
        case .restart: complain("the supervisor \(startCause) and is started again")
        }
        decide(verdict)
    }

    private func decide(_ verdict: SupervisorFate.Verdict) {
        switch verdict {
        case .end(let code): result = code
        case .restart(let wait, let reason):
            startReason = reason
            startAt = Reactor.now + wait
        }
    }

    private func takeFormerProgram() {
        if let former = formerProgram.take() { program = former }
    }

    private static func phrase(_ exit: ProcessExit) -> String {
        if case .signaled = exit { "was \(exit)" } else { "\(exit)" }
    }

    private func complain(_ text: String) {
        let line = "cadre: \(text)\n"
        _ = write(2, line, line.utf8.count)
    }

    // MARK: Messages

    private func receiveMessages() {
        withUnsafeTemporaryAllocation(byteCount: Self.longestMessage, alignment: 1) { buffer in
            var descriptor: Int32 = -1
            // What comes behind a hand-over is for the other keeper.
            while result == nil {
                let count = cadre_receive(
                    ours.rawValue, buffer.baseAddress!, buffer.count, &descriptor, Int32(MSG_DONTWAIT))
                guard count > 0 else { return }
                receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]), descriptor)
            }
        }
    }

    /// Takes one message, and the descriptor that came with it.
    private func receive(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) {
        var isTaken = false
        switch KeeperMessage(bytes) {
        case .store(let name):
            guard descriptor != -1 else { break }
            store.add(name, descriptor)
            isTaken = true
        case .remove(let name): store.remove(name)
        case .upgrade:
            // Who is about to be killed has had its say; the program before that is the one that is known to come up.
            guard descriptor != -1, formerProgram == nil else { break }
            formerProgram = exchange(&program, with: Descriptor(owning: descriptor))
            isTaken = true
            fate.handOver()
            // As it may end at any time, nobody has to wait for it.
            send(SIGKILL)
        case .watchdog:
            if !isAborted { silentAt = options.watchdog.map { Reactor.now + $0 } }
            if fate.cameUp(at: Reactor.now) {
                formerProgram = nil
                // From now on it waits, mostly.
                cadre_release_memory()
            }
        case .locked: hasFoundAnother = true
        case .handOver:
            guard descriptor != -1 else { break }
            handOver(to: Descriptor(owning: descriptor))
            isTaken = true
        case .stopping:
            fate.isGoingToStop()
            manager?.pass(on: bytes)
        case .other: manager?.pass(on: bytes)
        }
        if !isTaken && descriptor != -1 { close(descriptor) }
    }

    // MARK: Other keepers

    /// Goes on with what another keeper gives through a connected socket. To be called before ``run()``.
    ///
    /// - Throws: if that one doesn't give all of it; then it goes on itself.
    public func takeOver(from socket: borrowing Descriptor) throws(SystemCallError) {
        let (first, second) = try Handover.take(from: socket, into: &store)
        ours = Descriptor(owning: first)
        theirs = Descriptor(owning: second)
        startReason = .takeover
    }

    /// Gives another keeper all there is, and ends; goes on if that one doesn't take it.
    private func handOver(to connection: consuming Descriptor) {
        do {
            try Handover.give(store, ours: ours, theirs: theirs, to: connection)
        } catch {
            return complain("the supervisor is not handed over: \(error)")
        }
        if let supervisor {
            send(SIGKILL)
            waitpid(supervisor.pid, nil, 0)
        }
        supervisor = nil
        // Whoever goes on is told of those that ended until now; the others become the children of somebody else.
        reap()
        result = 0
    }

    // MARK: Children

    /// Reaps whoever has ended. What a supervisor has no room to be told of yet is left a zombie until it has.
    private func reap() {
        isFull = false
        while true {
            var status: Int32 = 0
            if let supervisor {
                if waitpid(supervisor.pid, &status, WNOHANG) == supervisor.pid { ended(status) }
            }
            let pid = cadre_ended_child(&status)
            guard pid != 0 else { return }
            if pid == supervisor?.pid { continue }
            var record = ExitRecord(pid: pid, status: status, startTime: cadre_start_time(pid))
            let flags = Int32(MSG_DONTWAIT)
            if cadre_send(ours.rawValue, &record, MemoryLayout<ExitRecord>.size, -1, flags) == -1 {
                isFull = true
                return
            }
            waitpid(pid, nil, 0)
        }
    }
}
