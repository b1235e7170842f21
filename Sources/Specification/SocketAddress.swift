import Glibc

/// What a socket listens on, written `host:port`, `:port`, `[::1]:port`, `unix:/path` or `unix:@name`.
public enum SocketAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    /// A port of one host address or name, or of every address if `host` is nil. IPv6 addresses have no brackets.
    case internet(host: String?, port: UInt16)
    /// A unix socket at an absolute path or, after an `@`, under a name in the abstract namespace (unix(7)).
    case unix(path: String)

    /// The longest path of a unix socket in bytes: `sun_path` of unix(7) without its final zero.
    public static let longestPath = 107

    /// Reads an address.
    public static func parse(_ text: String) throws(FormatError) -> SocketAddress {
        if text.hasPrefix("unix:") { return .unix(path: try parsePath(String(text.dropFirst(5)), in: text)) }
        if text.hasPrefix("/") { throw FormatError("\(text.quoted) has no \"unix:\"; write \("unix:\(text)".quoted)") }
        if let port = UInt16(text), port > 0 { throw FormatError("\(text.quoted) has no colon; write \":\(text)\"") }
        let (host, portText) = try split(text)
        guard portText.allSatisfy(\.isDigit), let port = UInt16(portText), port > 0 else {
            throw FormatError("\(text.quoted) has no port from 1 to 65535; write an address such as \":8080\"")
        }
        return .internet(host: host, port: port)
    }

    /// The address as it is written in the configuration.
    public var description: String {
        switch self {
        case .internet(nil, let port): ":\(port)"
        case .internet(let host?, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether only this host reaches it: 127.0.0.0/8, ::1 or `localhost`. Every unix socket is.
    public var isLoopback: Bool {
        switch self {
        case .unix: true
        case .internet(nil, _): false
        case .internet("localhost", _): true
        case .internet(let host?, _):
            if host.contains(":") {
                Self.bytes(of: host, family: AF_INET6) == Array(repeating: 0, count: 15) + [1]
            } else {
                Self.bytes(of: host, family: AF_INET)?.first == 127
            }
        }
    }

    private static func parsePath(_ path: String, in text: String) throws(FormatError) -> String {
        guard path.hasPrefix("/") && !path.hasSuffix("/") || path.hasPrefix("@") && path.utf8.count > 1 else {
            throw FormatError(
                "\(text.quoted) is no absolute path of a socket; write one such as \"unix:/run/app.sock\"")
        }
        guard path.utf8.count <= longestPath else {
            throw FormatError(
                "the path has \(path.utf8.count) bytes, and the kernel takes \(longestPath) at most; use a shorter one")
        }
        return path
    }

    private static func split(_ text: String) throws(FormatError) -> (host: String?, port: Substring) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), text[end...].hasPrefix("]:") else {
                throw FormatError("\(text.quoted) is not an address; write one such as \"[::1]:8080\"")
            }
            let host = String(text[text.index(after: text.startIndex)..<end])
            // A link-local address may name its interface: fe80::1%eth0.
            let address = host.prefix { $0 != "%" }
            guard isNumeric(String(address), family: AF_INET6) else {
                throw FormatError("\(host.quoted) is not an IPv6 address; write one such as \"[::1]:8080\"")
            }
            return (host, text[text.index(end, offsetBy: 2)...])
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw FormatError(
                "\(text.quoted) is not an address; write one such as \":8080\", \"localhost:8080\" or \"unix:/run/app.sock\""
            )
        }
        let host = String(text[..<colon])
        let port = text[text.index(after: colon)...]
        if host.isEmpty { return (nil, port) }
        if host == "*" { throw FormatError("\(text.quoted) is not an address; write \":\(port)\" for every address") }
        if host.contains(":") {
            let suggestion = isNumeric(host, family: AF_INET6) ? "\"[\(host)]:\(port)\"" : "one such as \"[::1]:8080\""
            throw FormatError("\(text.quoted) is ambiguous; write \(suggestion)")
        }
        let looksNumeric = host.allSatisfy { $0.isDigit || $0 == "." }
        let isName = host.utf8.allSatisfy {
            Character(Unicode.Scalar($0)).isDigit || (0x41...0x5A).contains($0 & 0xDF) || "-._".utf8.contains($0)
        }
        guard looksNumeric ? isNumeric(host, family: AF_INET) : isName else {
            throw FormatError("\(host.quoted) is neither a host name nor an IPv4 address")
        }
        return (host, port)
    }

    private static func isNumeric(_ host: String, family: Int32) -> Bool {
        bytes(of: host, family: family) != nil
    }

    /// The bytes of a numeric address; of the 16 an IPv4 address has the first four.
    private static func bytes(of host: String, family: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(family, host, &bytes) == 1 ? bytes : nil
    }
}
