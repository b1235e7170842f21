/// Why a request was not performed, as an RFC 9457 problem document (`application/problem+json`).
public struct Problem: Error, Codable, Hashable, Sendable {
    /// What kind of problem it is.
    public enum Kind: String, CaseIterable, Sendable {
        /// The request is none that can be understood; the detail says where it is wrong.
        case malformed
        /// The TCP listener wants a token, and there was none or another one.
        case unauthorized
        /// Whoever asks may not do this; the detail says who may.
        case forbidden
        /// There is nothing at this path.
        case unknownPath = "unknown-path"
        /// A name stands for no service and no worker.
        case unknownName = "unknown-name"
        /// The path is right and the method isn't; the header `Allow` lists those that are.
        case methodNotAllowed = "method-not-allowed"
        /// The request did not come whole within 10 seconds.
        case timeout
        /// The command can't be performed as things stand.
        case conflict
        /// The request's body is longer than 64 KiB.
        case tooLarge = "too-large"
        /// The body is not of the type `application/json`.
        case unsupportedMediaType = "unsupported-media-type"
        /// The request was understood, and what it asks for can't be.
        case invalid
        /// The specification has problems, which ``Problem/problems`` lists; nothing was changed.
        case badSpecification = "bad-specification"
        /// The request's headers are longer than 16 KiB.
        case headersTooLarge = "headers-too-large"
        /// The supervisor failed to do what it should be able to.
        case internalError = "internal-error"
        /// The supervisor has too many clients, or too few descriptors.
        case unavailable

        /// The status code of the answer.
        public var status: Int {
            switch self {
            case .malformed: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .unknownPath, .unknownName: 404
            case .methodNotAllowed: 405
            case .timeout: 408
            case .conflict: 409
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .invalid, .badSpecification: 422
            case .headersTooLarge: 431
            case .internalError: 500
            case .unavailable: 503
            }
        }

        /// A few words that are the same for each problem of the kind.
        public var title: String {
            switch self {
            case .malformed: "The request is malformed"
            case .unauthorized: "A token is needed"
            case .forbidden: "Not permitted"
            case .unknownPath: "There is nothing here"
            case .unknownName: "There is no such service or worker"
            case .methodNotAllowed: "The method is not allowed here"
            case .timeout: "The request did not come in time"
            case .conflict: "Not possible as things stand"
            case .tooLarge: "The request is too long"
            case .unsupportedMediaType: "The body is no JSON"
            case .invalid: "Not possible"
            case .badSpecification: "The specification has problems"
            case .headersTooLarge: "The headers are too long"
            case .internalError: "The supervisor failed"
            case .unavailable: "The supervisor is busy"
            }
        }
    }

    /// The kind as a URI: `urn:cadre:problem:unknown-name`.
    public var type: String
    /// The kind in a few words.
    public var title: String
    /// The status code of the answer.
    public var status: Int
    /// A sentence about this one problem: what, on which object, why, what to do.
    public var detail: String
    /// The problems of a specification, one a line: `FILE:LINE: KEY: what is wrong`.
    public var problems: [String]?

    private static let prefix = "urn:cadre:problem:"

    /// A problem of a kind.
    public init(_ kind: Kind, _ detail: String, problems: [String]? = nil) {
        type = Self.prefix + kind.rawValue
        title = kind.title
        status = kind.status
        self.detail = detail
        self.problems = problems
    }

    /// What kind it is; nil for one that a later version introduced.
    public var kind: Kind? {
        type.hasPrefix(Self.prefix) ? Kind(rawValue: String(type.dropFirst(Self.prefix.count))) : nil
    }
}

extension Problem: CustomStringConvertible {
    /// The sentence about this problem.
    public var description: String { detail }
}
