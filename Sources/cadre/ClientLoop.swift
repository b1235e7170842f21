import ArgumentParser
import Glibc
import Reactor
import Specification

/// A subcommand that goes on until it is told to end: it runs on a reactor, as the supervisor does.
enum ClientLoop {
    /// Runs the body and exits with the documented code. The signals are blocked in all threads, so a client, which has
    /// one, is to be made by the body.
    static func run(blocking signals: [Int32], _ body: @escaping @Sendable (Reactor) async throws -> Void) -> Never {
        SignalSource.block(signals)
        do {
            let reactor = try Reactor(name: "cadre-client")
            Task(executorPreference: reactor) {
                do {
                    try await body(reactor)
                    exit(0)
                } catch {
                    exit(Failure.report(error).rawValue)
                }
            }
        } catch {
            exit(Failure.report(error).rawValue)
        }
        while true { pause() }
    }
}

extension Reactor {
    /// Waits; to be called on the reactor's thread only.
    func sleep(for duration: Duration) async {
        await withCheckedContinuation { continuation in
            _ = schedule(at: Reactor.now + duration) { continuation.resume() }
        }
    }
}

/// How often something is refreshed.
struct Interval: ExpressibleByArgument, Hashable {
    let duration: Duration

    static let standard = Interval(duration: .seconds(2))

    /// From 100 ms to an hour, so that it neither keeps a processor busy nor looks dead.
    init?(argument: String) {
        guard let parsed = try? DurationFormat.parse(argument),
            (.milliseconds(100) ... .seconds(3600)).contains(parsed)
        else { return nil }
        duration = parsed
    }

    private init(duration: Duration) {
        self.duration = duration
    }

    var defaultValueDescription: String { "2s" }
}
