public import ControlGroups

/// A change of limits while workers run: for each limit another amount, none any more, or, where it is nil, no change.
public struct LimitChange: Hashable, Sendable {
    /// What becomes of one limit.
    public enum Change<Amount: Hashable & Sendable>: Hashable, Sendable {
        /// It has this amount from now on.
        case set(Amount)
        /// It is taken away; the kernel's own value is in force.
        case remove
    }

    /// Of `memory.max`.
    public var memoryMax: Change<ByteLimit>?
    /// Of `memory.high`.
    public var memoryHigh: Change<ByteLimit>?
    /// Of `memory.swap.max`.
    public var memorySwapMax: Change<ByteLimit>?
    /// Of `cpu.max`, in hundredths of one processor.
    public var cpuMaxPercent: Change<Double>?
    /// Of `cpu.weight`.
    public var cpuWeight: Change<Int>?
    /// Of `pids.max`.
    public var tasksMax: Change<Int>?
    /// Of `io.weight`.
    public var ioWeight: Change<Int>?
    /// Of `cpuset.cpus`.
    public var cpusetProcessors: Change<String>?
    /// Of `cpuset.mems`.
    public var cpusetMemoryNodes: Change<String>?

    /// No change at all.
    public init() {}

    /// Reads a change from texts by the configuration's keys: `["memory_max": "1G", "tasks_max": "none"]`. They are
    /// written and bounded as there, and `none` takes a limit away.
    ///
    /// - Throws: everything that is wrong with any of them, or that there is none.
    public static func parse(_ texts: [String: String]) throws(LimitChangeError) -> LimitChange {
        if texts.isEmpty {
            let known = LimitsKey.allCases.map(\.rawValue).joined(separator: ", ")
            throw LimitChangeError(problems: [.init(key: "", message: "no limit is named; there are \(known)")])
        }
        // An unknown key is to be reported whatever its value.
        let amounts = texts.filter { $0.value != "none" || LimitsKey(rawValue: $0.key) == nil }
        let nodes = amounts.map { key, text in (key, DocumentNode(argument: text, path: DocumentPath() + key)) }
        var decoder = SpecificationDecoder(isComplete: true)
        let limits = decoder.decodeLimits(
            DocumentNode(.table(Dictionary(uniqueKeysWithValues: nodes)), path: DocumentPath()))
        if !decoder.problems.isEmpty {
            let problems = decoder.problems.map { LimitChangeError.Problem(key: $0.path, message: $0.message) }
            throw LimitChangeError(problems: problems.sorted { $0.key < $1.key })
        }
        var change = LimitChange()
        for key in LimitsKey.allCases where texts[key.rawValue] != nil {
            // What is right and yet decoded to nothing is no limit.
            switch key {
            case .memoryMax: change.memoryMax = limits.memoryMax.map(Change.set) ?? .remove
            case .memoryHigh: change.memoryHigh = limits.memoryHigh.map(Change.set) ?? .remove
            case .memorySwapMax: change.memorySwapMax = limits.memorySwapMax.map(Change.set) ?? .remove
            case .cpuMax: change.cpuMaxPercent = limits.cpuMaxPercent.map(Change.set) ?? .remove
            case .cpuWeight: change.cpuWeight = limits.cpuWeight.map(Change.set) ?? .remove
            case .tasksMax: change.tasksMax = limits.tasksMax.map(Change.set) ?? .remove
            case .ioWeight: change.ioWeight = limits.ioWeight.map(Change.set) ?? .remove
            case .cpusetCpus: change.cpusetProcessors = limits.cpusetProcessors.map(Change.set) ?? .remove
            case .cpusetMems: change.cpusetMemoryNodes = limits.cpusetMemoryNodes.map(Change.set) ?? .remove
            }
        }
        return change
    }

    /// The limits that `limits` become.
    ///
    /// - Throws: that they would contradict each other.
    public func applied(to limits: ResourceLimits) throws(LimitChangeError) -> ResourceLimits {
        var result = limits
        memoryMax?.apply(to: &result.memoryMax)
        memoryHigh?.apply(to: &result.memoryHigh)
        memorySwapMax?.apply(to: &result.memorySwapMax)
        cpuMaxPercent?.apply(to: &result.cpuMaxPercent)
        cpuWeight?.apply(to: &result.cpuWeight)
        tasksMax?.apply(to: &result.tasksMax)
        ioWeight?.apply(to: &result.ioWeight)
        cpusetProcessors?.apply(to: &result.cpusetProcessors)
        cpusetMemoryNodes?.apply(to: &result.cpusetMemoryNodes)
        if let message = result.contradiction {
            throw LimitChangeError(problems: [.init(key: LimitsKey.memoryHigh.rawValue, message: message)])
        }
        return result
    }
}

extension LimitChange.Change {
    fileprivate func apply(to amount: inout Amount?) {
        switch self {
        case .set(let new): amount = new
        case .remove: amount = nil
        }
    }
}

extension ResourceLimits {
    /// What is wrong with `memory_high` in view of the other limits, as a sentence; nil if they go together.
    var contradiction: String? {
        guard case .bytes(let high) = memoryHigh, case .bytes(let max) = memoryMax, high > max else { return nil }
        return "\(SizeFormat.exact(.bytes(high))) is above memory_max (\(SizeFormat.exact(.bytes(max)))), "
            + "so it would never be reached; write less"
    }
}

extension DocumentNode {
    /// A value of the configuration that was given as the text of an argument: what looks like a number is one.
    fileprivate init(argument text: String, path: DocumentPath) {
        let digits = text.drop { $0 == "-" }
        let value: Value =
            if let integer = Int(text), digits.allSatisfy(\.isDigit) {
                .integer(integer)
            } else if let float = Double(text), digits.allSatisfy({ $0.isDigit || $0 == "." }) {
                .float(float)
            } else {
                .string(text)
            }
        self.init(value, path: path)
    }
}
