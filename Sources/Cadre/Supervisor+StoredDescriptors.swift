import CLinux
import Logging
import Reactor
import Supervision
import Systemd

/// Descriptors that workers leave for their next incarnation (`FDSTORE=1` of sd_notify(3)), as systemd keeps them for its
/// services: over restarts and replacements, until the worker is stopped or has failed.
extension Supervisor {
    /// What a worker's next incarnation gets.
    func storedDescriptors(of worker: WorkerID) -> [(name: String, descriptor: Int32)] {
        (stored[worker] ?? []).map { ($0.name, $0.descriptor.value.rawValue) }
    }

    /// Goes on with what an earlier supervisor kept.
    func recallStoredDescriptors() {
        var found: [(stored: StoredDescriptor, worker: WorkerID, sequence: UInt64)] = []
        for key in store.names("store.") {
            if let descriptor = store[key], let item = StoredDescriptor.recall(key, descriptor) { found.append(item) }
        }
        for item in found.sorted(by: { $0.sequence < $1.sequence }) {
            stored[item.worker, default: []].append(item.stored)
            lastStored = max(lastStored, item.sequence)
            watch(item.stored, of: item.worker)
        }
    }

    /// Keeps the descriptors of a message, if that is what it asks for, and closes them otherwise.
    func store(
        _ descriptors: [Int32], _ notifications: [Notification], of incarnation: LiveIncarnation, atMost most: Int
    ) {
        var request: (name: String, dropsHungUp: Bool)?
        for case .storeDescriptors(let name, let dropsHungUp) in notifications { request = (name, dropsHungUp) }
        let worker = incarnation.worker
        if request != nil, descriptors.isEmpty {
            complain(incarnation, "sent descriptors to be stored that did not arrive, as there are too many open files")
        }
        var refused = 0
        for number in descriptors {
            // Closed at the end of its turn, unless it is kept.
            let descriptor = Shared(Descriptor(owning: number))
            guard let request, isCurrent(incarnation) else { continue }
            let present = stored[worker] ?? []
            if present.contains(where: { cadre_is_same_file($0.descriptor.value.rawValue, number) }) { continue }
            guard present.count < most else {
                refused += 1
                continue
            }
            lastStored += 1
            let item = StoredDescriptor(
                name: request.name, worker: worker, sequence: lastStored, dropsHungUp: request.dropsHungUp, descriptor)
            stored[worker, default: []].append(item)
            store[item.key] = descriptor
            watch(item, of: worker)
        }
        if refused > 0 {
            complain(incarnation, "sent \(refused) more descriptors to be stored than fd_store_max = \(most) allows")
        }
    }

    /// Drops what a worker has stored under a name.
    func removeStored(_ name: String, of worker: WorkerID) {
        drop(of: worker) { $0.name == name }
    }

    /// Drops all that a worker has stored.
    func dropStoredDescriptors(of worker: WorkerID) {
        drop(of: worker) { _ in true }
    }

    /// Whether what an incarnation says is about the worker as it is to go on: one that is being stopped for good has no
    /// successor to leave anything to.
    private func isCurrent(_ incarnation: LiveIncarnation) -> Bool {
        fleet.worker(incarnation.worker)?.goal == .running
    }

    private func drop(of worker: WorkerID, _ isToGo: (StoredDescriptor) -> Bool) {
        guard let items = stored[worker] else { return }
        for item in items where isToGo(item) {
            // Before its descriptor is closed.
            if let watch = item.watch { reactor.cancel(watch) }
            item.watch = nil
            store[item.key] = nil
        }
        let left = items.filter { !isToGo($0) }
        stored[worker] = left.isEmpty ? nil : left
    }

    private func watch(_ item: StoredDescriptor, of worker: WorkerID) {
        guard item.dropsHungUp else { return }
        // Fails for what can't be hung up, such as a regular file.
        item.watch = try? reactor.watch(item.descriptor.value, for: []) { [unowned self, key = item.key] _ in
            drop(of: worker) { $0.key == key }
        }
    }
}
