import Keeper
import Logging
import Reactor
import Specification
import Supervision
import Systemd

/// The sockets of services.
extension Supervisor {
    /// What the keeper kept of sockets and of what workers stored, its own from systemd included.
    static func handedOver(by keeper: KeeperLink?) -> [HandedDescriptor] {
        (keeper?.kept ?? []).filter { kept in ["socket.", "store.", "systemd."].contains { kept.name.hasPrefix($0) } }
            .map { HandedDescriptor(name: $0.name, number: $0.descriptor) }
    }

    /// Has the keeper keep whatever comes into the store.
    func keepDescriptors() {
        guard let keeper = options.keeper else { return }
        store.observer = { [unowned self] change in
            do {
                switch change {
                case .added(let name, _):
                    if let descriptor = store[name] { try keeper.store(descriptor.value, as: name) }
                case .removed(let name): keeper.remove(name)
                }
            } catch {
                events.log(.warning, .trouble, "a socket would not outlive this supervisor: \(error)")
            }
        }
    }

    /// Tells of descriptors that systemd passed and that nobody wants. They stay open, as a later specification may.
    func warnOfUnclaimedSockets() {
        let wanted = Set(
            specification.services.flatMap(\.sockets).compactMap { socket -> String? in
                if case .systemd(let name) = socket.source { name } else { nil }
            })
        for name in Set(store.names("systemd.").map(systemdName)).subtracting(wanted).sorted() {
            events.log(
                .warning, .trouble,
                "systemd passed a socket named \"\(name)\" that no service names; give one [[service.NAME.socket]] with "
                    + "from_systemd = \"\(name)\"")
        }
    }

    /// Closes what was handed over for services that are no more.
    func closeForgottenSockets() {
        let services = Set(
            store.names("socket.").compactMap { $0.split(separator: ".").dropFirst().first.map(String.init) })
        for service in services where specified(service) == nil && self.services[service] == nil {
            ListeningSockets(service: service, store: store).close(allBut: [])
        }
    }

    /// Changes the sockets of a service that has some open to what is specified now. What its workers were started with
    /// stays open until the last of them is gone.
    func adjustSockets(of specification: ServiceSpecification) {
        guard let service = services[specification.name] else { return }
        do {
            try launcher.openSockets(of: service)
        } catch {
            // A start of a worker fails for the same reason, and is tried again.
            events.log(.warning, .trouble, "\(specification.name): \(error)", service: specification.name)
        }
        closeUnusedSockets(of: service)
    }

    /// Closes the sockets that a service was specified to have, once no worker is left that was started with them.
    func closeUnusedSockets(of service: Service) {
        guard service.sockets.mayHaveUnused else { return }
        let name = service.specification.name
        var used = service.specification.sockets
        for (worker, incarnations) in incarnations where worker.service == name {
            for incarnation in incarnations { used += incarnation.specification.sockets }
        }
        service.sockets.close(allBut: used)
    }

    /// A worker is going, or has failed: a socket of its own leaves the group of those that the kernel chooses from.
    func leaveSockets(of worker: WorkerID) {
        guard let lost = services[worker.service]?.sockets.leave(worker.number), lost > 0 else { return }
        events.log(
            .warning, .trouble,
            "\(worker) had \(lost) connection\(lost == 1 ? "" : "s") queued that are lost unless it accepts them; with "
                + "net.ipv4.tcp_migrate_req = 1 (sysctl.d(5)) the kernel gives them to other workers", worker, nil)
    }
}
