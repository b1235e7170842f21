import Cadre

/// What a row of `cadre top` is about: a service, or a worker of it.
struct TopID: Hashable {
    let service: String
    /// The worker's number; nil for the service.
    let worker: Int?

    /// As users write it.
    var name: String { worker.map { "\(service)/\($0)" } ?? service }
}

/// How fast a counter grows, from its values at different times.
struct Rate {
    private var last: (value: Double, at: Duration, epoch: UInt64?)?
    /// By how much a second it grew lately; nil until that is known.
    private(set) var perSecond: Double?

    /// Takes the counter's value. One that went back, or is of another epoch, began anew: nothing is known of it yet.
    mutating func add(_ value: Double?, epoch: UInt64? = nil, at now: Duration) {
        let previous = last
        last = value.flatMap { $0.isFinite ? ($0, now, epoch) : nil }
        perSecond = nil
        guard let previous, let last, previous.epoch == epoch, last.value >= previous.value, now > previous.at else {
            return
        }
        let rate = (last.value - previous.value) / ((now - previous.at) / .seconds(1))
        perSecond = rate.isFinite ? rate : nil
    }
}

/// How the services and workers did lately.
struct TopHistory {
    /// How many samples are kept.
    static let length = 60

    /// What is known of a service or a worker.
    struct Track {
        private var cpuRate = Rate()
        private var readRate = Rate()
        private var writeRate = Rate()
        /// Processor time in percent of one processor, oldest first; nil where it isn't known.
        private(set) var cpu: [Double?] = []
        /// Memory in bytes, oldest first; nil where it isn't known.
        private(set) var memory: [Double?] = []
        /// Bytes read a second.
        var read: Double? { readRate.perSecond }
        /// Bytes written a second.
        var written: Double? { writeRate.perSecond }

        fileprivate mutating func add(cpuSeconds: Double?, memory bytes: UInt64?, at now: Duration) {
            cpuRate.add(cpuSeconds, at: now)
            append(cpu: cpuRate.perSecond.map { $0 * 100 }, memory: bytes)
        }

        fileprivate mutating func append(cpu percent: Double?, memory bytes: UInt64?) {
            cpu = (cpu + [percent]).suffix(TopHistory.length)
            memory = (memory + [bytes.map { Double($0) }]).suffix(TopHistory.length)
        }

        /// These count for an incarnation, whereas a worker's processor time goes on through all of them.
        fileprivate mutating func add(_ io: IOSnapshot?, of incarnation: UInt64?, at now: Duration) {
            readRate.add(io.map { Double($0.readBytes) }, epoch: incarnation, at: now)
            writeRate.add(io.map { Double($0.writtenBytes) }, epoch: incarnation, at: now)
        }
    }

    private var tracks: [TopID: Track] = [:]
    /// That of all services together.
    private(set) var total = Track()

    subscript(id: TopID) -> Track { tracks[id] ?? Track() }

    /// Takes what a snapshot tells, and forgets what isn't in it.
    mutating func record(_ snapshot: Snapshot, at now: Duration) {
        var updated: [TopID: Track] = [:]
        var totalCPU: Double?
        var totalMemory: UInt64?
        for service in snapshot.services {
            for worker in service.workers {
                let id = TopID(service: service.name, worker: worker.number)
                var track = self[id]
                track.add(cpuSeconds: worker.cpuSeconds, memory: worker.memoryBytes, at: now)
                track.add(worker.io, of: worker.incarnation, at: now)
                updated[id] = track
            }
            let id = TopID(service: service.name, worker: nil)
            var track = self[id]
            let memory = service.memoryBytes ?? sum(service.workers.compactMap(\.memoryBytes))
            track.add(
                cpuSeconds: service.cpuSeconds ?? service.workers.reduce(0) { $0 + $1.cpuSeconds }, memory: memory,
                at: now)
            updated[id] = track
            if let cpu = track.cpu.last ?? nil { totalCPU = (totalCPU ?? 0) + cpu }
            totalMemory = sum([totalMemory, memory].compactMap { $0 })
        }
        tracks = updated
        total.append(cpu: totalCPU, memory: totalMemory)
    }
}

/// The sum; nil of nothing.
func sum(_ numbers: [UInt64]) -> UInt64? {
    numbers.isEmpty ? nil : numbers.reduce(0) { $0.addingReportingOverflow($1).partialValue }
}
