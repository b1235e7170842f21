import Glibc

/// Which rows of `cadre top` are shown: a part of the name, or a pattern (glob(7)) for all of it.
struct TopFilter {
    private let text: String
    private let isPattern: Bool

    init(_ text: String) {
        self.text = text.lowercased()
        isPattern = text.contains { "*?[".contains($0) }
    }

    /// Whether a service or a worker is meant. What matches a service matches all its workers.
    func matches(_ id: TopID) -> Bool {
        if text.isEmpty { return true }
        let names = id.worker == nil ? [id.service] : [id.name, id.service]
        return names.contains { name in
            isPattern ? fnmatch(text, name.lowercased(), 0) == 0 : name.lowercased().contains(text)
        }
    }
}
