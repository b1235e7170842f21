import ControlGroups
import FoundationEssentials
import Processes
import Reactor
import Specification
import Supervision

/// What a supervisor that died left to this one.
struct SavedState {
    /// The absolute path of its delegated root.
    let root: String
    /// The journal's ID, which the root has, too.
    let id: UInt64
    /// What it ran.
    let specification: Specification
    let totals: Totals
    /// How many lines of the journal had to be left out.
    let damagedLines: Int
    /// Whether there was no room for all that should be in it.
    let isIncomplete: Bool
    var services: [String: Service] = [:]
    /// What incarnations were started with, by the keys in their archives.
    var specifications: [String: ServiceSpecification] = [:]

    /// What concerns no single service.
    struct Totals: Codable {
        /// How many incarnations have ended, at least; see ``SavedState/ends``.
        var ends: UInt64 = 0
        /// What the fleet knew but for services.
        var fleet = Fleet.Archive()
        /// Whether everything was being stopped, and why if nobody asked for that.
        var isStopping = false
        var essentialFailure: EssentialFailure?
    }

    /// A service.
    struct Service {
        let fleet: Fleet.ServiceArchive
        /// What its next workers are started with; nil if it was about to be made.
        let specification: ServiceSpecification?
        /// Those that anything of it runs or may come to run, by digest.
        let revisions: [String: ServiceSpecification]
        let counters: ServiceCounters
        var workers: [Int: Worker] = [:]
    }

    /// A worker.
    struct Worker: Codable {
        var machine: WorkerMachine
        /// The key of its policy, which has a record of its own.
        var policy: Int?
        var incarnations: [Incarnation]
        /// Kept by records of their own.
        var record: WorkerRecord?
    }

    /// What the driver knew of an incarnation.
    struct Incarnation: Codable {
        var number: UInt64
        var specification: String
        var limits: ResourceLimits
        var firstPid: Int32?
        var leader: Leader?
        var formerLeaders: [Leader]
        var exit: ProcessExit?
        var statusText: String?
        var isCounted: Bool
        var memoryHighTouches: UInt64
        var hasTouchedTasksMax: Bool
        var keptName: String?
        var healthProbe: HealthProbe?
        var lastProbe: ProbeSnapshot?
    }

    /// A process that is, or was, a leader.
    struct Leader: Codable {
        var pid: Int32
        /// Whether we or the keeper are its parent.
        var isOwn: Bool
    }
}

extension SavedState {
    /// How many incarnations have ended, by the latest end of any worker.
    var ends: UInt64 {
        let workers = services.values.flatMap(\.workers.values)
        return max(totals.ends, workers.compactMap { $0.record?.lastEnd }.max() ?? 0)
    }

    /// Reads what there is at a path; nil if there is nothing that fits the delegated root that it tells of.
    ///
    /// - Throws: ``StateError`` if it is another version's.
    static func load(_ path: String) throws -> SavedState? {
        guard let records = try StateJournal.read(path) else { return nil }
        let header = records.header
        let opened = try unlessExhausted { () throws(SystemCallError) in try ControlGroup.open(header.root) }
        guard let root = opened, try root.journalID() == header.id else { return nil }
        do {
            return try decode(records, isIncomplete: try root.isJournalIncomplete())
        } catch {
            throw StateError.record(path, error)
        }
    }

    /// What records tell; nil if that isn't even what was to run.
    static func decode(_ records: StateJournal.Records, isIncomplete: Bool) throws -> SavedState? {
        let header = records.header
        guard let specification: Specification = try records.value("specification") else { return nil }
        var state = SavedState(
            root: header.root, id: header.id, specification: specification,
            totals: try records.value("totals") ?? Totals(), damagedLines: records.damagedLines,
            isIncomplete: isIncomplete)
        for name in records.keys(behind: "fleet:") {
            guard let fleet: Fleet.ServiceArchive = try records.value("fleet:\(name)") else { continue }
            state.services[name] = Service(
                fleet: fleet, specification: try records.value("service:\(name)"),
                revisions: try records.value("revisions:\(name)") ?? [:],
                counters: try records.value("counters:\(name)") ?? ServiceCounters())
        }
        for name in records.keys(behind: "worker:") {
            guard let worker = (try? NamePattern(name))?.onlyWorker,
                var archive: Worker = try records.value("worker:\(name)")
            else { continue }
            if let key = archive.policy { archive.machine.policy = try records.value("policy:\(key)") }
            archive.record = try records.value("usage:\(name)")
            let past = try records.all("past:\(name)", as: IncarnationRecord.self)
            if !past.isEmpty { archive.record = archive.record ?? WorkerRecord() }
            for record in past.suffix(WorkerRecord.mostRemembered) { archive.record?.remember(record) }
            state.services[worker.service]?.workers[worker.number] = archive
        }
        for key in records.keys(behind: "started-with:") {
            state.specifications[key] = try records.value("started-with:\(key)")
        }
        return state
    }
}

/// What is opened, or nil if it can't be. Not so for lack of memory or of descriptors: who takes that for nothing being there
/// begins afresh, and kills what runs.
func unlessExhausted<Result: ~Copyable>(
    _ body: () throws(SystemCallError) -> Result
) throws(SystemCallError) -> Result? {
    do {
        return try body()
    } catch {
        if error.errno.isExhaustion { throw error }
        return nil
    }
}

extension ControlGroup {
    private static let journalAttribute = "journal"

    /// Which journal tells of this root; nil if none does.
    func journalID() throws(SystemCallError) -> UInt64? {
        try attribute(Self.journalAttribute).flatMap { UInt64($0, radix: 16) }
    }

    /// Notes which journal tells of this root.
    func setJournalID(_ id: UInt64) throws(SystemCallError) {
        try setAttribute(Self.journalAttribute, String(id, radix: 16))
    }

    private static let incompleteAttribute = "journal-incomplete"

    /// Whether the journal of this root doesn't tell all.
    func isJournalIncomplete() throws(SystemCallError) -> Bool { try attribute(Self.incompleteAttribute) != nil }

    /// Notes whether the journal of this root doesn't tell all.
    func markJournal(asIncomplete isIncomplete: Bool) throws(SystemCallError) {
        if isIncomplete {
            try setAttribute(Self.incompleteAttribute, "1")
        } else {
            try removeAttribute(Self.incompleteAttribute)
        }
    }
}
