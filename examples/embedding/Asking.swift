import Cadre
import Supervision

/// Replaces all workers of a service, and tells what came of it.
func restart(_ service: String, of supervisor: Supervisor) async throws {
    let workers = try await supervisor.workers(matching: [service])
    let order = try await supervisor.command(.restart, on: workers)
    for outcome in await supervisor.outcome(of: order, until: .ready, within: .seconds(30)) {
        print(outcome.worker, outcome.outcome)
    }
}

/// Prints what happens until a worker has failed for good.
func follow(_ supervisor: Supervisor) async throws {
    let subscription = await supervisor.subscribe()
    for try await event in subscription.events {
        print(event.message)
        if event.kind == "failed" { return }
    }
}
