extension Plan {
    /// A diff for people: `+` is added, `-` removed, `~` changed; the last line counts what stays untouched.
    ///
    /// - Parameter isColoured: whether the lines have a terminal's colours.
    public func lines(isColoured: Bool) -> [String] {
        var lines = changes.map { $0.line(indent: "") }
        for service in services where service.action != .untouched {
            lines.append((service.sign, "\(service.sign) \(service.name): \(service.workers)"))
            lines += service.changes.map { $0.line(indent: "    ") }
            if service.action == .change, service.changes.isEmpty {
                lines.append((service.sign, "    those that run another specification (by replacement)"))
            }
        }
        let untouched = services.count { $0.action == .untouched }
        return lines.map { sign, text in isColoured ? "\u{1B}[\(Self.colour(sign))m\(text)\u{1B}[0m" : text }
            + ["\(isEmpty ? "no change; " : "")\(untouched) service\(untouched == 1 ? "" : "s") untouched"]
    }

    private static func colour(_ sign: Character) -> Int {
        sign == "+" ? 32 : sign == "-" ? 31 : 33
    }
}

extension ServicePlan {
    fileprivate var sign: Character {
        switch action {
        case .add: "+"
        case .remove: "-"
        case .change, .untouched: "~"
        }
    }

    fileprivate var workers: String {
        let count = action == .add ? workersAfter : workersBefore
        let isSame = action != .change || workersBefore == workersAfter
        return isSame ? "\(count) worker\(count == 1 ? "" : "s")" : "\(workersBefore) → \(workersAfter) workers"
    }
}

extension KeyChange {
    fileprivate func line(indent: String) -> (sign: Character, text: String) {
        let sign: Character =
            switch kind {
            case .added: "+"
            case .removed: "-"
            case .changed: "~"
            }
        let values = [old, new].compactMap(\.self).joined(separator: " → ")
        let way =
            switch effect {
            case .live: "live"
            case .replace: "by replacement"
            }
        return (sign, "\(indent)\(sign) \(key)\(values.isEmpty ? "" : ": \(values)") (\(way))")
    }
}
