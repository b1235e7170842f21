/// Writes a value as JSON for ``Forgiving``, straight to where it goes.
///
/// FoundationEssentials' encoder makes a tree of all there is before it writes it, which was a third of what a worker's
/// death cost. This one leaves out properties that are what a missing one is taken for: zero, false, or empty; that is most of
/// what there is of a worker. What it can't do: a value may not go on with one nested container after it began another one
/// beside it, which nothing does that the compiler made `Encodable`.
struct RecordEncoder {
    /// The JSON so far.
    private final class Output {
        var bytes: [UInt8] = []
        /// What closes the containers that are open, the outermost first, with whether there is anything in them.
        var open: [(end: UInt8, isEmpty: Bool)] = []

        /// Closes all but the outermost ones.
        func close(to depth: Int) {
            while open.count > depth { bytes.append(open.removeLast().end) }
        }

        func begin(_ begin: Unicode.Scalar, _ end: Unicode.Scalar) {
            bytes.append(UInt8(ascii: begin))
            open.append((UInt8(ascii: end), true))
        }

        /// Makes way for the next element of a container.
        func next(in depth: Int) {
            close(to: depth)
            if !open[depth - 1].isEmpty { bytes.append(UInt8(ascii: ",")) }
            open[depth - 1].isEmpty = false
        }

        /// Whether what is written from there on is `{}` or `[]`.
        func isEmptyContainer(from start: Int) -> Bool {
            bytes.count == start + 2 && [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(bytes[start])
        }

        func add(text: String) {
            bytes.append(UInt8(ascii: "\""))
            if text.utf8.contains(where: Self.needsEscape) {
                for byte in text.utf8 { add(escaped: byte) }
            } else {
                bytes.append(contentsOf: text.utf8)
            }
            bytes.append(UInt8(ascii: "\""))
        }

        /// RFC 8259, section 7.
        private static func needsEscape(_ byte: UInt8) -> Bool {
            byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        }

        private func add(escaped byte: UInt8) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += Array((byte < 0x10 ? #"\u000"# : #"\u00"#).utf8) + Array(digits.utf8)
            default: bytes.append(byte)
            }
        }

        func add(number: some BinaryInteger) {
            bytes.append(contentsOf: String(number).utf8)
        }

        func add(flag value: Bool) { bytes.append(contentsOf: (value ? "true" : "false").utf8) }

        func add(number: Double, _ path: [any CodingKey]) throws {
            guard number.isFinite else {
                throw EncodingError.invalidValue(
                    number, EncodingError.Context(codingPath: path, debugDescription: "JSON has no such number"))
            }
            bytes.append(contentsOf: number.description.utf8)
        }

        func addNil() { bytes.append(contentsOf: "null".utf8) }

        func add(value: some Encodable) throws {
            let (depth, size) = (open.count, bytes.count)
            try value.encode(to: Position(output: self))
            close(to: depth)
            // It has nothing to say.
            if bytes.count == size { bytes.append(contentsOf: "{}".utf8) }
        }
    }

    /// Adds the JSON of a value to `bytes`; if it throws, that is as it was.
    static func encode(_ value: some Encodable, to bytes: inout [UInt8]) throws {
        let output = Output()
        swap(&output.bytes, &bytes)
        defer { swap(&output.bytes, &bytes) }
        let size = output.bytes.count
        do {
            try output.add(value: value)
        } catch {
            output.bytes.removeSubrange(size...)
            throw error
        }
    }

    /// What dictionaries have for keys, all of which say something.
    private static let dictionaryKey: ObjectIdentifier? = {
        let probe = KeyProbe()
        try? ["": 0].encode(to: probe)
        return probe.found
    }()

    /// Finds out what type of keys a value has.
    private final class KeyProbe: Encoder {
        private(set) var found: ObjectIdentifier?

        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            found = ObjectIdentifier(type)
            return KeyedEncodingContainer(Structure<Key>(Output(), isDictionary: true))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer { List(Output()) }
        func singleValueContainer() -> any SingleValueEncodingContainer { Single(output: Output()) }
    }

    /// Where a value is to be written.
    private struct Position: Encoder {
        let output: Output

        // Of use for messages only.
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            KeyedEncodingContainer(Structure<Key>(output))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer { List(output) }
        func singleValueContainer() -> any SingleValueEncodingContainer { Single(output: output) }
    }

    private struct Structure<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let output: Output
        let depth: Int
        /// Whether nothing may be left out.
        let isDictionary: Bool

        init(_ output: Output) {
            self.init(output, isDictionary: ObjectIdentifier(Key.self) == RecordEncoder.dictionaryKey)
        }

        init(_ output: Output, isDictionary: Bool) {
            self.output = output
            self.isDictionary = isDictionary
            output.begin("{", "}")
            depth = output.open.count
        }

        var codingPath: [any CodingKey] { [] }

        private func begin(_ key: some CodingKey) { begin(key.stringValue) }

        private func begin(_ name: String) {
            output.next(in: depth)
            output.add(text: name)
            output.bytes.append(UInt8(ascii: ":"))
        }

        func encodeNil(forKey key: Key) {
            begin(key)
            output.addNil()
        }

        func encode(_ value: Bool, forKey key: Key) {
            if value || isDictionary { encodeIfPresent(value, forKey: key) }
        }

        func encode(_ value: String, forKey key: Key) {
            if !value.isEmpty || isDictionary { encodeIfPresent(value, forKey: key) }
        }

        func encode(_ value: Double, forKey key: Key) throws {
            if value != 0 || value.sign == .minus || isDictionary { try encodeIfPresent(value, forKey: key) }
        }

        func encode(_ value: Int, forKey key: Key) {
            if value != 0 || isDictionary { encodeIfPresent(value, forKey: key) }
        }

        func encode(_ value: UInt64, forKey key: Key) {
            if value != 0 || isDictionary { encodeIfPresent(value, forKey: key) }
        }

        func encode(_ value: some Encodable, forKey key: Key) throws {
            output.close(to: depth)
            let (size, isEmpty) = (output.bytes.count, output.open[depth - 1].isEmpty)
            begin(key)
            let start = output.bytes.count
            try output.add(value: value)
            if !isDictionary, output.isEmptyContainer(from: start) {
                output.bytes.removeSubrange(size...)
                output.open[depth - 1].isEmpty = isEmpty
            }
        }

        // Of what may be missing, "nothing" is something else.

        func encodeIfPresent(_ value: Bool?, forKey key: Key) {
            guard let value else { return }
            begin(key)
            output.add(flag: value)
        }

        func encodeIfPresent(_ value: String?, forKey key: Key) {
            guard let value else { return }
            begin(key)
            output.add(text: value)
        }

        func encodeIfPresent(_ value: Double?, forKey key: Key) throws {
            guard let value else { return }
            begin(key)
            try output.add(number: value, [key])
        }

        func encodeIfPresent(_ value: Int?, forKey key: Key) {
            guard let value else { return }
            begin(key)
            output.add(number: value)
        }

        func encodeIfPresent(_ value: UInt64?, forKey key: Key) {
            guard let value else { return }
            begin(key)
            output.add(number: value)
        }

        func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws {
            guard let value else { return }
            begin(key)
            try output.add(value: value)
        }

        func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
            begin(key)
            return KeyedEncodingContainer(Structure<Nested>(output))
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            begin(key)
            return List(output)
        }

        func superEncoder() -> any Encoder {
            begin("super")
            return Position(output: output)
        }

        func superEncoder(forKey key: Key) -> any Encoder {
            begin(key)
            return Position(output: output)
        }
    }

    private struct List: UnkeyedEncodingContainer {
        let output: Output
        let depth: Int
        private(set) var count = 0

        init(_ output: Output) {
            self.output = output
            output.begin("[", "]")
            depth = output.open.count
        }

        var codingPath: [any CodingKey] { [] }

        private mutating func begin() {
            output.next(in: depth)
            count += 1
        }

        mutating func encodeNil() {
            begin()
            output.addNil()
        }

        mutating func encode(_ value: Double) throws {
            begin()
            try output.add(number: value, [])
        }

        mutating func encode(_ value: some Encodable) throws {
            begin()
            try output.add(value: value)
        }

        mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            begin()
            return KeyedEncodingContainer(Structure<Nested>(output))
        }

        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            begin()
            return List(output)
        }

        mutating func superEncoder() -> any Encoder {
            begin()
            return Position(output: output)
        }
    }

    private struct Single: SingleValueEncodingContainer {
        let output: Output

        var codingPath: [any CodingKey] { [] }

        func encodeNil() { output.addNil() }
        func encode(_ value: Bool) { output.add(flag: value) }
        func encode(_ value: String) { output.add(text: value) }
        func encode(_ value: Double) throws { try output.add(number: value, []) }
        func encode(_ value: Float) throws { try output.add(number: Double(value), []) }
        func encode(_ value: Int) { output.add(number: value) }
        func encode(_ value: Int8) { output.add(number: value) }
        func encode(_ value: Int16) { output.add(number: value) }
        func encode(_ value: Int32) { output.add(number: value) }
        func encode(_ value: Int64) { output.add(number: value) }
        func encode(_ value: UInt) { output.add(number: value) }
        func encode(_ value: UInt8) { output.add(number: value) }
        func encode(_ value: UInt16) { output.add(number: value) }
        func encode(_ value: UInt32) { output.add(number: value) }
        func encode(_ value: UInt64) { output.add(number: value) }
        func encode(_ value: some Encodable) throws { try output.add(value: value) }
    }
}
