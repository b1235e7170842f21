import Supervision

/// The table that says who may command which services.
extension SpecificationDecoder {
    /// The entries of `[control.allow]`, sorted by who has them.
    mutating func decodeAllow(_ node: DocumentNode) -> [ControlGrant] {
        guard let members = table(node, example: "[\(node.path)]") else { return [] }
        return members.sorted { $0.key < $1.key }.compactMap { name, node in
            let holder = ControlGrant.Holder(name)
            check(holder, node)
            let services = (array(node, example: "[\"web\"]") ?? []).compactMap { servicePattern($0) }
            return ControlGrant(holder, services: services)
        }
    }

    private mutating func check(_ holder: ControlGrant.Holder, _ node: DocumentNode) {
        switch holder {
        case .user(let name) where isAccount(name): lookUp(user: name, node)
        case .group(let name) where isAccount(name): lookUp(group: name, node)
        case .user, .group:
            report(
                node,
                "\("\(holder)".quoted) is nobody; write a user, a group with \"@\" before it, or \"service:web\" for "
                    + "the workers of a service")
        case .workers(let service): grantedServices.append((service, node))
        }
    }

    private mutating func servicePattern(_ node: DocumentNode) -> String? {
        guard let text = string(node) else { return nil }
        if text.contains("/") {
            report(node, "\(text.quoted) names workers, and a right is for all of a service; write \"web\" or \"w*\"")
            return nil
        }
        do throws(NamePatternError) {
            let pattern = try NamePattern(text)
            if pattern.onlyService != nil { grantedServices.append((text, node)) }
            return text
        } catch {
            report(node, "\(error)")
            return nil
        }
    }

    /// A right on a service that isn't there would be one, unnoticed, on a later service of that name.
    mutating func checkGrants(_ services: [ServiceSpecification]) {
        guard isComplete else { return }
        for (name, node) in grantedServices where !services.contains(where: { $0.name == name }) {
            report(node, "there is no service \(name.quoted); name one that there is, or leave it out")
        }
    }
}
