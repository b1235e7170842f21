import ArgumentParser
import Cadre
import ControlAPI
import Specification

/// `cadre apply`
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the supervisor read its configuration and change what runs to it.",
        discussion: """
            It does what cadre plan shows, and no more: unchanged workers keep running, limits and policies change while \
            workers run, only the difference in numbers is started or stopped, and for all else workers are replaced by a \
            roll-out (see cadre rollout). If that fails the former workers serve on, the exit code is 5, and what failed \
            is shown with its last lines. If the configuration has problems they are printed, nothing \
            changes, and the exit code is 2. systemctl reload does the same.
            """)

    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let (milestone, timeout) = (waitOptions.noWait ? nil : Milestone.ready, waitOptions.timeout?.duration)
        waitOptions.run(socketOption) { [waitOptions] waiting in
            // Before it is waited for; without a wait the answer tells.
            let plan = waitOptions.noWait ? nil : try await plan(with: waiting)
            if !waitOptions.json { plan?.printLines() }
            let change = Change(
                wording: \.plan.wording,
                progress: Waiting.Progress(title: "applying") { before, _ in plan.map { Goal($0, before: before) } },
                timeout: timeout, lateness: .beyond(timeout), isJSON: waitOptions.json,
                request: { client in try await client.apply(until: milestone, within: timeout) },
                outcomes: \.outcomes)
            try await change.perform(with: waiting) { result in
                if result.plan == plan { return }
                if plan != nil { print("the configuration changed meanwhile; this was applied:") }
                result.plan.printLines()
            }
        }
    }

    private func plan(with waiting: Waiting) async throws -> Plan {
        switch try await waiting.answer({ client in try await client.plan() }) {
        case .answered(let plan): return plan
        case .interrupted, .timedOut:
            printError("cadre: interrupted; nothing is changed")
            throw Failure.interrupted
        }
    }
}

extension Plan {
    /// How it is told of what it makes of workers.
    fileprivate var wording: OutcomeReport.Wording {
        let before = Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0.workersBefore) })
        @Sendable func isNew(_ worker: String) -> Bool {
            let parts = worker.split(separator: "/")
            guard parts.count == 2, let number = Int(parts[1]) else { return false }
            return number >= before[String(parts[0])] ?? 0
        }
        return OutcomeReport.Wording(
            ongoing: { $0.isLeaving ? "stopping" : isNew($0.worker) ? "starting" : "replacing" },
            past: { $0.state == nil ? "stopped" : isNew($0.worker) ? "started" : "replaced" },
            nothing: isEmpty ? "nothing to do" : "done, without touching a worker")
    }
}
