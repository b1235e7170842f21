/// Texts in which `{service}`, `{worker}` and `{port}` stand for a service's name, a worker's number and the worker's port.
///
/// `{{` and `}}` are the literal braces.
public enum Template {
    /// Replaces the placeholders; anything else in braces stays as it is, which a validated text has none of.
    ///
    /// - Parameters:
    ///   - template: the text.
    ///   - service: what `{service}` stands for.
    ///   - worker: what `{worker}` stands for.
    ///   - port: nil if the worker has none; then `{port}` stays as it is.
    public static func expand(_ template: String, service: String, worker: Int, port: Int? = nil) -> String {
        pieces(of: template).map { piece in
            switch piece {
            case .literal(let text), .unknown(let text): text
            case .service: service
            case .worker: "\(worker)"
            case .port: port.map { "\($0)" } ?? "{port}"
            }
        }.joined()
    }

    /// What is wrong with `template`, as a sentence; nil if it can be expanded.
    ///
    /// - Parameter hasPort: whether the workers have ports.
    static func problem(in template: String, hasPort: Bool = false) -> String? {
        for piece in pieces(of: template) {
            let text: String
            switch piece {
            case .literal, .service, .worker: continue
            case .port where hasPort: continue
            case .port: return "the workers have no ports; add [service.NAME.port] with a line such as start = 8000"
            case .unknown(let unknown): text = unknown
            }
            if text == "}" { return "\"}\" has no opening brace; write \"}}\" for a literal brace" }
            guard text.count > 2, text.hasSuffix("}") else {
                return "\(text.quoted) is no placeholder; write \"{{\" and \"}}\" for literal braces"
            }
            return
                "\(text.quoted) is neither {service}, {worker} nor {port}; write \("{\(text)}".quoted) for literal braces"
        }
        return nil
    }

    private enum Piece {
        case literal(String)
        case service
        case worker
        case port
        /// A single closing brace, an opening one without its end, or braces round something unknown.
        case unknown(String)
    }

    private static func pieces(of template: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = template[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { pieces.append(.literal(String(rest[..<brace]))) }
            rest = rest[brace...]
            if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
                pieces.append(.literal(String(rest.prefix(1))))
                rest = rest.dropFirst(2)
            } else if rest.first == "{", let end = rest.dropFirst().firstIndex(where: { $0 == "{" || $0 == "}" }),
                rest[end] == "}"
            {
                let placeholder = String(rest[...end])
                switch placeholder {
                case "{service}": pieces.append(.service)
                case "{worker}": pieces.append(.worker)
                case "{port}": pieces.append(.port)
                default: pieces.append(.unknown(placeholder))
                }
                rest = rest[rest.index(after: end)...]
            } else {
                pieces.append(.unknown(String(rest.prefix(1))))
                rest = rest.dropFirst()
            }
        }
        if !rest.isEmpty { pieces.append(.literal(String(rest))) }
        return pieces
    }
}
