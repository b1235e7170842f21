import CLinux
import Logging
import Reactor
import Specification
import Supervision
import Systemd

/// Services on demand: down until somebody connects, and again when nobody has been connected for a while.
extension Supervisor {
    /// A service was added or changed: begins, goes on or ends to watch it.
    func noteDemand(of specification: ServiceSpecification) {
        let name = specification.name
        guard specification.isOnDemand else {
            if let service = services[name] { endDemand(of: service) }
            if fleet.isAsleep(name) { perform(fleet.wake(name, at: Reactor.now)) }
            return
        }
        do {
            let service = try service(named: name)
            try launcher.openSockets(of: service)
            if let demand = service.demand { unwatch(demand) }
            service.demand = service.demand ?? Demand()
            attend(service)
        } catch {
            // Its workers can't be started either, and that shows: they are tried again, and then have failed.
            events.log(.error, .trouble, "\(name) can't wait for connections: \(error)", service: name)
            perform(fleet.wake(name, at: Reactor.now))
        }
    }

    /// A worker of a service was started, or sleeps.
    func attend(_ name: String) {
        if let service = services[name], service.demand != nil { attend(service) }
    }

    private func attend(_ service: Service) {
        guard let demand = service.demand else { return }
        let name = service.specification.name
        if fleet.isAsleep(name) {
            if demand.watches.isEmpty { watch(service, demand) }
        } else {
            unwatch(demand)
        }
        if !hasRunningWorkers(name) {
            if let timer = demand.timer { reactor.cancel(timer) }
            demand.timer = nil
        } else if demand.timer == nil, !demand.isLooking {
            demand.lastUse = Reactor.now
            demand.lastLook = Reactor.now
            lookLater(service, demand)
        }
    }

    /// Ends all watching of a service.
    func endDemand(of service: Service) {
        guard let demand = service.demand else { return }
        service.demand = nil
        unwatch(demand)
        if let timer = demand.timer { reactor.cancel(timer) }
        demand.timer = nil
    }

    private func hasRunningWorkers(_ name: String) -> Bool {
        fleet.workers(of: name)?.contains { $0.goal == .running } == true
    }

    // MARK: Asleep

    private func watch(_ service: Service, _ demand: Demand) {
        let name = service.specification.name
        for socket in service.sockets.shared(of: service.specification.sockets) {
            do {
                let watch = try reactor.watch(socket.value) { [unowned self] _ in connected(name) }
                demand.watches.append((watch, socket))
            } catch {
                events.log(.error, .trouble, "\(name) can't wait for connections: \(error)", service: name)
                perform(fleet.wake(name, at: Reactor.now))
                return
            }
        }
    }

    private func unwatch(_ demand: Demand) {
        for item in demand.watches { reactor.cancel(item.watch) }
        demand.watches = []
    }

    private func connected(_ name: String) {
        guard let demand = services[name]?.demand else { return }
        // What has come is for the workers to take, and would be told again and again until they do.
        unwatch(demand)
        guard fleet.isAsleep(name) else { return }
        events.log(.info, .woken, "\(name) is started, as somebody connects", service: name)
        perform(fleet.wake(name, at: Reactor.now))
    }

    // MARK: Awake

    private func lookLater(_ service: Service, _ demand: Demand) {
        guard let timeout = service.specification.idleTimeout else { return }
        let name = service.specification.name
        demand.timer = reactor.schedule(at: Reactor.now + Demand.interval(timeout)) { [unowned self] in
            services[name]?.demand?.timer = nil
            look(name)
        }
    }

    /// Looks whether a service is in use; the kernel's table of connections is read on a thread of its own, as it may be
    /// long.
    private func look(_ name: String) {
        guard let service = services[name], let demand = service.demand, hasRunningWorkers(name) else { return }
        let sockets = service.sockets.shared(of: service.specification.sockets)
        let now = Reactor.now
        let search = ConnectionSearch(
            addresses: sockets.compactMap { BoundAddress(of: $0.value) }, recently: now - demand.lastLook)
        demand.lastLook = now
        if sockets.contains(where: { isReadable($0.value) }) || !isSettled(name) { return looked(name, isInUse: true) }
        demand.isLooking = true
        do {
            try startThread(name: "cadre-connections") { [self] in
                let isInUse = search.run()
                Task(executorPreference: self.reactor) { await self.looked(name, isInUse: isInUse) }
            }
        } catch {
            looked(name, isInUse: true)
        }
    }

    private func looked(_ name: String, isInUse: Bool) {
        guard let service = services[name], let demand = service.demand else { return }
        demand.isLooking = false
        guard hasRunningWorkers(name) else { return }
        let now = Reactor.now
        if isInUse { demand.lastUse = now }
        guard let timeout = service.specification.idleTimeout, now - demand.lastUse >= timeout, phase == .running else {
            return lookLater(service, demand)
        }
        perform(fleet.sleep(name, at: now))
        attend(service)
    }

    /// Whether each worker is ready, or isn't going to be. Who is about to become ready is there for somebody.
    private func isSettled(_ name: String) -> Bool {
        fleet.workers(of: name)?.contains { [.starting, .waiting].contains($0.state) || $0.isBeingReplaced } == false
    }
}

/// Whether something waits on a socket: connections, or messages.
private func isReadable(_ socket: borrowing Descriptor) -> Bool {
    var polled = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 0) > 0
}
