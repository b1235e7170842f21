import ControlGroups
import Supervision

/// A place where a service names another one that it starts after.
struct ServiceReference {
    let service: String
    let node: DocumentNode
    let other: String
    let condition: StartCondition?
    let isRequired: Bool
}

/// In which order services start, and what is started once.
extension SpecificationDecoder {
    mutating func decodeType(_ node: DocumentNode, into policy: inout WorkerPolicy) {
        policy.type = choice(node) ?? policy.type
        // Its success is the end that is wanted.
        if policy.type == .oneshot { policy.restart.condition = .onFailure }
    }

    /// `{ db = "ready" }`
    mutating func decodeReferences(
        _ node: DocumentNode, of service: String, isRequired: Bool
    ) -> [String: StartCondition] {
        let example = "{ db = \"ready\" }, where db is a service"
        guard let members = table(node, example: example) else { return [:] }
        var conditions: [String: StartCondition] = [:]
        for (other, node) in members.sorted(by: { $0.key < $1.key }) {
            let condition: StartCondition? = choice(node)
            conditions[other] = condition
            references.append(
                ServiceReference(
                    service: service, node: node, other: other, condition: condition, isRequired: isRequired))
        }
        return conditions
    }

    /// What makes no sense for a oneshot.
    mutating func checkOneshot(_ table: DocumentNode, _ service: ServiceSpecification) {
        func member(_ keys: String...) -> DocumentNode? {
            keys.reduce(table) { node, key in
                guard case .table(let members)? = node?.value else { return nil }
                return members[key]
            }
        }
        if let node = member("ready") {
            report(node, "a oneshot is ready when it has completed, so there is nothing to set; leave it out")
        }
        if let node = member("health") {
            report(node, "health is for a service that is ready, which a oneshot never is; leave it out")
        }
        if let node = member("max_age"), service.policy.maxAge != nil {
            report(node, "a oneshot is never ready, and so never too old; leave it out")
        }
        if let node = member("watchdog"), service.policy.watchdog != nil {
            report(node, "the watchdog is for a service that is ready, which a oneshot never is; leave it out")
        }
        if let node = member("limits", "memory_high"), service.limits.memoryHigh != nil {
            report(
                node,
                "a oneshot gets no successor while it runs; leave it out, and set memory_max if it may need too much")
        }
        if let node = member("restart", "policy"), service.policy.restart.condition == .always {
            report(node, "a oneshot that was a success is not run again; write \"on-failure\" or \"never\"")
        }
    }

    /// That services start after others that are there, and not after each other.
    mutating func checkOrder(of services: [ServiceSpecification], named names: [String]) {
        let types = Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0.policy.type) })
        for reference in references { check(reference, types, names) }
        let known = Set(names)
        let order = StartOrder(
            Dictionary(
                uniqueKeysWithValues: services.map { service in
                    (
                        service.name,
                        service.dependencies.filter { $0.service != service.name && known.contains($0.service) }
                    )
                }))
        for circle in order.circles {
            guard let reference = references.first(where: { $0.service == circle[0] && $0.other == circle[1] }) else {
                continue
            }
            report(
                reference.node,
                "\(circle.joined(separator: " → ")) is a circle, in which none could start first; leave out one of these"
            )
        }
    }

    private mutating func check(_ reference: ServiceReference, _ types: [String: ServiceType], _ names: [String]) {
        let (node, other) = (reference.node, reference.other)
        if other == reference.service {
            report(node, "\(other) → \(other) is a circle, as it names itself; leave it out")
        } else if !names.contains(other) {
            // It may be in a file that can't be read.
            guard isComplete else { return }
            let near = names.filter { $0 != reference.service }.map {
                ($0, KeySuggestion.distance(from: other, to: $0))
            }
            .min { $0.1 < $1.1 }
            let hint =
                near.flatMap { $0.1 <= max(1, other.count / 3) ? "; did you mean \($0.0.quoted)?" : nil }
                ?? "; write the name of one of this configuration"
            report(node, "there is no service \(other.quoted)\(hint)")
        } else if reference.condition == .completed, let type = types[other], type != .oneshot {
            report(node, "\(other) is no oneshot, so it never completes; write \"started\" or \"ready\"")
        }
        guard !reference.isRequired else { return }
        if references.contains(where: { $0.isRequired && $0.service == reference.service && $0.other == other }) {
            report(
                node, "\(other) stands under requires already, which has it start first, too; leave out one of these")
        }
    }
}
