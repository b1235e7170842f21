import Processes

/// The table of walls.
extension SpecificationDecoder {
    mutating func decodeSandbox(_ node: DocumentNode) -> SandboxSpecification? {
        var sandbox = SandboxSpecification()
        var places: [SandboxKey: DocumentNode] = [:]
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: SandboxKey.self) {
            places[key] = node
            switch key {
            case .privateTmp: sandbox.privateTmp = boolean(node) ?? false
            case .protectSystem: sandbox.protectSystem = choice(node, among: SandboxSpecification.SystemProtection.self)
            case .protectHome: sandbox.protectHome = choice(node, among: SandboxSpecification.HomeProtection.self)
            case .readOnlyPaths: sandbox.readOnlyPaths = wallPaths(node)
            case .readWritePaths: sandbox.readWritePaths = wallPaths(node)
            case .inaccessiblePaths: sandbox.inaccessiblePaths = wallPaths(node)
            case .privateDevices: sandbox.privateDevices = boolean(node) ?? false
            case .privateNetwork: sandbox.privateNetwork = boolean(node) ?? false
            case .protectControlGroups: sandbox.protectControlGroups = boolean(node) ?? false
            case .landlock: sandbox.landlock = decodeLandlock(node)
            case .systemCallFilter: sandbox.systemCallFilter = systemCallFilter(node)
            case .systemCallErrorNumber: sandbox.systemCallErrorNumber = errorNumber(node)
            case .bestEffort: sandbox.isBestEffort = boolean(node) ?? false
            }
        }
        // What makes no sense together is of interest only where each by itself is right.
        if problems.count == problemsBefore { check(sandbox, places) }
        return sandbox.hasWalls ? sandbox : nil
    }

    private mutating func decodeLandlock(_ node: DocumentNode) -> LandlockSpecification {
        var landlock = LandlockSpecification()
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: LandlockKey.self) {
            switch key {
            case .readOnly: landlock.readOnly = wallPaths(node)
            case .readWrite: landlock.readWrite = wallPaths(node)
            case .execute: landlock.execute = wallPaths(node)
            case .tcpBind: landlock.tcpBind = tcpPorts(node)
            case .tcpConnect: landlock.tcpConnect = tcpPorts(node)
            case .scoped: landlock.scoped = scopes(node)
            }
        }
        if problems.count > problemsBefore { return landlock }
        if landlock.hasPaths, landlock.execute.isEmpty {
            report(
                node,
                "nothing might be executed, not even the command; add a line such as execute = [\"/usr\"] with the "
                    + "directories of the program, its interpreter and its libraries")
        } else if !landlock.hasPaths, !landlock.hasPorts, landlock.scoped.isEmpty {
            report(
                node,
                "there is nothing in it that restrains anything; add execute, tcp_bind, tcp_connect or scoped, or leave "
                    + "it out")
        }
        return landlock
    }

    // MARK: Values

    /// Absolute paths, each a template, and missing at will after a `-`.
    private mutating func wallPaths(_ node: DocumentNode) -> [String] {
        guard let elements = array(node, example: "[\"/var/lib/app\"]") else { return [] }
        return elements.compactMap { element in
            absolutePath(element, allowingDash: true).flatMap { template($0, element) }
        }
    }

    private mutating func tcpPorts(_ node: DocumentNode) -> [UInt16]? {
        guard let elements = array(node, example: "[8080]") else { return nil }
        return elements.compactMap { integer($0, in: 0...65535).map { UInt16($0) } }
    }

    private mutating func scopes(_ node: DocumentNode) -> [LandlockRules.Scope] {
        guard let elements = array(node, example: "[\"signal\"]") else { return [] }
        return elements.compactMap { element in
            guard let name = string(element) else { return nil }
            if let scope = LandlockRules.Scope(rawValue: name) { return scope }
            let names = LandlockRules.Scope.allCases.map(\.rawValue.quoted).joined(separator: " or ")
            report(element, "\(name.quoted) is unknown; write \(names)")
            return nil
        }
    }

    /// A choice between texts and, where systemd has them, booleans.
    private mutating func choice<Protection: SandboxChoice>(
        _ node: DocumentNode, among: Protection.Type
    ) -> Protection {
        if let literal = node.literal, let found = Protection.allCases.first(where: { $0.text == literal }) {
            return found
        }
        let texts = Protection.allCases.map(\.text)
        report(
            node,
            "\(node.literal ?? node.kind) is unknown; write "
                + "\(texts.dropLast().joined(separator: ", ")) or \(texts.suffix(1).joined())")
        return .none
    }

    private mutating func systemCallFilter(_ node: DocumentNode) -> [String] {
        guard let elements = array(node, example: "[\"@system-service\"]") else { return [] }
        if elements.isEmpty {
            report(node, "an empty filter allows nothing; write [\"@system-service\"], or leave it out")
        }
        var entries: [String] = []
        for element in elements {
            guard let entry = string(element) else { continue }
            if let problem = SystemCallFilter.problem(in: entry) { report(element, problem) }
            entries.append(entry)
        }
        return entries
    }

    private mutating func errorNumber(_ node: DocumentNode) -> String? {
        guard let name = string(node) else { return nil }
        if name == "kill" { return nil }
        if SystemCallFilter.errorNumber(named: name) != nil { return name }
        report(node, "\(name.quoted) is no error; write \"EPERM\", or \"kill\" to end the process")
        return nil
    }

    // MARK: What fits together

    /// Whoever could gain privileges by a program that it executes could use it to get over these walls, so the kernel
    /// wants it to be unable to (seccomp(2), landlock(7)).
    mutating func checkPrivileges(of service: ServiceSpecification, _ node: DocumentNode) {
        guard !service.noNewPrivileges, let sandbox = service.sandbox,
            sandbox.landlock != nil || !sandbox.systemCallFilter.isEmpty
        else { return }
        report(node, "the sandbox has landlock or system_call_filter, which take no_new_privileges; leave this out")
    }

    private mutating func check(_ sandbox: SandboxSpecification, _ places: [SandboxKey: DocumentNode]) {
        if let node = places[.systemCallErrorNumber], sandbox.systemCallFilter.isEmpty {
            report(node, "there is no system_call_filter; add one, or leave this out")
        }
        if let node = places[.bestEffort], !sandbox.hasWalls {
            report(node, "there is no wall to leave out; add one, or leave this out")
        }
        if let node = places[.systemCallFilter],
            let problem = SystemCallFilter.problem(in: sandbox.systemCallFilter)
        {
            report(node, problem)
        }
        let lists = [
            (SandboxKey.readOnlyPaths, sandbox.readOnlyPaths), (.readWritePaths, sandbox.readWritePaths),
            (.inaccessiblePaths, sandbox.inaccessiblePaths),
        ]
        var seen: [String: SandboxKey] = [:]
        for (key, paths) in lists {
            guard let node = places[key] else { continue }
            for path in paths.map(SandboxPath.init(_:)).map(\.path) {
                if let other = seen.updateValue(key, forKey: path) {
                    report(node, "\(path.quoted) is in \(other.rawValue) already; decide for one of them")
                } else if path == "/", key == .inaccessiblePaths {
                    report(node, "nothing would be left without \"/\"; name what is not to be seen")
                }
            }
        }
    }
}

/// What systemd spells as a boolean or a word.
private protocol SandboxChoice: CaseIterable {
    static var none: Self { get }
    /// Its value in TOML.
    var text: String { get }
}

extension SandboxSpecification.SystemProtection: SandboxChoice {}
extension SandboxSpecification.HomeProtection: SandboxChoice {}

extension SandboxSpecification.SystemProtection {
    /// Its value in TOML.
    var text: String {
        switch self {
        case .none: "false"
        case .system: "true"
        case .full: "full".quoted
        case .strict: "strict".quoted
        }
    }
}

extension SandboxSpecification.HomeProtection {
    /// Its value in TOML.
    var text: String {
        switch self {
        case .none: "false"
        case .inaccessible: "true"
        case .readOnly: "read-only".quoted
        case .tmpfs: "tmpfs".quoted
        }
    }
}
