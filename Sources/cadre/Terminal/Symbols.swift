import Glibc

/// The characters to draw with.
struct Symbols: Hashable {
    /// The bars of a sparkline, lowest first.
    let bars: [String]
    let ellipsis: String
    let ascending: String
    let descending: String
    let folded: String
    let unfolded: String
    /// Whether other text has to do with ASCII as well.
    let isASCII: Bool

    static let unicode = Symbols(
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], ellipsis: "…", ascending: "▲", descending: "▼", folded: "▸",
        unfolded: "▾", isASCII: false)
    static let ascii = Symbols(
        bars: ["_", ".", "-", ":", "=", "+", "*", "#"], ellipsis: "~", ascending: "^", descending: "v", folded: "+",
        unfolded: "-", isASCII: true)

    /// Those of a locale, by the variables that say it (locale(7)). Its name counts, not whether it is installed here:
    /// over ssh the variables tell about the terminal's end.
    static func of(environment: (String) -> String?) -> Symbols {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"]
        let locale = names.lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
        let codeset = locale.lowercased().filter { $0 != "-" }
        return codeset.contains("utf8") ? unicode : ascii
    }

    /// Those of this process's locale.
    static var current: Symbols {
        of { name in getenv(name).map { String(cString: $0) } }
    }
}
