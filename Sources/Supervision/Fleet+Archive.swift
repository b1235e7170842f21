/// What a fleet leaves to another one, of a supervisor that follows.
extension Fleet {
    /// All that is known of a service, but for its workers.
    public struct ServiceArchive: Hashable, Sendable, Codable {
        private let service: FleetService

        fileprivate init(_ service: FleetService) {
            self.service = service
        }

        fileprivate func makeService(_ workers: [WorkerMachine]) -> FleetService {
            var service = service
            service.workers = workers
            return service
        }

        fileprivate var policy: WorkerPolicy { service.policyInForce }
        fileprivate var revision: String { service.revisionInForce }
        fileprivate var wanted: Int { service.wanted }
    }

    /// All that is known but for services: of their order, and of those that are no more.
    public struct Archive: Hashable, Sendable, Codable {
        fileprivate var order = StartOrder()
        fileprivate var held: Set<String> = []
        fileprivate var postponed: [String: [Int: Postponement]] = [:]
        fileprivate var lastForgottenNumber: UInt64 = 0

        /// That of a fleet which had no services yet.
        public init() {}
    }

    /// All that is known but for services.
    public var archive: Archive {
        var archive = Archive()
        archive.order = order
        archive.held = held
        archive.postponed = postponed
        archive.lastForgottenNumber = lastForgottenNumber
        return archive
    }

    /// Takes over what an earlier fleet knew; to be called before services are.
    public mutating func restore(_ archive: Archive) {
        order = archive.order
        held = archive.held
        postponed = archive.postponed
        lastForgottenNumber = archive.lastForgottenNumber
    }

    /// All that is known of a service but for its workers; nil if there is no such service.
    public func archive(of name: String) -> ServiceArchive? {
        guard var service = services[name] else { return nil }
        service.workers = []
        return ServiceArchive(service)
    }

    /// Takes over a service that an earlier fleet had.
    ///
    /// - Parameters:
    ///   - name: the service.
    ///   - archive: what the earlier fleet knew of it.
    ///   - workers: its workers as far as they are known, by number. What is missing was about to be added, and is down.
    ///   - now: the time from which on silence counts.
    /// - Returns: the numbers of those that were missing and are wanted.
    public mutating func restore(
        _ name: String, _ archive: ServiceArchive, workers: [Int: WorkerMachine], at now: Duration
    ) -> [Int] {
        let count = max(archive.wanted, (workers.keys.max() ?? -1) + 1)
        insert(
            archive.makeService(
                (0..<count).map { number in
                    guard var worker = workers[number] else {
                        return WorkerMachine(
                            policy: archive.policy, revision: archive.revision, numberingAfter: lastForgottenNumber)
                    }
                    // What is not known any more is the service's.
                    if worker.policy == nil { worker.policy = archive.policy }
                    worker.goOn(at: now)
                    return worker
                }), named: name)
        return (0..<archive.wanted).filter { workers[$0] == nil }
    }

    /// Notes that an incarnation runs of which the earlier fleet left no word: the worker's next one has its number, so
    /// that whoever starts that finds it there.
    public mutating func noteRunning(_ id: WorkerID, _ number: UInt64) {
        unexpected[id] = max(number, unexpected[id] ?? 0)
        guard services[id.service]?.workers.indices.contains(id.number) == true else { return }
        services[id.service]!.workers[id.number].lastNumber = max(
            number - 1, services[id.service]!.workers[id.number].lastNumber)
    }

    /// The number after which the incarnations of a worker begin that is new.
    func lastNumber(of id: WorkerID) -> UInt64 { max(lastForgottenNumber, (unexpected[id] ?? 1) - 1) }

    /// Goes on with what was restored; to be called once it is known what happened meanwhile.
    public mutating func goOn(at now: Duration) -> [FleetAction] {
        for name in serviceNames { settle(name, at: now) }
        return takeActions(at: now)
    }
}
