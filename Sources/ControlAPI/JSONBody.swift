import FoundationEssentials

/// How the bodies of requests are read.
enum JSONBody {
    /// Decodes a body.
    ///
    /// - Throws: a problem that says where the body is wrong, and what it may contain.
    static func decode<Body: RequestBodyType>(_ type: Body.Type, from text: [UInt8]) throws -> Body {
        do {
            let keys = try JSON.decode(ObjectKeys.self, from: text).names
            if let unknown = keys.first(where: { !Body.keys.contains($0) }) {
                throw Problem(
                    .malformed,
                    "there is no \"\(unknown)\" in this request; it has \(Body.keys.joined(separator: ", "))")
            }
            return try JSON.decode(type, from: text)
        } catch let error as DecodingError {
            throw Problem(.malformed, error.sentence)
        }
    }
}

/// What may be in a request's body; anything else is refused instead of being ignored.
protocol RequestBodyType: Decodable {
    static var keys: [String] { get }
}

extension CommandRequest: RequestBodyType {
    static let keys = ["names"]
}

extension SignalRequest: RequestBodyType {
    static let keys = ["names", "signal", "to"]
}

extension ScaleRequest: RequestBodyType {
    static let keys = ["counts"]
}

extension LimitRequest: RequestBodyType {
    static let keys = ["names", "limits", "force"]
}

extension UpgradeRequest: RequestBodyType {
    static let keys = ["program"]
}

extension HandOverRequest: RequestBodyType {
    static let keys = ["path"]
}

/// The names of the members of a JSON object.
private struct ObjectKeys: Decodable {
    struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    let names: [String]

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
    }
}

extension DecodingError {
    /// Where the JSON is wrong, and how.
    fileprivate var sentence: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\(context.place) is of another type: \(context.debugDescription)"
        case .keyNotFound(let key, let context):
            "\(context.codingPath.isEmpty ? "the request" : context.place) has no \"\(key.stringValue)\""
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "the body is no JSON"
        case .dataCorrupted(let context): "\(context.place): \(context.debugDescription)"
        @unknown default: "the body is not what this request takes"
        }
    }
}

extension DecodingError.Context {
    fileprivate var place: String {
        if codingPath.isEmpty { return "the body" }
        return codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}
