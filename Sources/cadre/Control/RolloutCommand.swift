import ArgumentParser
import Cadre
import ControlAPI
import Supervision
import Systemd

/// `cadre rollout`
struct RolloutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "Look at roll-outs of services, and pause, resume or undo them.",
        discussion: """
            A roll-out brings the workers of a service from one specification to another, as cadre apply begins it. If the \
            new one fails, the workers that are not replaced yet serve on with the former one, and what starts from then \
            on runs that too; on_failure in the configuration says what becomes of the others.
            """,
        subcommands: [
            RolloutStatusCommand.self, RolloutPauseCommand.self, RolloutResumeCommand.self, RolloutUndoCommand.self,
        ])
}

/// The service that a roll-out is of.
struct RolloutService: ParsableArguments {
    @Argument(help: "The service.", completion: .liveServices)
    var service: String
}

/// `cadre rollout status`
struct RolloutStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how far the latest roll-outs are, and why they failed if they did.")

    @Argument(
        help: "Services; without them, all.",
        completion: .liveServices)
    var services: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let rollouts = try socketOption.runClient { [services] client in
            var names = services
            if names.isEmpty { names = try await client.status(withStatistics: false).services.map(\.name) }
            var rollouts: [RolloutSnapshot] = []
            for name in names { rollouts.append(try await client.rollout(of: name)) }
            return rollouts
        }
        if json { return try printJSON(rollouts) }
        for line in rollouts.flatMap(RolloutReport.lines) { print(SafeText.clean(line)) }
    }
}

/// `cadre rollout pause`
struct RolloutPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Replace no further worker until the roll-out is resumed.",
        discussion: """
            The replacement that is under way goes on. A blue-green roll-out does not switch; its successors wait, ready or \
            not. Nor are workers replaced for their age.
            """)

    @OptionGroup var target: RolloutService
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let (service, socket) = (target.service, socketOption)
        let rollout = try socket.runClient { client in
            _ = try await client.rollout(.pause, of: service)
            return try await client.rollout(of: service)
        }
        print("\(service): \(rollout.summary)")
    }
}

/// `cadre rollout resume`
struct RolloutResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused roll-out go on, or try a stopped one again.",
        discussion: "It returns when the roll-out is through.")

    @OptionGroup var target: RolloutService
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        RolloutAction.resume.perform(on: target.service, waitOptions, socketOption)
    }
}

/// `cadre rollout undo`
struct RolloutUndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Go back to the specification before the latest roll-out.",
        discussion: """
            That is a roll-out, too. The configuration is not changed: cadre plan shows how it differs from then on, and \
            the next cadre apply brings back what it says.
            """)

    @OptionGroup var target: RolloutService
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        RolloutAction.undo.perform(on: target.service, waitOptions, socketOption)
    }
}

extension RolloutAction {
    /// Does it as the options have it, and ends the process.
    fileprivate func perform(on service: String, _ options: WaitOptions, _ socket: SocketOption) -> Never {
        let (milestone, timeout) = (options.noWait ? nil : Milestone.ready, options.timeout?.duration)
        let change = Change(
            wording: { _ in OutcomeReport.Wording("replacing", "replaced") },
            progress: Waiting.Progress(title: "rolling out \(service)", names: [service]) { before, now in
                Goal(rollout: service, before: before, now: now)
            },
            timeout: timeout, lateness: .beyond(timeout), isJSON: options.json,
            request: { client in try await client.rollout(self, of: service, until: milestone, within: timeout) },
            outcomes: \.outcomes)
        options.run(socket) { [isJSON = options.json] waiting in
            try await change.perform(with: waiting)
            if self == .undo, !isJSON {
                print("the configuration is not changed; cadre plan shows how it differs")
                flushOutput()
            }
        }
    }
}

/// Roll-outs for people.
enum RolloutReport {
    /// How one is, in some lines.
    static func lines(of rollout: RolloutSnapshot) -> [String] {
        var lines = ["\(rollout.service): \(rollout.summary)"]
        func add(_ title: String, _ workers: [Int]) {
            if workers.isEmpty { return }
            let names = NamePhrase.of(workers.map { "\(rollout.service)/\($0)" })
            lines.append("    \(title): \(names)")
        }
        let isUnderWay = rollout.state == .running || rollout.state == .rollingBack
        if isUnderWay {
            add("through", rollout.done)
            add("under way", rollout.underWay)
            add("waiting", rollout.waiting)
        }
        if rollout.workersByDigest.count > 1 {
            let counts = rollout.workersByDigest.sorted { $0.key < $1.key }
            lines.append("    running: " + counts.map { "\($0.value) of \($0.key)" }.joined(separator: ", "))
        }
        if let failure = rollout.failure { lines += failure.lines.map { "    \($0)" } }
        return lines
    }
}

extension RolloutSnapshot.Failure {
    /// Why, and what was printed last.
    var lines: [String] {
        [message] + (lastLines.isEmpty ? [] : ["the last lines of incarnation \(incarnation ?? 0):"])
            + lastLines.map { "    \($0)" }
    }
}
