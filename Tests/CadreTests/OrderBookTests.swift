import Reactor
import Supervision
import Testing

@testable import Cadre

@Suite("The book of orders") struct OrderBookTests {
    /// A book on a thread like the core's.
    private actor Desk {
        let reactor: Reactor
        let book = OrderBook()
        nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

        init() throws {
            reactor = try Reactor()
        }

        func note(_ workers: WorkerID..., intent: OrderBook.Intent? = .running) -> Order { book.note(workers, intent) }

        func isSuperseded(_ worker: WorkerID, _ order: Order) -> Bool { book.isSuperseded(worker, in: order) }

        /// What one who waits for an order is told when these outcomes have come, in this order, and then gives up.
        func wait(
            _ order: Order, _ outcomes: [(WorkerID, WorkerOutcome.Outcome?)]
        ) async -> [WorkerOutcome] {
            await withCheckedContinuation { continuation in
                let key = book.makeKey()
                book.add(key, order, .ready, timer: nil, continuation)
                for (worker, outcome) in outcomes {
                    book.settle(worker, on: reactor) { _, _ in
                        outcome.map { WorkerOutcome(worker: "\(worker)", outcome: $0, state: nil) }
                    }
                }
                for _ in 0..<2 {
                    book.finish(key, on: reactor) {
                        WorkerOutcome(worker: "\($0)", outcome: .timedOut, state: nil)
                    }
                }
            }
        }
    }

    private let web = (0..<3).map { WorkerID(service: "web", number: $0) }

    @Test("a later command that wants something else supersedes an earlier one, for its workers only")
    func supersede() async throws {
        let desk = try Desk()
        let first = await desk.note(web[0], web[1])
        let second = await desk.note(web[1], web[2], intent: .stopped)
        #expect(await !desk.isSuperseded(web[0], first))
        #expect(await desk.isSuperseded(web[1], first))
        #expect(await !desk.isSuperseded(web[1], second))
        let third = await desk.note(web[1])
        #expect(await desk.isSuperseded(web[1], second))
        #expect(await desk.isSuperseded(web[1], first), "it was over in between")
        #expect(await !desk.isSuperseded(web[1], third))
    }

    @Test("a command that wants the same, or nothing in particular, supersedes nothing")
    func noSupersession() async throws {
        let desk = try Desk()
        let first = await desk.note(web[0], intent: nil)
        let second = await desk.note(web[0], intent: .stopped)
        let third = await desk.note(web[0], intent: .stopped)
        _ = await desk.note(web[0], intent: nil)
        for order in [first, second, third] { #expect(await !desk.isSuperseded(web[0], order)) }
    }

    @Test("who waits is told when each worker has an outcome, in the order of the workers") func wait() async throws {
        let desk = try Desk()
        let order = await desk.note(web[1], web[0])
        let outcomes = await desk.wait(
            order, [(web[0], nil), (web[0], .failed), (web[2], .reached), (web[1], .reached), (web[1], .done)])
        #expect(outcomes.map(\.worker) == ["web/1", "web/0"])
        #expect(outcomes.map(\.outcome) == [.reached, .failed])
    }

    @Test("who gives up gets what is known, once") func giveUp() async throws {
        let desk = try Desk()
        let order = await desk.note(web[0], web[1])
        #expect(await desk.wait(order, [(web[0], .reached)]).map(\.outcome) == [.reached, .timedOut])
    }
}
