/// A wall of a sandbox that is not there, as the kernel can't build it.
struct OmittedWall: Hashable {
    /// The key of the sandbox, as in the file: `private_tmp`.
    let key: String
    /// Why, as a sentence.
    let reason: String

    /// The attribute of an incarnation's cgroup that tells which it lacks.
    static let attributeName = "omitted_walls"

    /// As in `private_tmp: it needs CAP_SYS_ADMIN; …`.
    var text: String { "\(key): \(reason)" }
}

extension [OmittedWall] {
    /// How they stand on an incarnation's cgroup.
    var attribute: String { map(\.text).joined(separator: "\n") }

    /// From ``attribute``.
    init(attribute: String) {
        self = attribute.split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return OmittedWall(key: String(line[..<colon]), reason: String(line[colon...].dropFirst(2)))
        }
    }

    /// Them in a row, those together that have the same reason.
    var sentence: String {
        var reasons: [String] = []
        var keys: [String: [String]] = [:]
        for wall in self {
            if keys[wall.reason] == nil { reasons.append(wall.reason) }
            keys[wall.reason, default: []].append(wall.key)
        }
        return reasons.map { "\(keys[$0, default: []].joined(separator: ", ")): \($0)" }.joined(separator: "; ")
    }
}

/// A sandbox that can't be built.
struct SandboxError: Error, Hashable, CustomStringConvertible {
    /// What is missing.
    let omitted: [OmittedWall]

    var description: String {
        "the sandbox can't be built: \(omitted.sentence); or set sandbox.best_effort = true to run without"
    }
}
