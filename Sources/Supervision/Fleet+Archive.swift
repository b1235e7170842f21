/// What a fleet leaves to another one, of a supervisor that follows.
extension Fleet {
    /// All that is known of a service, but for its workers.
    public struct ServiceArchive: Hashable, Sendable, Codable {
        private let service: Service

        fileprivate init(_ service: Service) {
            self.service = service
        }

        fileprivate func makeService(_ workers: [WorkerMachine]) -> Service {
            var service = service
            service.workers = workers
            return service
        }

        fileprivate var policy: WorkerPolicy { service.policy }
        fileprivate var wanted: Int { service.wanted }
    }

    /// The highest number that an incarnation of a forgotten worker had.
    public var lastForgotten: UInt64 { lastForgottenNumber }

    /// All that is known of a service but for its workers; nil if there is no such service.
    public func archive(of name: String) -> ServiceArchive? {
        guard var service = services[name] else { return nil }
        service.workers = []
        return ServiceArchive(service)
    }

    /// Takes over a service that an earlier fleet had.
    ///
    /// - Parameters:
    ///   - workers: its workers as far as they are known, by number. What is missing was about to be added, and is down.
    ///   - lastForgotten: what ``lastForgotten`` was.
    ///   - now: the time from which on silence counts.
    /// - Returns: the numbers of those that were missing and are wanted.
    public mutating func restore(
        _ name: String, _ archive: ServiceArchive, workers: [Int: WorkerMachine], lastForgotten: UInt64,
        at now: Duration
    ) -> [Int] {
        lastForgottenNumber = max(lastForgottenNumber, lastForgotten)
        let count = max(archive.wanted, (workers.keys.max() ?? -1) + 1)
        insert(
            archive.makeService(
                (0..<count).map { number in
                    guard var worker = workers[number] else {
                        return WorkerMachine(policy: archive.policy, numberingAfter: lastForgottenNumber)
                    }
                    worker.goOn(at: now)
                    return worker
                }), named: name)
        return (0..<archive.wanted).filter { workers[$0] == nil }
    }
}
