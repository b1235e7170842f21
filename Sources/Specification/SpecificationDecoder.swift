import Processes
import Supervision

/// Turns the merged documents into a specification and collects every problem on the way.
struct SpecificationDecoder {
    private(set) var problems: [SpecificationError.Problem] = []
    /// Whether every source could be read: if not, what seems to be missing may be in one that couldn't.
    let isComplete: Bool
    /// What is compared with the machine.
    let host: HostCheck
    /// Where each address is listened on first.
    private var listeners: [Listener: DocumentPath] = [:]
    /// Where services name others that they start after.
    var references: [ServiceReference] = []
    /// Where rights on services are given, or given to their workers.
    var grantedServices: [(name: String, node: DocumentNode)] = []
    /// Where each range of workers' ports begins.
    private var ports: [(range: ClosedRange<Int>, node: DocumentNode)] = []
    /// Whether the service that is being decoded has ports, which `{port}` may stand for.
    private(set) var hasPort = false

    /// What no two sockets may have in common.
    private struct Listener: Hashable {
        let address: SocketAddress
        /// TCP and UDP have ports of their own; the names of unix sockets are one space.
        let isDatagram: Bool
    }

    init(isComplete: Bool, host: HostCheck = HostCheck()) {
        self.isComplete = isComplete
        self.host = host
    }

    /// What could be made sense of; only to be used if there are no problems.
    mutating func decode(_ root: DocumentNode) -> Specification {
        var specification = Specification()
        for (key, node) in members(of: root, keys: RootKey.self) {
            switch key {
            case .healthyPercentage:
                specification.healthyPercentage = number(node, of: key) ?? specification.healthyPercentage
            case .service: specification.services = decodeServices(node)
            case .control: specification.control = decodeControl(node)
            case .metrics: specification.metrics = decodeMetrics(node)
            }
        }
        checkGrants(specification.services)
        return specification
    }

    /// The services, sorted by name.
    private mutating func decodeServices(_ node: DocumentNode) -> [ServiceSpecification] {
        guard let tables = table(node, example: "[service.web]") else { return [] }
        let services = tables.sorted { $0.key < $1.key }.compactMap { name, node in
            isValidName(name, node) ? decodeService(name, node) : nil
        }
        checkOrder(of: services, named: tables.keys.sorted())
        return services
    }

    private mutating func isValidName(_ name: String, _ node: DocumentNode) -> Bool {
        if ServiceSpecification.isValidName(name) { return true }
        if ServiceSpecification.reservedNames.contains(name) {
            report(node, "\(name.quoted) is the name of Cadre's own cgroup; choose another name")
        } else {
            report(
                node,
                "\(name.quoted) is not a service's name; use letters, digits, \"_\" and \"-\", 64 characters at the most"
            )
        }
        return false
    }

    private mutating func decodeService(_ name: String, _ node: DocumentNode) -> ServiceSpecification? {
        guard let table = table(node, example: "[\(node.path)]") else { return nil }
        var service = ServiceSpecification(name: name, command: [])
        var commandNode: DocumentNode?
        var readyNode: DocumentNode?
        var healthNode: DocumentNode?
        hasPort = table[ServiceKey.port.rawValue] != nil
        var jitterNode: DocumentNode?
        for (key, node) in members(of: node, keys: ServiceKey.self) {
            switch key {
            case .command:
                commandNode = node
                service.command = command(node) ?? []
            case .type: decodeType(node, into: &service.policy)
            case .workers: service.workers = workers(node) ?? service.workers
            case .after: service.after = decodeReferences(node, of: name, isRequired: false)
            case .requires: service.requires = decodeReferences(node, of: name, isRequired: true)
            case .essential: service.isEssential = boolean(node) ?? false
            case .directory: service.directory = absolutePath(node).flatMap { template($0, node) }
            case .environment: service.environment = environment(node)
            case .environmentFile:
                service.environmentFile = absolutePath(node, allowingDash: true).flatMap { template($0, node) }
            case .user: service.user = account(node)
            case .group: service.group = account(node)
            case .supplementaryGroups: service.supplementaryGroups = groups(node)
            case .umask: service.fileCreationMask = creationMask(node)
            case .capabilities: service.capabilities = capabilities(node) ?? service.capabilities
            case .noNewPrivileges: service.noNewPrivileges = boolean(node) ?? service.noNewPrivileges
            case .credentials: service.credentials = credentials(node)
            case .nice: service.scheduling.niceness = integer(node, of: key)
            case .oomScoreAdj: service.scheduling.outOfMemoryScore = integer(node, of: key)
            case .cpuAffinity: service.scheduling.processors = numberList(node)
            case .cpuSchedulingPolicy: service.scheduling.policy = choice(node)
            case .cpuSchedulingPriority: service.scheduling.priority = integer(node, of: key)
            case .ioSchedulingClass: service.scheduling.ioClass = choice(node)
            case .ioSchedulingPriority: service.scheduling.ioPriority = integer(node, of: key)
            case .rlimits: service.processLimits = decodeProcessLimits(node)
            case .watchdog: service.policy.watchdog = optionalDuration(node)
            case .maxAge: service.policy.maxAge = optionalDuration(node)
            case .maxAgeJitter:
                service.policy.maxAgeJitter = number(node, of: key) ?? service.policy.maxAgeJitter
                jitterNode = node
            case .healthyPercentage:
                service.healthyPercentage = number(node, of: key) ?? service.healthyPercentage
            case .introspect: service.introspect = introspectionURL(node)
            case .ready:
                readyNode = node
                decodeReady(node, into: &service)
            case .health:
                healthNode = node
                decodeHealth(node, into: &service)
            case .limits: service.limits = decodeLimits(node)
            case .restart: decodeRestart(node, into: &service.policy.restart)
            case .rollout: decodeRollout(node, into: &service.policy.rollout)
            case .stop: decodeStop(node, into: &service)
            case .socket: service.sockets = decodeSockets(node, service: name)
            case .port: service.port = decodePort(node)
            case .onDemand: service.isOnDemand = boolean(node) ?? service.isOnDemand
            case .idleTimeout: service.idleTimeout = optionalDuration(node)
            case .fdStoreMax:
                service.storedDescriptorsMax = integer(node, of: key) ?? service.storedDescriptorsMax
            case .sandbox: service.sandbox = decodeSandbox(node)
            case .log: service.log = decodeLog(node)
            }
        }
        if service.policy.type == .oneshot { checkOneshot(node, service) }
        checkProbes(of: service, ready: readyNode, health: healthNode)
        checkDemand(of: service, table)
        checkScheduling(of: service, table)
        if let node = table[ServiceKey.noNewPrivileges.rawValue] { checkPrivileges(of: service, node) }
        checkHost(for: service, table)
        if let node = table[ServiceKey.port.rawValue] { checkPorts(of: service, node) }
        if let jitterNode, service.policy.maxAge == nil {
            report(jitterNode, "max_age_jitter varies max_age, which is not set; set max_age, or leave this out")
        }
        if let commandNode {
            checkProgram(of: service, commandNode)
        } else if isComplete {
            report(
                node, "the service has no command; add a line such as command = [\"/usr/bin/python3\", \"server.py\"]")
        }
        return service
    }

    mutating func command(_ node: DocumentNode) -> [String]? {
        if case .string(let line) = node.value {
            let words = line.split(whereSeparator: \.isWhitespace).map { String($0).quoted }
            report(
                node,
                "a command is an array, as no shell takes it apart; write [\(words.joined(separator: ", "))]")
            return nil
        }
        guard let elements = array(node, example: "[\"/usr/bin/python3\", \"server.py\"]") else { return nil }
        if elements.isEmpty { report(node, "the command is empty; write program and arguments") }
        if case .string("") = elements.first?.value { report(elements[0], "the program's name is empty") }
        return elements.compactMap { element in string(element).flatMap { template($0, element) } }
    }

    /// A relative program is relative to something only if there is a directory.
    private mutating func checkProgram(of service: ServiceSpecification, _ node: DocumentNode) {
        guard let program = service.command.first, program.contains("/"), !program.hasPrefix("/"),
            service.directory == nil
        else { return }
        report(node, "\(program.quoted) is relative, and no directory is set; write an absolute path, or set directory")
    }

    private mutating func workers(_ node: DocumentNode) -> WorkerCount? {
        switch node.value {
        case .string("cpus"): return .cpus
        case .integer(let count) where WorkerCount.range.contains(count): return .count(count)
        case .string(let text) where Int(text) != nil:
            report(node, "\(text.quoted) is a string; write \(text) without quotes")
        case .table, .array, .string, .integer, .float, .boolean, .date:
            report(
                node,
                "\(node.literal ?? node.kind) is not a number of workers; write \(WorkerCount.bounds), or \"cpus\"")
        }
        return nil
    }

    private mutating func environment(_ node: DocumentNode) -> [String: String] {
        guard let members = table(node, example: "[\(node.path)]") else { return [:] }
        var environment: [String: String] = [:]
        for (name, value) in members {
            if !isValidVariableName(name) {
                report(
                    value, "\(name.quoted) is not a variable's name; use letters, digits and \"_\", and no digit first")
            } else if Self.isReserved(name) {
                report(value, "\(name) is set by Cadre itself; leave it out")
            }
            environment[name] = secretTemplate(value)
        }
        return environment
    }

    /// A template that may be a secret, so that nothing of it is quoted: what is reported is logged, too.
    private mutating func secretTemplate(_ node: DocumentNode) -> String? {
        guard case .string(let text) = node.value else {
            report(node, "this is \(node.kind), not a string; write it in quotes")
            return nil
        }
        guard Template.problem(in: text, hasPort: hasPort) != nil else { return text }
        let port = hasPort ? ", {worker} or {port}" : " or {worker}"
        report(node, "a brace in it belongs to none of {service}\(port); write \"{{\" and \"}}\" for literal braces")
        return nil
    }

    private static func isReserved(_ name: String) -> Bool {
        name.hasPrefix("CADRE_")
            || [
                "MULTIPROCESS_WORKER_ID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
                "LISTEN_FDNAMES", "FDSTORE", "CREDENTIALS_DIRECTORY",
            ].contains(name)
    }

    mutating func account(_ node: DocumentNode) -> String? {
        guard let name = string(node) else { return nil }
        if isAccount(name) { return name }
        report(node, "\(name.quoted) is neither a name nor a number of an account")
        return nil
    }

    /// Whether a name may be that of a user or a group.
    func isAccount(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("-")
            && name.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value != 0x7F && !":/,".unicodeScalars.contains($0)
            }
    }

    /// Where a worker tells about itself. What the placeholders become makes no difference to whether it is a URL.
    private mutating func introspectionURL(_ node: DocumentNode) -> String? {
        guard let text = string(node).flatMap({ template($0, node) }) else { return nil }
        do throws(FormatError) {
            _ = try IntrospectionURL.parse(Template.expand(text, service: "web", worker: 0, port: 1))
            return text
        } catch {
            report(node, error.description)
            return nil
        }
    }

    // MARK: - What every table needs

    mutating func report(_ node: DocumentNode, _ message: String) {
        problems.append(.init(file: node.file, line: node.line, path: node.path.description, message: message))
    }

    /// The members of a table in the order of `keys`; unknown ones are reported.
    mutating func members<Key: SpecificationKey>(
        of node: DocumentNode, keys: Key.Type
    ) -> [(key: Key, node: DocumentNode)] {
        guard let members = table(node, example: "[\(node.path)]") else { return [] }
        for (name, member) in members where Key(rawValue: name) == nil {
            report(member, KeySuggestion.message(for: name, known: Key.allCases.map(\.rawValue)))
        }
        return Key.allCases.compactMap { key in members[key.rawValue].map { (key, $0) } }
    }

    /// Notes that `address` is listened on at `node`; reports it if it was before.
    mutating func claim(_ address: SocketAddress, isDatagram: Bool = false, _ node: DocumentNode) {
        let isFile = if case .unix = address { true } else { false }
        let listener = Listener(address: address, isDatagram: isDatagram && !isFile)
        if let other = listeners.updateValue(node.path, forKey: listener) {
            listeners[listener] = other
            report(node, "\(other) listens on \"\(address)\" already; give each socket an address of its own")
        }
    }

    /// Notes the ports of a service's workers; reports those that others have.
    mutating func claim(_ range: ClosedRange<Int>, _ node: DocumentNode) {
        if let other = ports.first(where: { $0.range.overlaps(range) }) {
            report(
                node,
                "the ports \(range.lowerBound) to \(range.upperBound) overlap those that begin at \(other.node.path); "
                    + "choose another one")
        }
        ports.append((range, node))
    }
}
