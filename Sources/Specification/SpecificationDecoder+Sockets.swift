import Supervision

/// Sockets, ports, and what is done when somebody connects.
extension SpecificationDecoder {
    mutating func decodeSockets(_ node: DocumentNode, service: String) -> [SocketSpecification] {
        guard let elements = array(node, example: "[[\(node.path)]]") else { return [] }
        var sockets: [SocketSpecification] = []
        var names: Set<String> = []
        var standardInput: DocumentPath?
        for element in elements {
            guard let table = table(element, example: "[[\(node.path)]]") else { continue }
            let decoded = decodeSocket(element, service: service)
            if !names.insert(decoded.name).inserted {
                report(
                    table[SocketKey.name.rawValue] ?? element,
                    "the name \(decoded.name.quoted) is taken by another socket of the service; set another name")
            }
            if decoded.socket?.isStandardInput == true, let stdin = table[SocketKey.stdin.rawValue] {
                if let standardInput {
                    report(stdin, "\(standardInput) is descriptor 0 already; only one socket can be")
                } else {
                    standardInput = stdin.path
                }
            }
            if let socket = decoded.socket { sockets.append(socket) }
        }
        return sockets
    }

    /// A socket, or nil if it makes no sense, and the name that it has in any case.
    private mutating func decodeSocket(
        _ element: DocumentNode, service: String
    ) -> (name: String, socket: SocketSpecification?) {
        var socket = SocketSpecification(name: service, source: .systemd(""))
        var nodes: [SocketKey: DocumentNode] = [:]
        let problemsBefore = problems.count
        for (key, node) in members(of: element, keys: SocketKey.self) {
            nodes[key] = node
            switch key {
            case .name: socket.name = socketName(node) ?? socket.name
            case .listen: listenAddress(node).map { socket.source = .listen($0) }
            case .fromSystemd:
                guard nodes[.listen] == nil else { break }
                socketName(node).map { socket.source = .systemd($0) }
            case .type: socket.kind = choice(node) ?? socket.kind
            case .backlog: socket.backlog = integer(node, of: key) ?? socket.backlog
            case .reusePort: socket.reusePort = boolean(node) ?? false
            case .mode: socket.file.mode = fileMode(node)
            case .user: socket.file.user = account(node)
            case .group: socket.file.group = account(node)
            case .freeBind: socket.freeBind = boolean(node) ?? false
            case .deferAccept: socket.deferAccept = deferral(node)
            case .nonBlocking: socket.isNonBlocking = boolean(node) ?? false
            case .stdin: socket.isStandardInput = boolean(node) ?? false
            }
        }
        if nodes[.listen] == nil && nodes[.fromSystemd] == nil {
            report(
                element,
                "the socket has no address; add a line such as listen = \":8080\", or from_systemd = \"NAME\"")
        }
        // What goes together is of interest only where each is right.
        guard problems.count == problemsBefore else { return (socket.name, nil) }
        check(socket, nodes)
        if let address = socket.address, let node = nodes[.listen] {
            claim(address, isDatagram: socket.kind == .datagram, node)
        }
        return (socket.name, socket)
    }

    /// Reports what is of no use for a socket of this kind.
    private mutating func check(_ socket: SocketSpecification, _ nodes: [SocketKey: DocumentNode]) {
        func refuse(_ keys: [SocketKey], _ reason: (SocketKey) -> String) {
            for key in keys { if let node = nodes[key], !isSwitchedOff(node) { report(node, reason(key)) } }
        }
        switch socket.source {
        case .systemd:
            if let node = nodes[.listen] {
                report(
                    node, "a socket of systemd's has its address in the .socket unit; leave out listen or from_systemd")
            }
            refuse([.type, .backlog, .reusePort, .mode, .user, .group, .freeBind, .deferAccept]) {
                "systemd makes the socket, so \($0.rawValue) belongs in the .socket unit; leave it out here"
            }
        case .listen(.unix(let path)):
            if let node = nodes[.fromSystemd] {
                report(node, "the socket has an address of its own; leave out listen or from_systemd")
            }
            refuse([.reusePort, .freeBind, .deferAccept]) { "a unix socket has no \($0.rawValue); leave it out" }
            if path.hasPrefix("@") {
                refuse([.mode, .user, .group]) {
                    "an abstract socket is no file and has no \($0.rawValue); leave it out, or use a path"
                }
            }
        case .listen(.internet):
            if let node = nodes[.fromSystemd] {
                report(node, "the socket has an address of its own; leave out listen or from_systemd")
            }
            refuse([.mode, .user, .group]) { "only the file of a unix socket has a \($0.rawValue); leave it out" }
            if socket.kind == .seqpacket, let node = nodes[.type] {
                report(node, "only unix sockets can be \"seqpacket\"; write \"stream\" for TCP or \"datagram\" for UDP")
            }
            if socket.kind == .datagram {
                refuse([.deferAccept]) { _ in "UDP has no connections to defer; leave it out" }
            }
        }
        if socket.kind == .datagram {
            refuse([.backlog]) { _ in "a datagram socket has no connections that could wait; leave it out" }
        }
    }

    private func isSwitchedOff(_ node: DocumentNode) -> Bool {
        if case .boolean(false) = node.value { true } else { false }
    }

    private mutating func socketName(_ node: DocumentNode) -> String? {
        guard let name = string(node) else { return nil }
        if SocketSpecification.isValidName(name) { return name }
        report(
            node, "\(name.quoted) is not a socket's name; use 1 to 255 printable ASCII characters, and no colon")
        return nil
    }

    private mutating func listenAddress(_ node: DocumentNode) -> SocketAddress? {
        if case .integer(let port) = node.value {
            report(node, "\(port) is an integer, not a string; write \":\(port)\"")
            return nil
        }
        return parsed(node, "a string", example: "\":8080\"", SocketAddress.parse)
    }

    private mutating func fileMode(_ node: DocumentNode) -> UInt32? {
        // An integer would be read as a decimal one, which nobody means.
        guard case .string(let text) = node.value else {
            mismatch(node, "a string", example: "\"0660\"")
            return nil
        }
        if let mode = UInt32(text, radix: 8), mode <= 0o777, text.allSatisfy(\.isDigit) { return mode }
        report(node, "\(text.quoted) are no permissions in octal; write such as \"0660\"")
        return nil
    }

    /// The kernel knows of whole seconds; `true` is what most programs that ask for it mean by it.
    private mutating func deferral(_ node: DocumentNode) -> Duration? {
        if case .boolean(let value) = node.value { return value ? .seconds(30) : nil }
        guard let duration = boundedDuration(node) else { return nil }
        if duration >= .seconds(1) { return duration }
        report(node, "the kernel counts whole seconds here; write \"1s\" or more, or true")
        return nil
    }

    // MARK: - Ports

    mutating func decodePort(_ node: DocumentNode) -> UInt16? {
        var start: Int?
        var isGiven = false
        for (key, node) in members(of: node, keys: PortKey.self) {
            switch key {
            case .start:
                isGiven = true
                start = integer(node, of: key)
            }
        }
        if !isGiven, case .table = node.value {
            report(node, "the ports have no beginning; add a line such as start = 8000")
        }
        return start.map(UInt16.init)
    }

    /// With "cpus" the number of workers is known only where they run.
    mutating func checkPorts(of service: ServiceSpecification, _ node: DocumentNode) {
        guard let port = service.port else { return }
        let count = service.workers.resolved(cpus: 1)
        let last = Int(port) + max(count, 1) - 1
        guard last <= 65_535 else {
            report(node, "the last of \(count) workers would have port \(last); begin at \(65_536 - count) or below")
            return
        }
        claim(Int(port)...last, node)
    }

    // MARK: - On demand

    mutating func checkDemand(of service: ServiceSpecification, _ table: [String: DocumentNode]) {
        if let node = table[ServiceKey.idleTimeout.rawValue], !service.isOnDemand {
            report(node, "only a service on demand is stopped when idle; add on_demand = true, or leave it out")
        }
        guard service.isOnDemand, let node = table[ServiceKey.onDemand.rawValue] else { return }
        if service.sockets.isEmpty, isComplete {
            report(node, "there is no socket that somebody could connect to; add [[service.\(service.name).socket]]")
        }
        if service.policy.type == .oneshot {
            report(node, "a oneshot is over when it is done, and waits for nobody; leave out on_demand or type")
        }
        if service.sockets.contains(where: \.reusePort) {
            report(node, "a service on demand has its sockets in common; leave out reuse_port or on_demand")
        }
    }
}
