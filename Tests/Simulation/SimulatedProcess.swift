import Supervision

/// A program as an incarnation runs it: what it is going to do was decided by chance when it was executed, from the
/// scenario's seed and its own name alone, so that it does the same whatever happens to others.
struct SimulatedProcess {
    /// What it is like.
    enum Behaviour: CaseIterable {
        /// It serves until it is told to stop.
        case serves
        /// It ends by itself, soon.
        case crashes
        /// Nobody ever hears that it is ready: it isn't, or the message was lost.
        case neverReady
        /// It is deaf to the stop signal.
        case hangsAtStop
        /// It leaves processes behind that end when they are told to.
        case leavesDescendants
        /// It grows until it touches `memory.high`, again and again.
        case touchesMemory
        /// It grows until the kernel kills it.
        case outOfMemory
        /// It stops answering: no signs of life, no probe passes.
        case hangs
        /// It says that it is about to end, and does.
        case retires
    }

    let behaviour: Behaviour
    /// Whether it runs a release that is never ready.
    let isBad: Bool
    var random: SeededRandom
    /// Whether its watchdog is fed, and how often.
    var watchdog: Duration?
    var isReady = false
    /// Whether it was told to stop.
    var isTold = false
    /// How its leader ended, if only that one did.
    var leaderExit: Exit?
    /// Whether nothing of it is left.
    var isGone = false
    var isFrozen = false
    /// What it is going to do when it is thawed.
    var deferred: [WorkerInput] = []

    /// The program of a worker's incarnation of this number.
    init(_ id: WorkerID, _ number: UInt64, scenario: Scenario, isBad: Bool, isPeace: Bool) {
        var random = SeededRandom(seed: scenario.seed, name: "\(id)@\(number)")
        self.isBad = isBad
        if isBad {
            behaviour = random.chance(0.6) ? .crashes : .neverReady
        } else if isPeace || scenario.isCalm || random.chance(0.55) {
            behaviour = .serves
        } else {
            behaviour = Behaviour.allCases.randomElement(using: &random)!
        }
        self.random = random
    }

    mutating func chance(_ probability: Double) -> Bool { random.chance(probability) }

    /// A time within a range of seconds, in whole milliseconds, at least one.
    mutating func wait(_ seconds: ClosedRange<Double>) -> Duration {
        .milliseconds(1 + Int(1000 * Double.random(in: seconds, using: &random)))
    }
}
