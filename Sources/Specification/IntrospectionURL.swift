/// The URL that a worker tells about itself under: `http://host:port/path`, `https://…`, or
/// `http+unix://%2Frun%2Fapp.sock/path`, in which the socket's path stands for host and port with `%2F` for each slash.
public enum IntrospectionURL {
    /// Where a URL leads.
    public struct Target: Hashable, Sendable {
        /// What to connect to; the host is never nil.
        public var address: SocketAddress
        /// Whether the connection is encrypted.
        public var isEncrypted: Bool
        /// What to ask for: path and query, `/` at the least.
        public var path: String
    }

    /// Takes a URL, whose placeholders were expanded, apart.
    public static func parse(_ text: String) throws(FormatError) -> Target {
        let schemes: [(prefix: String, port: UInt16?, isEncrypted: Bool)] = [
            ("http://", 80, false), ("https://", 443, true), ("http+unix://", nil, false),
        ]
        guard let scheme = schemes.first(where: { text.hasPrefix($0.prefix) }) else {
            throw FormatError(
                "\(text.quoted) is not a URL of a worker; write one such as \"http://127.0.0.1:9000/debug\", "
                    + "or \"http+unix://%2Frun%2Fapp.sock/debug\" for a unix socket")
        }
        if let scalar = text.unicodeScalars.first(where: { $0.value <= 0x20 || $0.value >= 0x7F || $0 == "#" }) {
            let hint = scalar == "#" ? "leave out the fragment" : "write it as % and hexadecimal digits"
            throw FormatError("a URL that is asked for has no \(String(scalar).quoted); \(hint)")
        }
        let rest = text.dropFirst(scheme.prefix.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if authority.contains("@") {
            throw FormatError("a user and password in a URL are not supported; leave out what is before \"@\"")
        }
        if authority.isEmpty { throw FormatError(missingHost(text, isUnix: scheme.port == nil)) }
        let path = rest.dropFirst(authority.count)
        return Target(
            address: try address(of: String(authority), defaultPort: scheme.port), isEncrypted: scheme.isEncrypted,
            path: path.hasPrefix("/") ? String(path) : "/\(path)")
    }

    private static func address(of authority: String, defaultPort: UInt16?) throws(FormatError) -> SocketAddress {
        guard let defaultPort else {
            guard let path = percentDecoded(authority) else {
                throw FormatError("\(authority.quoted) has a \"%\" that stands for no character; write \"%25\" for it")
            }
            guard path.hasPrefix("/") else {
                throw FormatError("\(authority.quoted) is no absolute path; write one such as \"%2Frun%2Fapp.sock\"")
            }
            return try SocketAddress.parse("unix:\(path)")
        }
        // A colon inside of brackets is part of an IPv6 address.
        let hasPort = authority.split(separator: "]").last?.contains(":") == true && !authority.hasSuffix("]")
        let address = try SocketAddress.parse(hasPort ? authority : "\(authority):\(defaultPort)")
        if case .internet(nil, _) = address {
            throw FormatError("\(authority.quoted) names no host; write \"127.0.0.1\(authority)\"")
        }
        return address
    }

    private static func missingHost(_ text: String, isUnix: Bool) -> String {
        let hint =
            isUnix
            ? "write the socket's path with \"%2F\" for each slash, as in \"http+unix://%2Frun%2Fapp.sock/debug\""
            : "write one such as \"http://127.0.0.1:9000/debug\""
        return "\(text.quoted) names no \(isUnix ? "socket" : "host"); \(hint)"
    }

    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16), value > 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
