/// A history as a row of small bars.
enum Sparkline {
    /// The last values, one a column, ending at the right; a space where there is none. A bar's height is the value's
    /// share of `maximum`.
    static func draw(_ values: [Double?], columns: Int, maximum: Double, symbols: Symbols) -> String {
        let shown = values.suffix(max(0, columns))
        let bars = shown.map { value -> String in
            guard let value, value.isFinite else { return " " }
            guard maximum.isFinite, maximum > 0 else { return symbols.bars[0] }
            let level = (min(max(value / maximum, 0), 1) * Double(symbols.bars.count - 1)).rounded()
            return symbols.bars[Int(level)]
        }
        return String(repeating: " ", count: max(0, columns - shown.count)) + bars.joined()
    }

    /// The scale for processor time in percent: its highest value, but not so low that idling looks like work.
    static func cpuScale(_ values: [Double?]) -> Double {
        max(5, highest(values))
    }

    /// The scale for memory: the limit if there is one, so that a full bar is a full worker.
    static func memoryScale(_ values: [Double?], limit: UInt64?) -> Double {
        limit.map { Double($0) } ?? highest(values)
    }

    private static func highest(_ values: [Double?]) -> Double {
        values.reduce(0) { max($0, $1.flatMap { $0.isFinite ? $0 : nil } ?? 0) }
    }
}
