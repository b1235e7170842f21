import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Reactor
import Specification

/// What the supervisor has at this moment, for the shell's completion of names.
struct LiveNames {
    /// How many workers are offered beside the services, before there is a `/` in the word.
    private static let most = 100

    private let services: [ServiceSnapshot]

    init(_ services: [ServiceSnapshot]) {
        self.services = services
    }

    /// Asks the supervisor that a command line is for. Where there is none, or no answer within a second, the process
    /// ends without a word: nothing is worse than a shell that hangs.
    init(words: [String]) {
        signal(SIGALRM) { _ in _exit(0) }
        alarm(1)
        let socket = Self.option("--socket", in: words)
        let client = ControlClient(path: socket ?? SocketOption.standardPath)
        services = (try? waitFor { try await client.status(withStatistics: false) })?.services ?? []
        alarm(0)
    }

    /// Services and workers that the word may become.
    func candidates(for prefix: String) -> [String] {
        let names = services.map(\.name)
        let count = services.reduce(0) { $0 + $1.workers.count }
        guard prefix.contains("/") || count <= Self.most else { return names }
        return services.flatMap { service in [service.name] + service.workers.map { "\(service.name)/\($0.number)" } }
    }

    /// The workers.
    var workerNames: [String] {
        services.flatMap { service in service.workers.map { "\(service.name)/\($0.number)" } }
    }

    /// The services.
    var serviceNames: [String] { services.map(\.name) }

    /// The services, each with its present number of workers: `web=4`.
    var counts: [String] { services.map { "\($0.name)=\($0.wanted)" } }

    /// The value that an option has in a command line.
    private static func option(_ name: String, in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix("\(name)=") { return String(word.dropFirst(name.count + 1)) }
            if word == name, index + 1 < words.count { return words[index + 1] }
        }
        return nil
    }
}

extension CompletionKind {
    /// Services and workers that there are.
    static var liveNames: CompletionKind {
        .custom { words, _, prefix in LiveNames(words: words).candidates(for: prefix) }
    }

    /// Services that there are.
    static var liveServices: CompletionKind { .custom { words, _, _ in LiveNames(words: words).serviceNames } }

    /// Workers that there are.
    static var liveWorkers: CompletionKind { .custom { words, _, _ in LiveNames(words: words).workerNames } }
}
