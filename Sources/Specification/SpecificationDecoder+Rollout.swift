import Supervision

/// The table of how workers are replaced.
extension SpecificationDecoder {
    mutating func decodeRollout(_ node: DocumentNode, into policy: inout RolloutPolicy) {
        var places: [RolloutKey: DocumentNode] = [:]
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: RolloutKey.self) {
            places[key] = node
            switch key {
            case .strategy: policy.strategy = choice(node) ?? policy.strategy
            case .maxSurge: policy.maxSurge = share(node) ?? policy.maxSurge
            case .maxUnavailable: policy.maxUnavailable = share(node) ?? policy.maxUnavailable
            case .parallel: policy.parallel = integer(node, of: key)
            case .minReady: policy.minReady = boundedDuration(node, allowingZero: true) ?? policy.minReady
            case .failures: policy.failures = integer(node, of: key) ?? policy.failures
            case .onFailure: policy.onFailure = choice(node) ?? policy.onFailure
            }
        }
        // What contradicts what is of interest only where each by itself is right.
        if problems.count > problemsBefore { return }
        switch policy.strategy {
        case .rolling: checkRolling(&policy, places)
        case .blueGreen:
            for key in [RolloutKey.maxSurge, .maxUnavailable, .parallel] {
                guard let node = places[key] else { continue }
                report(node, "a blue-green roll-out starts all successors at once; leave out \(key.rawValue)")
            }
        }
    }

    private mutating func checkRolling(_ policy: inout RolloutPolicy, _ places: [RolloutKey: DocumentNode]) {
        // Who says how many at a time, and nothing else, means successors beside their predecessors.
        if let parallel = policy.parallel, places[.maxSurge] == nil, places[.maxUnavailable] == nil {
            policy.maxSurge = .count(parallel)
        }
        if policy.maxSurge.isZero, policy.maxUnavailable.isZero, let node = places[.maxSurge] {
            report(
                node,
                "with neither max_surge nor max_unavailable no worker could ever be replaced; write 1 for one of them")
        } else if case .count(let surge) = policy.maxSurge, case .count(let unavailable) = policy.maxUnavailable,
            let parallel = policy.parallel, parallel > surge + unavailable, let node = places[.parallel]
        {
            report(
                node,
                "max_surge and max_unavailable allow \(surge + unavailable) at a time; write \(surge + unavailable) "
                    + "at the most, or raise one of them")
        }
    }

    /// A number of workers, or a percentage of them.
    private mutating func share(_ node: DocumentNode) -> RolloutPolicy.Share? {
        switch node.value {
        case .integer: return integer(node, in: 0...1_000_000).map { .count($0) }
        case .string(let text):
            if text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) {
                return .percent(percent)
            }
            report(node, "\(text.quoted) is no part of the workers; write a number such as 1, or \"25%\"")
        case .table, .array, .float, .boolean, .date:
            mismatch(node, "a number of workers", example: "1, or \"25%\"")
        }
        return nil
    }
}
