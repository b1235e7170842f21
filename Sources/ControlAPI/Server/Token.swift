import CLinux
import Reactor

/// The secret that a client on TCP has to know.
struct Token: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Reads the token from a file: all of it but for white space around.
    init(file path: String) throws {
        let descriptor = try Descriptor.open(path)
        var status = stat()
        try systemCall("fstat", path) { fstat(descriptor.rawValue, &status) }
        guard status.st_mode & 0o007 == 0 else { throw TokenError.open(path) }
        let text = try descriptor.readText(path)
        bytes = Array(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed().utf8Bytes)
        guard !bytes.isEmpty else { throw TokenError.empty(path) }
    }

    /// Whether the value of an `Authorization` header brings the token. How long this takes says nothing about how
    /// much of a wrong token is right.
    func isBrought(by authorization: String?) -> Bool {
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let given = Array(parts[1].utf8)
        var difference = given.count ^ bytes.count
        for (index, byte) in given.enumerated() { difference |= Int(byte ^ bytes[index % bytes.count]) }
        return difference == 0
    }
}

extension Sequence<Character> {
    fileprivate var utf8Bytes: [UInt8] { Array(String(self).utf8) }
}

/// A token that can't be used.
enum TokenError: Error, CustomStringConvertible {
    case open(String)
    case empty(String)

    var description: String {
        switch self {
        case .open(let path): "\(path) holds a token and everybody may use it; take that away (chmod o= \(path))"
        case .empty(let path): "\(path) is to hold a token and is empty; write one (openssl rand -hex 32 >\(path))"
        }
    }
}
