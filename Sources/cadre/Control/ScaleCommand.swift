import ArgumentParser
import Cadre
import ControlAPI
import Specification
import Supervision

/// `cadre scale`
struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Change how many workers services have.",
        discussion: """
            Only the difference is started or stopped; those with the highest numbers go. It returns when the new \
            workers are ready and nothing is left of the others. It holds until a configuration is applied.

            Example: cadre scale web=8 api=+2 'w*=-1'
            """)

    @Argument(
        help: ArgumentHelp(
            "A service or pattern and its number of workers: a number, cpus, or a difference such as +2.",
            valueName: "service=count"),
        completion: .custom { words, _, _ in LiveNames(words: words).counts })
    var changes: [String]

    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func validate() throws {
        _ = try counts()
    }

    /// The changes by service.
    ///
    /// - Throws: a `ValidationError` that says what to write.
    func counts() throws -> [String: CountChange] {
        var counts: [String: CountChange] = [:]
        for text in changes {
            guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
                throw ValidationError(
                    "\"\(text)\" changes nothing; write a service and a number, such as web=8 or web=+2")
            }
            let name = String(text[..<equals])
            do {
                let change = try CountChange.parse(String(text[text.index(after: equals)...]))
                guard counts.updateValue(change, forKey: name) == nil else {
                    throw ValidationError("\(name) is named more than once")
                }
            } catch let error as FormatError {
                throw ValidationError("\(name): \(error)")
            }
        }
        return counts
    }

    func run() throws {
        let counts = try counts()
        let (milestone, timeout) = (waitOptions.noWait ? nil : Milestone.ready, waitOptions.timeout?.duration)
        let wording = OutcomeReport.Wording(
            ongoing: { $0.isLeaving ? "stopping" : "starting" }, past: { $0.isLeaving ? "stopped" : "started" },
            nothing: "nothing to do: the numbers are as they were")
        let change = Change(
            wording: { _ in wording },
            progress: Waiting.Progress(title: "scaling \(changes.joined(separator: " "))", names: counts.keys.sorted())
            {
                Goal(scaling: $0, to: $1)
            },
            timeout: timeout, lateness: .beyond(timeout), isJSON: waitOptions.json,
            request: { client in try await client.scale(counts, until: milestone, within: timeout) },
            outcomes: \.outcomes)
        waitOptions.run(socketOption) { waiting in try await change.perform(with: waiting) }
    }
}

extension WorkerOutcome {
    /// Whether the worker is on its way out, or gone; after a change of numbers.
    var isLeaving: Bool {
        switch state.flatMap(WorkerState.init) {
        case nil, .draining, .stopping, .killing: true
        case .waiting, .starting, .ready, .frozen, .failed, .done, .stopped, .asleep: false
        }
    }
}
