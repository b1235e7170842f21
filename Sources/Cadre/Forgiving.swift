import FoundationEssentials

/// Decodes from JSON what an earlier version wrote: what that one didn't know yet is none, nothing, zero or false.
///
/// So a property may be added to what a supervisor leaves to the next one without a new version of the journal, if that
/// means "as it was before": an optional is nil, a number 0, a text or a collection empty, a structure made of such.
/// What is there is decoded as ever.
struct Forgiving<Value: Decodable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        value = try Value(from: ForgivingDecoder(base: decoder))
    }

    /// Decodes a value that is whole but for what is new.
    static func decode(_ json: some DataProtocol) throws -> Value {
        try JSONDecoder().decode(Self.self, from: Data(json)).value
    }

    /// What is made of nothing; nil if there is no such.
    static func nothing() -> Value? {
        for json in ["{}", "[]", "0", #""""#, "false"] {
            if let value = try? decode(Data(json.utf8)) { return value }
        }
        return nil
    }
}

private struct ForgivingDecoder: Decoder {
    let base: any Decoder

    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ForgivingStructure(base: try base.container(keyedBy: type)))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        ForgivingList(base: try base.unkeyedContainer())
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ForgivingValue(base: try base.singleValueContainer())
    }
}

/// A structure, of which keys may be missing.
private struct ForgivingStructure<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let base: KeyedDecodingContainer<Key>

    var codingPath: [any CodingKey] { base.codingPath }
    var allKeys: [Key] { base.allKeys }

    func contains(_ key: Key) -> Bool { base.contains(key) }
    func decodeNil(forKey key: Key) throws -> Bool { try !contains(key) || base.decodeNil(forKey: key) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if contains(key) { return try base.decode(Forgiving<Value>.self, forKey: key).value }
        if let nothing = Forgiving<Value>.nothing() { return nothing }
        // Says which one is missing.
        return try base.decode(type, forKey: key)
    }

    func nestedContainer<Nested>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(ForgivingStructure<Nested>(base: try base.nestedContainer(keyedBy: type, forKey: key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        ForgivingList(base: try base.nestedUnkeyedContainer(forKey: key))
    }

    func superDecoder() throws -> any Decoder { ForgivingDecoder(base: try base.superDecoder()) }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        ForgivingDecoder(base: try base.superDecoder(forKey: key))
    }
}

/// A list, of which each element may lack something.
private struct ForgivingList: UnkeyedDecodingContainer {
    var base: any UnkeyedDecodingContainer

    var codingPath: [any CodingKey] { base.codingPath }
    var count: Int? { base.count }
    var isAtEnd: Bool { base.isAtEnd }
    var currentIndex: Int { base.currentIndex }

    mutating func decodeNil() throws -> Bool { try base.decodeNil() }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try base.decode(Forgiving<Value>.self).value
    }

    mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(ForgivingStructure<Nested>(base: try base.nestedContainer(keyedBy: type)))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        ForgivingList(base: try base.nestedUnkeyedContainer())
    }

    mutating func superDecoder() throws -> any Decoder { ForgivingDecoder(base: try base.superDecoder()) }
}

/// A single value, which is there; what it is made of may lack something.
private struct ForgivingValue: SingleValueDecodingContainer {
    let base: any SingleValueDecodingContainer

    var codingPath: [any CodingKey] { base.codingPath }

    func decodeNil() -> Bool { base.decodeNil() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // Of a number or a text nothing can be missing.
        if type is any LosslessStringConvertible.Type { return try base.decode(type) }
        return try base.decode(Forgiving<Value>.self).value
    }
}
