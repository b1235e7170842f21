/// Texts in which `{service}` and `{worker}` stand for a service's name and a worker's number.
///
/// `{{` and `}}` are the literal braces.
public enum Template {
    /// Replaces the placeholders; anything else in braces stays as it is, which a validated text has none of.
    public static func expand(_ template: String, service: String, worker: Int) -> String {
        pieces(of: template).map { piece in
            switch piece {
            case .literal(let text), .unknown(let text): text
            case .service: service
            case .worker: "\(worker)"
            }
        }.joined()
    }

    /// What is wrong with `template`, as a sentence; nil if it can be expanded.
    static func problem(in template: String) -> String? {
        for case .unknown(let text) in pieces(of: template) {
            if text == "}" { return "\"}\" has no opening brace; write \"}}\" for a literal brace" }
            guard text.count > 2, text.hasSuffix("}") else {
                return "\(text.quoted) is no placeholder; write \"{{\" and \"}}\" for literal braces"
            }
            return "\(text.quoted) is neither {service} nor {worker}; write \("{\(text)}".quoted) for literal braces"
        }
        return nil
    }

    private enum Piece {
        case literal(String)
        case service
        case worker
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
                pieces.append(
                    placeholder == "{service}" ? .service : placeholder == "{worker}" ? .worker : .unknown(placeholder))
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
