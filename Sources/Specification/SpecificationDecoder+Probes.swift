import Supervision

/// The tables about readiness and health.
extension SpecificationDecoder {
    /// The keys of a table that say what is asked.
    private struct Questions {
        var address: (node: DocumentNode, text: String?)?
        var url: (node: DocumentNode, text: String?)?
        var status: (node: DocumentNode, set: StatusSet?)?
        var body: (node: DocumentNode, text: String?)?
        var command: (node: DocumentNode, arguments: [String]?)?
    }

    mutating func decodeReady(_ node: DocumentNode, into service: inout ServiceSpecification) {
        var questions = Questions()
        var interval: DocumentNode?
        var line: (node: DocumentNode, text: String?)?
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: ReadyKey.self) {
            switch key {
            case .by: service.policy.readiness = choice(node) ?? service.policy.readiness
            case .timeout: service.policy.readyTimeout = boundedDuration(node) ?? service.policy.readyTimeout
            case .interval:
                interval = node
                service.policy.readyInterval = boundedDuration(node) ?? service.policy.readyInterval
            case .address: questions.address = (node, probeAddress(node))
            case .url: questions.url = (node, probeURL(node))
            case .status: questions.status = (node, statuses(node))
            case .body: questions.body = (node, expectedText(node))
            case .command: questions.command = (node, command(node))
            case .line: line = (node, expectedText(node))
            }
        }
        // What is missing or too much is of interest only where what is there is right.
        if problems.count > problemsBefore { return }
        let readiness = service.policy.readiness
        switch readiness {
        case .exec, .notify, .log:
            if let interval {
                report(interval, "an interval is for by = \"tcp\", \"http\" or \"command\"; leave it out")
            }
        case .tcp, .http, .command: break
        }
        if let line, readiness != .log { report(line.node, misplaced("a line", "log")) }
        service.readyProbe = target(questions, by: readiness.rawValue, node)
        service.readyLine = line?.text
        if readiness == .log, line == nil {
            report(node, "no line is told that makes it ready; add one such as line = \"listening on\"")
        }
    }

    mutating func decodeHealth(_ node: DocumentNode, into service: inout ServiceSpecification) {
        var questions = Questions()
        var policy = HealthPolicy()
        var timeout: Duration?
        var way: HealthKey.Way?
        var hasWay = false
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: HealthKey.self) {
            switch key {
            case .by:
                hasWay = true
                way = choice(node)
            case .interval: policy.interval = boundedDuration(node) ?? policy.interval
            case .timeout: timeout = boundedDuration(node)
            case .failures: policy.failures = integer(node, of: key) ?? policy.failures
            case .successes: policy.successes = integer(node, of: key) ?? policy.successes
            case .startGrace: policy.startGrace = boundedDuration(node, allowingZero: true) ?? policy.startGrace
            case .address: questions.address = (node, probeAddress(node))
            case .url: questions.url = (node, probeURL(node))
            case .status: questions.status = (node, statuses(node))
            case .body: questions.body = (node, expectedText(node))
            case .command: questions.command = (node, command(node))
            }
        }
        if !hasWay {
            report(node, "it doesn't say how health is found out; add by = \"tcp\", \"http\" or \"command\"")
        }
        guard problems.count == problemsBefore, let way, let target = target(questions, by: way.rawValue, node) else {
            return
        }
        service.healthProbe = HealthProbe(target: target)
        if let timeout { service.healthProbe?.timeout = timeout }
        service.policy.health = policy
    }

    /// What only the whole service shows.
    mutating func checkProbes(of service: ServiceSpecification, ready: DocumentNode?, health: DocumentNode?) {
        if let ready, service.policy.readiness == .log {
            switch service.log.destination {
            case .none:
                report(ready, "readiness by a line needs output; write another log.to than \"none\"")
            case .file(let path) where !path.contains("{worker}") && service.workers != .count(1):
                report(
                    ready,
                    "all workers write the same log file, whose lines don't tell which one is ready; "
                        + "write {worker} into log.file")
            case .auto, .journal, .terminal, .file: break
            }
        }
        if let ready, case .tcp(let address)? = service.readyProbe { checkListener(of: service, address, ready) }
        if let health, case .tcp(let address)? = service.healthProbe?.target {
            checkListener(of: service, address, health)
        }
    }

    /// A socket that Cadre listens on takes connections whatever the workers do.
    private mutating func checkListener(of service: ServiceSpecification, _ address: String, _ node: DocumentNode) {
        guard let probed = try? SocketAddress.parse(Template.expand(address, service: service.name, worker: 0, port: 1))
        else {
            return
        }
        let isOurs = service.sockets.contains { socket in
            switch (socket.address, probed) {
            case (.internet(_, let port)?, .internet(_, let other)): port == other
            case (.unix(let path)?, .unix(let other)): path == other
            case (.internet?, .unix), (.unix?, .internet), (nil, _): false
            }
        }
        guard isOurs else { return }
        report(
            node,
            "Cadre itself listens on \(address.quoted), which takes connections whatever the worker does; "
                + "use another way than \"tcp\"")
    }

    // MARK: Values

    /// What is asked by the way that is chosen; keys of other ways are reported.
    private mutating func target(_ questions: Questions, by way: String, _ node: DocumentNode) -> ProbeTarget? {
        if let address = questions.address, way != "tcp" { report(address.node, misplaced("an address", "tcp")) }
        if let url = questions.url, way != "http" { report(url.node, misplaced("a URL", "http")) }
        if let status = questions.status, way != "http" { report(status.node, misplaced("a status", "http")) }
        if let body = questions.body, way != "http" { report(body.node, misplaced("a body", "http")) }
        if let command = questions.command, way != "command" {
            report(command.node, misplaced("a command", "command"))
        }
        switch way {
        case "tcp":
            if let address = questions.address?.text { return .tcp(address: address) }
            report(node, "it has no address; add a line such as address = \"127.0.0.1:900{worker}\"")
        case "http":
            if let url = questions.url?.text {
                return .http(url: url, status: questions.status?.set ?? .success, body: questions.body?.text)
            }
            report(node, "it has no URL; add a line such as url = \"http://127.0.0.1:900{worker}/health\"")
        case "command":
            if let arguments = questions.command?.arguments { return .command(arguments) }
            report(node, "it has no command; add a line such as command = [\"/usr/bin/check\", \"{worker}\"]")
        default: break
        }
        return nil
    }

    private func misplaced(_ what: String, _ way: String) -> String {
        "\(what) is used only with by = \(way.quoted); write that, or leave it out"
    }

    private mutating func probeAddress(_ node: DocumentNode) -> String? {
        probed(node) { text throws(FormatError) in try ProbeTarget.parse(address: text) }
    }

    private mutating func probeURL(_ node: DocumentNode) -> String? {
        probed(node) { text throws(FormatError) in try ProbeTarget.parse(url: text) }
    }

    private mutating func probed(
        _ node: DocumentNode, _ parse: (String) throws(FormatError) -> ProbeTarget
    ) -> String? {
        guard let text = string(node).flatMap({ template($0, node) }) else { return nil }
        do {
            _ = try parse(text)
            return text
        } catch {
            report(node, error.description)
            return nil
        }
    }

    private mutating func statuses(_ node: DocumentNode) -> StatusSet? {
        if case .integer(let status) = node.value {
            report(node, "\(status) is an integer, not a string; write \"\(status)\"")
            return nil
        }
        return parsed(node, "a string", example: "\"200-399\"", StatusSet.parse)
    }

    private mutating func expectedText(_ node: DocumentNode) -> String? {
        guard let text = string(node) else { return nil }
        if !text.isEmpty { return text }
        report(node, "the text is empty, so that anything has it; write what must be there")
        return nil
    }
}
