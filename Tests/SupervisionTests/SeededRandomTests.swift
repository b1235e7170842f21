import Supervision
import Testing

@Suite("A seeded generator") struct SeededRandomTests {
    @Test("the same seed gives the same numbers, another seed others") func repeats() {
        func numbers(_ seed: UInt64) -> [UInt64] {
            var random = SeededRandom(seed: seed)
            return (0..<8).map { _ in random.next() }
        }
        #expect(numbers(7) == numbers(7))
        #expect(numbers(7) != numbers(8))
        #expect(Set(numbers(7)).count == 8)
    }

    @Test("the numbers are those of SplitMix64") func matchesReference() {
        var random = SeededRandom(seed: 0)
        #expect(random.next() == 0xE220_A839_7B1D_CDAF)
        #expect(random.next() == 0x6E78_9E6A_A1B9_65F4)
    }
}
