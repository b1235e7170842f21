public import ControlGroups
public import Supervision

/// A service as a user wants it: one command, and how to run copies of it.
public struct ServiceSpecification: Hashable, Sendable {
    public var name: String
    public var command: [String]
    public var workers: WorkerCount = .count(1)
    public var directory: String?
    public var environment: [String: String] = [:]
    public var environmentFile: EnvironmentFile?
    public var user: String?
    public var group: String?
    public var policy = WorkerPolicy()
    public var stopSignal: Int32 = 15
    public var limits = ResourceLimits()
    public var sockets: [SocketSpecification] = []
    public var log = LogSpecification(destination: .auto)
    public init(name: String, command: [String]) { self.name = name; self.command = command }
}
public enum WorkerCount: Hashable, Sendable {
    case count(Int), cpus
    public func resolved(cpus: Int) -> Int { switch self { case .count(let n): n; case .cpus: cpus } }
}
public struct EnvironmentFile: Hashable, Sendable { public var path: String; public var isOptional: Bool
    public init(path: String, isOptional: Bool) { self.path = path; self.isOptional = isOptional } }
public struct SocketSpecification: Hashable, Sendable { public var name: String; public var address: SocketAddress; public var backlog: Int
    public init(name: String, address: SocketAddress, backlog: Int = 4096) { self.name = name; self.address = address; self.backlog = backlog } }
public enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case internet(host: String?, port: UInt16), unix(path: String)
    public var description: String { switch self { case .internet(let h, let p): "\(h ?? ""):\(p)"; case .unix(let p): "unix:\(p)" } } 
    public init?(parsing text: String) { nil }
}
public struct LogSpecification: Hashable, Sendable {
    public enum Destination: Hashable, Sendable { case auto, journal, terminal, none, file(String) }
    public var destination: Destination
    public init(destination: Destination) { self.destination = destination }
}
public enum Template { public static func expand(_ text: String, service: String, worker: Int) -> String { text } }
public func parseEnvironmentFile(_ text: String, file: String) throws -> [(String, String)] { [] }
public struct SpecificationChange: Hashable, Sendable, CustomStringConvertible {
    public init(from: Specification, to: Specification) {}
    public var added: [String] = [], removed: [String] = [], changed: [String: Bool] = [:]
    public var description: String { "" }
}
public enum DurationFormat { public static func short(_ d: Duration) -> String { "\(d)" }; public static func seconds(_ d: Double) -> String { "\(d)s" } }
public enum SizeFormat { public static func short(_ b: UInt64) -> String { "\(b)" } }
public struct Specification: Hashable, Sendable { public var services: [ServiceSpecification]
 public init(services: [ServiceSpecification]) { self.services = services } }
