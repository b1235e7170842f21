import Supervision

/// Which rows of `cadre top` are shown: those with a text in their name, or those that a pattern stands for.
struct TopFilter {
    private enum Kind {
        case part(String)
        case pattern(NamePattern)
        case problem(NamePatternError)
    }

    private let kind: Kind

    /// A text with a wildcard in it is a pattern, as other commands take it.
    init(_ text: String) {
        if !text.contains(where: { "*?[".contains($0) }) {
            kind = .part(text.lowercased())
            return
        }
        do {
            kind = .pattern(try NamePattern(text))
        } catch {
            kind = .problem(error)
        }
    }

    /// What is wrong with the pattern.
    var problem: NamePatternError? {
        if case .problem(let problem) = kind { problem } else { nil }
    }

    /// Whether a service or a worker is meant. What matches a service matches all its workers.
    func matches(_ id: TopID) -> Bool {
        switch kind {
        case .part(let part): part.isEmpty || id.name.lowercased().contains(part)
        case .pattern(let pattern):
            id.worker.map { pattern.matches(WorkerID(service: id.service, number: $0)) }
                ?? pattern.matches(service: id.service)
        case .problem: false
        }
    }
}
