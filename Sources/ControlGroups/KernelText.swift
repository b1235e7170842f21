import Reactor

// How the kernel's interface files are read: over their bytes, without a string in between.
extension Span<UInt8> {
    /// The number in the line `KEY NUMBER` of a flat keyed file, nil if there is no such line.
    ///
    /// The search begins at `place` and goes round once, so asking in the order of the file passes it a single time.
    func value(of key: StaticString, _ place: inout Int) -> UInt64? {
        let first = place < count ? place : 0
        var line = first
        var isRound = first == 0
        while true {
            if line >= count {
                if isRound { return nil }
                isRound = true
                line = 0
            }
            if isRound, first != 0, line >= first { return nil }
            var next = line
            skipLine(&next)
            if starts(with: key, at: line), byte(at: line + key.utf8CodeUnitCount) == UInt8(ascii: " ") {
                place = next
                line += key.utf8CodeUnitCount
                return nextNumber(&line)
            }
            line = next
        }
    }

    /// The first decimal number at or after `place`, which is then behind it; nil if none is left.
    ///
    /// More than fits is the greatest number.
    func nextNumber(_ place: inout Int) -> UInt64? {
        while let byte = byte(at: place), !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        guard place < count else { return nil }
        var number: UInt64 = 0
        while let byte = byte(at: place), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            let (product, tooBig) = number.multipliedReportingOverflow(by: 10)
            let (sum, tooBigToo) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            number = tooBig || tooBigToo ? .max : sum
            place += 1
        }
        return number
    }

    /// Moves `place` to the beginning of the next line or the end.
    func skipLine(_ place: inout Int) {
        while let byte = byte(at: place), byte != UInt8(ascii: "\n") { place += 1 }
        place += 1
    }

    /// Whether `text` stands at `place`.
    func starts(with text: StaticString, at place: Int) -> Bool {
        guard place + text.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where self[place + offset] != text.utf8Start[offset] { return false }
        return true
    }

    /// The byte at `place`, nil behind the end.
    func byte(at place: Int) -> UInt8? {
        place < count ? self[place] : nil
    }
}

extension ControlGroup {
    /// The number that is an optional file's whole content.
    func number(in file: String) throws(SystemCallError) -> UInt64? {
        try withBytes(ofOptional: file) { text -> UInt64? in
            var place = 0
            return text.nextNumber(&place)
        } ?? nil
    }
}
