import Reactor
import Supervision

/// A descriptor that a worker has left with the supervisor for its next incarnation (`FDSTORE=1` of sd_notify(3)).
final class StoredDescriptor {
    /// The name that the worker gave it.
    let name: String
    /// Its name in the store: `store.web.0.12.NAME`.
    let key: String
    /// The descriptor.
    let descriptor: Shared<Descriptor>
    /// Whether it is dropped when it is hung up.
    let dropsHungUp: Bool
    /// What waits for that.
    var watch: Watch?

    init(name: String, worker: WorkerID, sequence: UInt64, dropsHungUp: Bool, _ descriptor: Shared<Descriptor>) {
        self.name = name
        self.descriptor = descriptor
        self.dropsHungUp = dropsHungUp
        key = "store.\(worker.service).\(worker.number).\(sequence)\(dropsHungUp ? "" : "-").\(name)"
    }

    /// One that is in a store already, and the worker and the sequence number that its name tells; nil if it is no such
    /// name.
    static func recall(
        _ key: String, _ descriptor: Shared<Descriptor>
    ) -> (stored: StoredDescriptor, worker: WorkerID, sequence: UInt64)? {
        let parts = key.split(separator: ".", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "store", let number = Int(parts[2]) else { return nil }
        let dropsHungUp = !parts[3].hasSuffix("-")
        guard let sequence = UInt64(dropsHungUp ? parts[3] : parts[3].dropLast()) else { return nil }
        let worker = WorkerID(service: String(parts[1]), number: number)
        let stored = StoredDescriptor(
            name: String(parts[4]), worker: worker, sequence: sequence, dropsHungUp: dropsHungUp, descriptor)
        return (stored, worker, sequence)
    }
}
