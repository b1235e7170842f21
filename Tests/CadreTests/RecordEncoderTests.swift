import FoundationEssentials
import Testing

@testable import Cadre

@Suite("The journal's JSON") struct RecordEncoderTests {
    private enum Choice: Codable, Hashable {
        case nothing
        case one(String)
        case both(first: Int, second: Choice2)

        enum Choice2: String, Codable { case left, right }
    }

    private struct Everything: Codable, Equatable {
        var flags = [true, false]
        var text = "a \"quoted\" \\ back\nslash\u{0}\u{1f} ünï \u{1F600}"
        var numbers: [Double] = [0, -0.5, 1e300, .leastNonzeroMagnitude, 1_795_323_175.91169, 0.1]
        var integers: [Int64] = [.min, -1, 0, .max]
        var unsigned = UInt64.max
        var small = Int8.min
        var byte = UInt8.max
        var none: Int?
        var some: Int? = 7
        var holes: [Int?] = [1, nil, 3]
        var empty: [String] = []
        var duration = Duration.seconds(-3) + .nanoseconds(17)
        var byNumber = [-1: "a", 2: "b"]
        var byText = ["": [1], "x y": []]
        var pairs = [Choice.one("k"): 1]
        var set: Set<String> = ["only"]
        var choices = [Choice.nothing, .one(""), .both(first: 1, second: .right)]
        var nothing = Nothing()
        var nested = ["a": ["b": ["c": Nothing()]]]
        var zeros = Zeros()
        var presentZeros = PresentZeros()
        var counts = ["a": 0, "b": 1]
        var names = ["a": "", "b": "b"]
        var answers = [1: false, 2: true]
        var choice = Choice.both(first: 0, second: .left)
        var minus = -0.0

        struct Nothing: Codable, Equatable {}

        struct Zeros: Codable, Equatable {
            var integer = 0
            var number = 0.0
            var flag = false
            var text = ""
            var list: [Int] = []
            var table: [String: Int] = [:]
        }

        struct PresentZeros: Codable, Equatable {
            var integer: Int? = 0
            var small: Int8? = 0
            var unsigned: UInt64? = 0
            var number: Double? = 0
            var flag: Bool? = false
            var text: String? = ""
            var list: [Int]? = []
            var zeros: Zeros? = Zeros()
        }
    }

    private func encoded(_ value: some Encodable) throws -> [UInt8] {
        var bytes = Array("before ".utf8)
        try RecordEncoder.encode(value, to: &bytes)
        #expect(bytes.starts(with: "before ".utf8))
        return Array(bytes.dropFirst(7))
    }

    @Test("is what the library's decoder, which forgives, understands as the same value") func everything() throws {
        let json = try encoded(Everything())
        #expect(!json.contains(UInt8(ascii: "\n")))
        let again = try Forgiving<Everything>.decode(json)
        #expect(again == Everything())
        #expect(again.minus.sign == .minus)
    }

    @Test("has no property that a missing one is taken for, and else all") func leftOut() throws {
        #expect(String(decoding: try encoded(Everything.Zeros()), as: UTF8.self) == "{}")
        #expect(
            String(decoding: try encoded(["a": Everything.Zeros(flag: true)]), as: UTF8.self) == #"{"a":{"flag":true}}"#
        )
        #expect(
            String(decoding: try encoded(Everything.PresentZeros(number: nil, list: nil)), as: UTF8.self)
                == #"{"integer":0,"small":0,"unsigned":0,"flag":false,"text":"","zeros":{}}"#)
        #expect(String(decoding: try encoded(["a": 0]), as: UTF8.self) == #"{"a":0}"#)
        #expect(
            String(decoding: try encoded([Everything.Zeros(), .init(integer: 1)]), as: UTF8.self)
                == #"[{},{"integer":1}]"#)
    }

    @Test("is the shortest there is") func text() throws {
        #expect(String(decoding: try encoded([1.5, -2]), as: UTF8.self) == "[1.5,-2.0]")
        #expect(String(decoding: try encoded("\t"), as: UTF8.self) == #""\u0009""#)
        #expect(String(decoding: try encoded(["a": [Int]()]), as: UTF8.self) == #"{"a":[]}"#)
        #expect(String(decoding: try encoded(Optional<Int>.none), as: UTF8.self) == "null")
        #expect(String(decoding: try encoded(Everything.Nothing()), as: UTF8.self) == "{}")
    }

    @Test("leaves nothing behind of what it can't tell") func infinite() {
        var bytes = Array("before".utf8)
        #expect(throws: EncodingError.self) { try RecordEncoder.encode(["a": [1, Double.infinity]], to: &bytes) }
        #expect(bytes == Array("before".utf8))
    }
}
