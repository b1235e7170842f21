/// What a worker is asked to find out whether it is ready, or well.
public enum ProbeTarget: Codable, Hashable, Sendable {
    /// Whether it takes a connection. The address, a ``Template``, is a ``SocketAddress``.
    case tcp(address: String)
    /// How it answers a GET request. The URL, a ``Template``, is an ``IntrospectionURL``, not an encrypted one.
    case http(url: String, status: StatusSet = .success, body: String? = nil)
    /// Whether a command succeeds. Each part is a ``Template``.
    case command([String])

    /// A connection to an address, whose placeholders may become anything.
    public static func parse(address: String) throws(FormatError) -> ProbeTarget {
        let sample = Template.expand(address, service: "web", worker: 1, port: 1)
        if case .internet(nil, let port) = try SocketAddress.parse(sample) {
            throw FormatError("\(address.quoted) names no host; write \"127.0.0.1:\(port)\"")
        }
        return .tcp(address: address)
    }

    /// A request of a URL, whose placeholders may become anything.
    public static func parse(url: String) throws(FormatError) -> ProbeTarget {
        if try IntrospectionURL.parse(Template.expand(url, service: "web", worker: 1, port: 1)).isEncrypted {
            throw FormatError(
                "a probe by https is not supported; write a URL that begins with \"http://\", or use a command")
        }
        return .http(url: url)
    }
}

/// How the health of workers is probed; when is told by `WorkerPolicy.health`.
public struct HealthProbe: Codable, Hashable, Sendable {
    /// What is asked.
    public var target: ProbeTarget
    /// How long an answer may take.
    public var timeout: Duration

    /// A probe; what is left out is as documented for the configuration file.
    public init(target: ProbeTarget, timeout: Duration = .seconds(2)) {
        self.target = target
        self.timeout = timeout
    }
}

/// Statuses of HTTP, written `200`, `200-399` or `200,204,301-303`.
public struct StatusSet: Codable, Hashable, Sendable, CustomStringConvertible {
    /// The statuses.
    public let ranges: [ClosedRange<Int>]

    /// Success and redirection: 200-399.
    public static let success = StatusSet(ranges: [200...399])

    private init(ranges: [ClosedRange<Int>]) {
        self.ranges = ranges
    }

    /// Reads statuses and ranges of them with commas between.
    public static func parse(_ text: String) throws(FormatError) -> StatusSet {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { bound in
                String(bound.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            let numbers = bounds.compactMap { $0.allSatisfy(\.isDigit) ? Int($0) : nil }
            guard numbers.count == bounds.count, (1...2).contains(numbers.count),
                numbers[0] <= numbers[numbers.count - 1],
                numbers.allSatisfy((200...599).contains)
            else {
                throw FormatError(
                    "\(text.quoted) is no set of HTTP statuses; write one from 200 to 599 such as \"200\", \"200-399\" "
                        + "or \"200,204\"")
            }
            ranges.append(numbers[0]...numbers[numbers.count - 1])
        }
        return StatusSet(ranges: ranges)
    }

    /// As it is written in the configuration.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
