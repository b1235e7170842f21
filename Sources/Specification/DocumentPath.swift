/// The way from a document's root to one of its values.
struct DocumentPath: Hashable, Sendable, CustomStringConvertible {
    enum Element: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    private(set) var elements: [Element] = []

    static func + (path: DocumentPath, key: String) -> DocumentPath {
        DocumentPath(elements: path.elements + [.key(key)])
    }

    static func + (path: DocumentPath, index: Int) -> DocumentPath {
        DocumentPath(elements: path.elements + [.index(index)])
    }

    /// As it is written in TOML, with the indices of arrays: `service.web.socket[0].listen`.
    var description: String {
        elements.reduce(into: "") { text, element in
            switch element {
            case .key(let key): text += (text.isEmpty ? "" : ".") + (Self.isBare(key) ? key : key.quoted)
            case .index(let index): text += "[\(index)]"
            }
        }
    }

    private static func isBare(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F || $0 == 0x2D
            }
    }
}
