import CLinux
import Processes

/// What only the machine can tell.
extension SpecificationDecoder {
    /// Reports what a service needs and this machine, or the supervisor, doesn't have.
    mutating func checkHost(for service: ServiceSpecification, _ table: [String: DocumentNode]) {
        let problemsBefore = problems.count
        checkAccounts(of: service, table)
        if let node = table[ServiceKey.capabilities.rawValue], let supervisor = host.capabilities {
            let missing = (service.capabilities.set ?? CapabilitySet()).subtracting(supervisor)
            if !missing.isEmpty {
                report(
                    node,
                    "the supervisor lacks \(missing) itself; give it that (CapabilityBoundingSet= of its unit if it runs as "
                        + "root, AmbientCapabilities= if not), or leave it out")
            }
        }
        if let node = table[ServiceKey.credentials.rawValue], host.looksAtCredentials {
            let source = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
            for name in service.credentials {
                if let source, access("\(source)/\(name)", R_OK) == 0 { continue }
                report(
                    node,
                    "systemd gave Cadre no credential \(name.quoted); add LoadCredential=\(name):/path/to/it to its unit "
                        + "(systemctl edit cadre) and restart that")
            }
        }
        if host.looksAtDirectories, problems.count == problemsBefore { checkDirectory(of: service, table) }
    }

    private mutating func checkAccounts(of service: ServiceSpecification, _ table: [String: DocumentNode]) {
        let problemsBefore = problems.count
        if let node = table[ServiceKey.user.rawValue], let user = service.user {
            lookUp(user: user, node)
        }
        if let node = table[ServiceKey.group.rawValue], let group = service.group {
            lookUp(group: group, node)
        }
        if let node = table[ServiceKey.supplementaryGroups.rawValue] {
            for group in service.supplementaryGroups { lookUp(group: group, node) }
        }
        // A user ID without an account has no group of its own.
        if let node = table[ServiceKey.user.rawValue], problems.count == problemsBefore {
            lookUp(node) { () throws(CredentialsError) in _ = try Self.credentials(of: service) }
        }
    }

    /// Reports a user that this machine doesn't know, if accounts are to be looked up.
    mutating func lookUp(user: String, _ node: DocumentNode) {
        lookUp(node) { () throws(CredentialsError) in _ = try Credentials.userID(user) }
    }

    /// Reports a group that this machine doesn't know, if accounts are to be looked up.
    mutating func lookUp(group: String, _ node: DocumentNode) {
        lookUp(node) { () throws(CredentialsError) in _ = try Credentials.groupID(group) }
    }

    private mutating func lookUp(_ node: DocumentNode, _ body: () throws(CredentialsError) -> Void) {
        guard host.looksUpAccounts else { return }
        do {
            try body()
        } catch {
            switch error {
            case .noUser, .noGroup, .groupNeeded: report(node, "\(error)")
            // That is about us, or about a name service that may be back when it matters.
            case .missing, .lookup: break
            }
        }
    }

    private static func credentials(of service: ServiceSpecification) throws(CredentialsError) -> Credentials? {
        guard service.user != nil || service.group != nil else { return nil }
        return try Credentials(
            user: service.user ?? "\(geteuid())", group: service.group, supplementary: service.supplementaryGroups)
    }

    private mutating func checkDirectory(of service: ServiceSpecification, _ table: [String: DocumentNode]) {
        guard let node = table[ServiceKey.directory.rawValue], let directory = service.directory else { return }
        let credentials: Credentials?
        do { credentials = try Self.credentials(of: service) } catch { return }
        let path = service.expand(directory, worker: 0)
        let problem = DirectoryAccess.problem(
            with: path, for: credentials, capabilities: service.capabilities.set)
        if let problem { report(node, problem) }
    }
}
