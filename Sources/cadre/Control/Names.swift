import ArgumentParser
import Supervision

/// The services and workers that a subcommand is for.
struct NamesArgument: ParsableArguments {
    @Argument(
        help: "Services, workers or patterns (web, web/0, 'w*', 'web/[0-3]').",
        completion: .liveNames)
    var names: [String]
}

/// Names in sentences.
enum NamePhrase {
    /// The workers of the same text, in the order in which the texts come.
    static func grouped(_ workers: some Sequence<(text: String, name: String)>) -> [(text: String, names: String)] {
        var groups: [(text: String, names: [String])] = []
        for (text, name) in workers {
            if let index = groups.firstIndex(where: { $0.text == text }) {
                groups[index].names.append(name)
            } else {
                groups.append((text, [name]))
            }
        }
        return groups.map { ($0.text, of($0.names)) }
    }

    /// How many names are written out.
    private static let most = 16

    /// The workers by name; if there are very many, how many each service has of them.
    static func of(_ workers: [String]) -> String {
        if workers.count <= most { return workers.joined(separator: " ") }
        var counts: [(service: Substring, count: Int)] = []
        for worker in workers {
            let service = worker.prefix { $0 != "/" }
            if counts.last?.service == service {
                counts[counts.count - 1].count += 1
            } else {
                counts.append((service, 1))
            }
        }
        return counts.map { "\($0.count) worker\($0.count == 1 ? "" : "s") of \($0.service)" }.joined(separator: ", ")
    }
}
