import Cadre
import ControlAPI
import Reactor
import Systemd

/// Follows events, also when the connection is lost.
struct EventFollower {
    /// How long it waits before it tries again.
    private static let pause = Duration.seconds(1)

    private let filter: EventFilter
    private let printer: EventPrinter
    /// The last event that was told.
    private var last: EventID?
    private var problem: String?

    init(filter: EventFilter, printer: EventPrinter) {
        self.filter = filter
        self.printer = printer
    }

    /// Goes on for ever.
    ///
    /// - Throws: where there is no supervisor at first. One that vanishes later may come back.
    mutating func follow(_ client: ControlClient, on reactor: Reactor) async throws {
        while true {
            do {
                try await client.withEvents(after: last) { events in
                    for try await element in events { try receive(element) }
                }
                reportLoss(of: client)
            } catch let error as ControlError where last != nil {
                switch error {
                case .dropped: report("\(error)")
                // One that stops may have no time left to end the stream as it should.
                case .brokenAnswer, .nobody: reportLoss(of: client)
                case .taken, .forbidden, .badSpecification, .refused, .system: report("\(error); trying again")
                }
            }
            await reactor.sleep(for: Self.pause)
        }
    }

    private mutating func receive(_ element: ControlEvents.Element) throws {
        switch element {
        case .snapshot(let snapshot):
            if let last, last != snapshot.lastEvent { report("some events were missed; going on from how it is now") }
            try printer.print(snapshot)
            last = snapshot.lastEvent
        case .event(let event):
            last = event.id
            if filter.contains(event) { try printer.print(event) }
        }
        problem = nil
    }

    private mutating func reportLoss(of client: ControlClient) {
        report("the supervisor at \(client.address) is gone; waiting for it to come back")
    }

    /// Says what is wrong, but not again and again.
    private mutating func report(_ problem: String) {
        if problem != self.problem { printError("cadre: \(SafeText.clean(problem))") }
        self.problem = problem
    }
}
