import Glibc

/// A terminal's size in characters.
struct TerminalSize: Hashable {
    var columns: Int
    var rows: Int

    /// That of the terminal at a descriptor (ioctl_tty(2)). Some, as serial lines, don't know theirs and say 0; then,
    /// as without a terminal, it is 80 by 24.
    static func of(_ descriptor: Int32) -> TerminalSize {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
