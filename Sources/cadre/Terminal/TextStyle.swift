/// How a piece of text looks on a terminal.
struct TextStyle: Hashable {
    /// The foreground, as its SGR parameter (console_codes(4)).
    enum Colour: Int {
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
        case grey = 90
    }

    var colour: Colour?
    var isBold = false
    var isReversed = false

    static let plain = TextStyle()
    static let bold = TextStyle(isBold: true)
    static let dim = TextStyle(colour: .grey)

    /// That of a worker's state.
    static func of(state: String) -> TextStyle {
        switch state {
        case "ready": TextStyle(colour: .green)
        case "failed": TextStyle(colour: .red)
        case "done", "stopped", "asleep": TextStyle(colour: .grey)
        default: TextStyle(colour: .yellow)
        }
    }

    /// The escape sequence that begins it; empty if nothing is to be changed. Bold and reversed are no colours, and
    /// without them a selection could not be seen.
    func sequence(isColoured: Bool) -> String {
        var parameters: [Int] = []
        if isBold { parameters.append(1) }
        if isReversed { parameters.append(7) }
        if isColoured, let colour { parameters.append(colour.rawValue) }
        return parameters.isEmpty ? "" : "\u{1B}[\(parameters.map(String.init).joined(separator: ";"))m"
    }
}
