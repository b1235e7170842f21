import ControlGroups
import Processes

/// As whom workers run, with which privileges, and how they share the machine.
extension SpecificationDecoder {
    /// Names or numbers of groups.
    mutating func groups(_ node: DocumentNode) -> [String] {
        guard let elements = array(node, example: "[\"ssl-cert\", \"video\"]") else { return [] }
        return elements.compactMap { element in
            if case .integer(let number) = element.value, UInt32(exactly: number) != nil { return "\(number)" }
            return account(element)
        }
    }

    /// `"all"`, or names of capabilities.
    mutating func capabilities(_ node: DocumentNode) -> CapabilityLimit? {
        if case .string("all") = node.value { return .all }
        let example = "[\"CAP_NET_BIND_SERVICE\"]"
        if case .string(let text) = node.value {
            report(node, "\(text.quoted) is no list of capabilities; write one such as \(example), or \"all\"")
            return nil
        }
        guard let elements = array(node, example: example) else { return nil }
        var set = CapabilitySet()
        for element in elements {
            guard let name = string(element) else { continue }
            if let capability = CapabilitySet(name: name) {
                set.formUnion(capability)
            } else {
                report(element, "\(name.quoted) is no capability; \(Self.capabilityRemedy(name))")
            }
        }
        return .only(set)
    }

    /// What to do about a name that isn't a capability's.
    private static func capabilityRemedy(_ name: String) -> String {
        let upper = name.uppercased()
        for candidate in [upper, "CAP_\(upper)"] where CapabilitySet(name: candidate) != nil {
            return "write \(candidate.quoted)"
        }
        return "write one of those in capabilities(7), such as \"CAP_NET_BIND_SERVICE\""
    }

    /// A file creation mask in octal.
    mutating func creationMask(_ node: DocumentNode) -> UInt32? {
        guard case .string(let text) = node.value else {
            mismatch(node, "a string in octal", example: "\"0027\"")
            return nil
        }
        if let mask = UInt32(text, radix: 8), mask <= 0o777, text.allSatisfy(\.isDigit) { return mask }
        report(node, "\(text.quoted) is no file creation mask in octal; write one such as \"0027\"")
        return nil
    }

    /// A list of processors or memory nodes: an array of numbers, or a text such as `0-3,6`.
    mutating func numberList(_ node: DocumentNode) -> [Int]? {
        let example = "[0, 1], or \"0-3,6\""
        switch node.value {
        case .array(let elements):
            if elements.isEmpty {
                report(node, "the list is empty; write one such as \(example), or leave it out")
                return nil
            }
            return Set(elements.compactMap { integer($0, in: 0...NumberListFormat.highest) }).sorted()
        case .integer: return integer(node, in: 0...NumberListFormat.highest).map { [$0] }
        case .table, .string, .float, .boolean, .date:
            return parsed(node, "a list of numbers", example: example, NumberListFormat.parse)
        }
    }

    /// Names of systemd's credentials, which are names of files.
    mutating func credentials(_ node: DocumentNode) -> [String] {
        guard let elements = array(node, example: "[\"db-password\"]") else { return [] }
        var names: [String] = []
        for element in elements {
            guard let name = string(element) else { continue }
            let isValid =
                (1...255).contains(name.utf8.count) && name != "." && name != ".."
                && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/:".utf8.contains($0) }
            if !isValid {
                report(
                    element, "\(name.quoted) is not a credential's name; use letters, digits, \"-\", \"_\" and \".\"")
            } else if names.contains(name) {
                report(element, "\(name.quoted) is in the list already; leave this one out")
            } else {
                names.append(name)
            }
        }
        return names
    }

    /// What no single key can tell of the scheduling.
    mutating func checkScheduling(of service: ServiceSpecification, _ table: [String: DocumentNode]) {
        let scheduling = service.scheduling
        if let node = table[ServiceKey.cpuSchedulingPriority.rawValue], scheduling.policy?.isRealTime != true {
            report(
                node, "only the policies \"fifo\" and \"rr\" have priorities; set cpu_scheduling_policy to one of them")
        }
        guard let node = table[ServiceKey.ioSchedulingPriority.rawValue] else { return }
        switch scheduling.ioClass {
        case .idle: report(node, "the class \"idle\" has no priorities; leave this out, or choose another class")
        case nil: report(node, "a priority is one within a class; set io_scheduling_class, mostly to \"best-effort\"")
        case .realtime, .bestEffort: break
        }
    }

    /// The table of resource limits.
    mutating func decodeProcessLimits(_ node: DocumentNode) -> [ProcessLimit: ProcessLimit.Value] {
        var limits: [ProcessLimit: ProcessLimit.Value] = [:]
        for (key, node) in members(of: node, keys: ProcessLimit.self) { limits[key] = processLimit(node, key) }
        return limits
    }

    private mutating func processLimit(_ node: DocumentNode, _ limit: ProcessLimit) -> ProcessLimit.Value? {
        let example = limit.isSize ? "\"64M\"" : "1024"
        switch node.value {
        case .integer(let number) where number >= 0:
            return ProcessLimit.Value(soft: UInt64(number), hard: UInt64(number))
        case .string(let text):
            do throws(FormatError) {
                return try ProcessLimitFormat.parse(text, of: limit)
            } catch {
                report(node, error.description)
                return nil
            }
        case .table, .array, .integer, .float, .boolean, .date:
            mismatch(node, "a limit", example: "\(example), \"infinity\", or \"soft:hard\"")
            return nil
        }
    }
}

extension ProcessLimit: SpecificationKey {}

/// Resource limits as systemd spells them ("Process Properties" in systemd.exec(5)): one for both, or `soft:hard`.
enum ProcessLimitFormat {
    static func parse(_ text: String, of limit: ProcessLimit) throws(FormatError) -> ProcessLimit.Value {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count) else { throw unreadable(text, limit) }
        let soft = try number(parts[0], text, limit)
        let hard = try number(parts[parts.count - 1], text, limit)
        if soft > hard {
            throw FormatError("\(text.quoted): the soft limit can't be above the hard one, which is behind \":\"")
        }
        return ProcessLimit.Value(soft: soft, hard: hard)
    }

    /// As it is written in the configuration, in TOML.
    static func format(_ value: ProcessLimit.Value, of limit: ProcessLimit) -> String {
        if value.soft == value.hard, value.soft <= UInt64(Int.max), !limit.isSize { return "\(value.soft)" }
        let parts = value.soft == value.hard ? [value.soft] : [value.soft, value.hard]
        return parts.map { number in
            if number == ProcessLimit.Value.infinity { return "infinity" }
            return limit.isSize ? SizeFormat.exact(.bytes(number)) : "\(number)"
        }.joined(separator: ":").quoted
    }

    private static func number(
        _ part: String, _ text: String, _ limit: ProcessLimit
    ) throws(FormatError) -> UInt64 {
        if part == "infinity" { return ProcessLimit.Value.infinity }
        if limit.isSize {
            guard let size = try? SizeFormat.parse(part), case .bytes(let bytes) = size else {
                throw unreadable(text, limit)
            }
            return bytes
        }
        guard !part.isEmpty, part.allSatisfy(\.isDigit), let number = UInt64(part), number <= UInt64(Int.max) else {
            throw unreadable(text, limit)
        }
        return number
    }

    private static func unreadable(_ text: String, _ limit: ProcessLimit) -> FormatError {
        var (what, example) = ("a number", "1024")
        if limit.isSize { (what, example) = ("an amount of bytes", "64M") }
        if limit == .cpu { (what, example) = ("a number of seconds", "60") }
        if limit == .rttime { (what, example) = ("a number of microseconds", "200000") }
        return FormatError(
            "\(text.quoted) is no limit; write \(what) such as \"\(example)\", \"infinity\", or two as \"soft:hard\"")
    }
}
