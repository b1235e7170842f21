import ControlGroups
import Processes
import Supervision

/// The tables inside a service's.
extension SpecificationDecoder {
    mutating func decodeLimits(_ node: DocumentNode) -> ResourceLimits {
        var limits = ResourceLimits()
        var highNode: DocumentNode?
        for (key, node) in members(of: node, keys: LimitsKey.self) {
            switch key {
            case .memoryMax: limits.memoryMax = size(node)
            case .memoryHigh:
                limits.memoryHigh = size(node)
                highNode = node
            case .memorySwapMax: limits.memorySwapMax = size(node, allowingZero: true)
            case .cpuMax: limits.cpuMaxPercent = percentage(node)
            case .cpuWeight: limits.cpuWeight = integer(node, of: key)
            case .tasksMax: limits.tasksMax = tasks(node, of: key)
            case .ioWeight: limits.ioWeight = integer(node, of: key)
            case .cpusetCpus: limits.cpusetProcessors = numberList(node).map(NumberListFormat.format)
            case .cpusetMems: limits.cpusetMemoryNodes = numberList(node).map(NumberListFormat.format)
            }
        }
        if let highNode, let contradiction = limits.contradiction { report(highNode, contradiction) }
        return limits
    }

    mutating func decodeRestart(_ node: DocumentNode, into policy: inout RestartPolicy) {
        var maximumNode: DocumentNode?
        var delayNode: DocumentNode?
        for (key, node) in members(of: node, keys: RestartKey.self) {
            switch key {
            case .policy: policy.condition = choice(node) ?? policy.condition
            case .delay:
                policy.delay = boundedDuration(node, allowingZero: true) ?? policy.delay
                delayNode = node
            case .maxDelay:
                policy.maximumDelay = boundedDuration(node, allowingZero: true) ?? policy.maximumDelay
                maximumNode = node
            case .multiplier: policy.multiplier = number(node, of: key) ?? policy.multiplier
            case .jitter: policy.jitter = number(node, of: key) ?? policy.jitter
            case .budget: policy.budget = integer(node, of: key) ?? policy.budget
            case .window: policy.window = boundedDuration(node) ?? policy.window
            case .successExitCodes: policy.successExitCodes = exitCodes(node) ?? policy.successExitCodes
            }
        }
        if let node = maximumNode ?? delayNode, policy.maximumDelay < policy.delay {
            report(node, "max_delay is shorter than delay; write max_delay at least as long as delay")
        }
    }

    mutating func decodeStop(_ node: DocumentNode, into service: inout ServiceSpecification) {
        for (key, node) in members(of: node, keys: StopKey.self) {
            switch key {
            case .signal: service.stopSignal = signal(node)?.rawValue ?? service.stopSignal
            case .timeout: service.policy.stopTimeout = boundedDuration(node) ?? service.policy.stopTimeout
            }
        }
    }

    mutating func decodeLog(_ node: DocumentNode) -> LogSpecification {
        var target: LogKey.Target?
        var file: DocumentNode?
        var path: String?
        let problemsBefore = problems.count
        for (key, node) in members(of: node, keys: LogKey.self) {
            switch key {
            case .to: target = choice(node)
            case .file:
                file = node
                path = absolutePath(node).flatMap { template($0, node) }
            }
        }
        // What is missing is of interest only where what is there is right.
        if problems.count > problemsBefore { return LogSpecification() }
        // A file that is named is meant to be used.
        let destination = target ?? (file == nil ? .auto : .file)
        if let file, destination != .file {
            report(file, "a file is used only with to = \"file\"; write that, or leave out file")
        }
        switch destination {
        case .auto: return LogSpecification(destination: .auto)
        case .journal: return LogSpecification(destination: .journal)
        case .terminal: return LogSpecification(destination: .terminal)
        case .none: return LogSpecification(destination: .none)
        case .file:
            if let path { return LogSpecification(destination: .file(path)) }
            report(node, "no file is named; add a line such as file = \"/var/log/{service}-{worker}.log\"")
            return LogSpecification()
        }
    }

    // MARK: - Values that only these tables have

    private mutating func size(_ node: DocumentNode, allowingZero: Bool = false) -> ByteLimit? {
        let limit: ByteLimit?
        if case .integer(let bytes) = node.value, bytes >= 0 {
            limit = .bytes(UInt64(bytes))
        } else {
            limit = parsed(node, "a size", example: "\"512M\"", SizeFormat.parse)
        }
        if limit == .bytes(0), !allowingZero {
            report(node, "no program runs without memory; write a size such as \"512M\"")
            return nil
        }
        return limit
    }

    private mutating func percentage(_ node: DocumentNode) -> Double? {
        switch node.value {
        case .string("infinity"): return nil
        case .integer(let number):
            report(node, "\(number) has no unit; write \"\(number)%\" for hundredths of one processor")
            return nil
        case .string, .table, .array, .float, .boolean, .date:
            let example = "\"150%\", which is one and a half processors"
            return parsed(node, "a string", example: example, PercentFormat.parse)
        }
    }

    private mutating func tasks(_ node: DocumentNode, of key: LimitsKey) -> Int? {
        if case .string(let text) = node.value {
            if text == "infinity" { return nil }
            if text.hasSuffix("%") {
                report(node, "\(text.quoted) is a share, which is not supported; write a number such as 512")
                return nil
            }
        }
        return integer(node, of: key)
    }

    private mutating func exitCodes(_ node: DocumentNode) -> Set<Int32>? {
        array(node, example: "[0, 3]").map { elements in
            Set(elements.compactMap { integer($0, in: 0...255).map { Int32($0) } })
        }
    }

    private mutating func signal(_ node: DocumentNode) -> Signal? {
        let name: String
        switch node.value {
        case .string(let text): name = text
        case .integer(let number): name = "\(number)"
        case .table, .array, .float, .boolean, .date:
            mismatch(node, "a signal", example: "\"TERM\"")
            return nil
        }
        if let signal = Signal(name: name) { return signal }
        let hint = Signal(name: name.uppercased()).map { "write \($0.name.quoted)" } ?? "write one such as \"TERM\""
        report(node, "\(node.literal ?? name) is not a signal; \(hint)")
        return nil
    }
}
