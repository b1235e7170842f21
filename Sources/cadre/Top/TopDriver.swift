import CLinux
import Cadre
import Glibc
import Reactor

/// Joins a `TopModel` to a terminal and a supervisor, until the user quits.
actor TopDriver {
    /// Why it is over.
    enum Ending {
        case quit
        /// A signal came that ends a process.
        case signal(Int32)
        case failed(any Error)
    }

    /// To be blocked before there is any other thread.
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH]

    /// How long an answer may take before the user is told.
    private static let patience = Duration.seconds(3)

    private let reactor: Reactor
    private let fetch: @Sendable () async throws -> Snapshot
    private let command: @Sendable (WorkerCommand, String) async throws -> Void
    private let signals: SignalSource
    private let input: Descriptor
    private let mode: TerminalMode
    private let writer: TerminalWriter
    private var model: TopModel
    private var screen: ScreenUpdate
    private var decoder = KeyDecoder()

    /// Whether the screen is ours at the moment.
    private var isShown = false
    private var isWriting = false
    /// The model has changed while a frame was written.
    private var isStale = false
    private var isFetching = false
    private var nextFetch: Timer?
    private var endOfPatience: Timer?
    private var endOfEscape: Timer?
    private var end: CheckedContinuation<Ending, Never>?
    private var early: Ending?
    private var leaving: CheckedContinuation<Void, Never>?
    private var endOfLeaving: Timer?

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Standard input and standard output must be terminals.
    init(
        _ model: TopModel, isColoured: Bool, on reactor: Reactor,
        fetch: @escaping @Sendable () async throws -> Snapshot,
        command: @escaping @Sendable (WorkerCommand, String) async throws -> Void
    ) throws(SystemCallError) {
        self.model = model
        self.reactor = reactor
        self.fetch = fetch
        self.command = command
        signals = try SignalSource(Self.signals)
        input = Descriptor(owning: try systemCall("fcntl F_DUPFD_CLOEXEC") { cadre_fcntl(0, F_DUPFD_CLOEXEC, 0) })
        mode = try TerminalMode(of: 0)
        writer = try TerminalWriter(to: 1)
        screen = ScreenUpdate(isColoured: isColoured, isASCII: model.symbols.isASCII)
    }

    /// Shows everything until the end; then the terminal is as it was.
    ///
    /// - Throws: if the first snapshot can't be had. Later it shows what is wrong, and tries again.
    func run() async throws -> Ending {
        model.receive(try await fetch(), at: Reactor.now)
        let watches = [
            try reactor.watch(input) { [unowned self] _ in readKeys() },
            try reactor.watch(signals.descriptor) { [unowned self] _ in
                while let signal = signals.next() { received(signal) }
            },
        ]
        try await show()
        scheduleFetch(at: Reactor.now + model.interval)
        let ending = await withCheckedContinuation { continuation in
            end = continuation
            // A signal may have come before.
            if let early { finish(early) }
        }
        for watch in watches { reactor.cancel(watch) }
        for timer in [nextFetch, endOfPatience, endOfEscape] { if let timer { reactor.cancel(timer) } }
        await hide()
        return ending
    }

    private func finish(_ ending: Ending) {
        early = ending
        end?.resume(returning: ending)
        end = nil
    }

    // MARK: The screen

    private func show() async throws(SystemCallError) {
        try mode.setRaw()
        try await writer.write(TerminalMode.entering)
        screen.forget()
        model.size = .of(1)
        isShown = true
        draw()
    }

    /// Gives the terminal back as it was. One that stands still gets a second; then its mode is all that is restored.
    private func hide() async {
        isShown = false
        await withCheckedContinuation { continuation in
            leaving = continuation
            endOfLeaving = reactor.schedule(at: Reactor.now + .seconds(1)) { [unowned self] in hasLeft() }
            Task(executorPreference: reactor) { await self.writeLeaving() }
        }
        mode.restore()
    }

    private func writeLeaving() async {
        try? await writer.write(TerminalMode.leaving)
        hasLeft()
    }

    private func hasLeft() {
        if let endOfLeaving { reactor.cancel(endOfLeaving) }
        endOfLeaving = nil
        leaving?.resume()
        leaving = nil
    }

    /// Writes what differs from what is shown. While an earlier frame is on its way nothing is added to it, so that a
    /// slow line gets fewer frames rather than late ones.
    private func draw() {
        guard isShown else { return }
        if isWriting {
            isStale = true
            return
        }
        let sequence = screen.sequence(to: model.frame(), size: model.size)
        if sequence.isEmpty { return }
        isWriting = true
        Task(executorPreference: reactor) { await self.write(sequence) }
    }

    private func write(_ frame: String) async {
        do {
            try await writer.write(frame)
        } catch {
            finish(.failed(error))
        }
        isWriting = false
        if isStale {
            isStale = false
            draw()
        }
    }

    // MARK: Snapshots

    private func scheduleFetch(at deadline: Duration) {
        if let nextFetch { reactor.cancel(nextFetch) }
        nextFetch = reactor.schedule(at: deadline) { [unowned self] in refresh() }
    }

    private func refresh() {
        if isFetching || model.isPaused { return }
        isFetching = true
        Task(executorPreference: reactor) { await self.load() }
    }

    private func load() async {
        let started = Reactor.now
        // What is shown gets old, and looks as if it didn't.
        endOfPatience = reactor.schedule(at: started + Self.patience) { [unowned self] in
            model.problem = "the supervisor gives no answer"
            draw()
        }
        defer {
            if let endOfPatience { reactor.cancel(endOfPatience) }
        }
        do {
            let snapshot = try await fetch()
            model.problem = nil
            // What one looks at while it is paused stays.
            if !model.isPaused { model.receive(snapshot, at: Reactor.now) }
        } catch {
            model.problem = "\(error)"
        }
        isFetching = false
        // A supervisor that needs longer than the interval isn't asked all the time.
        scheduleFetch(at: max(started + model.interval, Reactor.now + .milliseconds(100)))
        draw()
    }

    // MARK: Keys and signals

    private func readKeys() {
        if let endOfEscape { reactor.cancel(endOfEscape) }
        endOfEscape = nil
        let bytes = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            (try? input.read(into: buffer)).map { Array(buffer[..<$0]) } ?? []
        }
        if bytes.isEmpty { return finish(.signal(SIGHUP)) }
        press(decoder.decode(bytes))
        guard decoder.isWaiting else { return }
        // The escape key sends what the others begin with; over a slow line the rest comes later.
        endOfEscape = reactor.schedule(at: Reactor.now + .milliseconds(200)) { [unowned self] in
            press(decoder.finish())
        }
    }

    private func press(_ keys: [Key]) {
        for key in keys {
            switch model.press(key) {
            case .quit: return finish(.quit)
            // To all of the job, as the terminal itself does.
            case .suspend: kill(0, SIGTSTP)
            case .redraw: screen.forget()
            case .refresh: refresh()
            case .command(let command, let id):
                Task(executorPreference: reactor) { await self.give(command, to: id) }
            case nil: break
            }
        }
        draw()
    }

    /// What becomes of it is seen in the rows; it isn't waited for.
    private func give(_ command: WorkerCommand, to id: TopID) async {
        do {
            try await self.command(command, id.name)
            model.note = "\(command) \(id.name): on its way"
            refresh()
        } catch {
            model.note = "\(error)"
        }
        draw()
    }

    private func received(_ signal: Int32) {
        switch signal {
        case SIGWINCH:
            model.size = .of(1)
            draw()
        case SIGTSTP: Task(executorPreference: reactor) { await self.suspend() }
        case SIGCONT: Task(executorPreference: reactor) { await self.resume() }
        default: finish(.signal(signal))
        }
    }

    private func suspend() async {
        guard isShown else { return }
        await hide()
        SignalDefault.perform(SIGTSTP)
        // The SIGCONT that ended this is answered below.
        while let signal = signals.next() {
            if signal != SIGCONT { received(signal) }
        }
        // Also where nobody would continue us, and the kernel therefore doesn't stop us.
        await resume()
    }

    private func resume() async {
        do {
            try await show()
            refresh()
        } catch {
            finish(.failed(error))
        }
    }
}
