import Specification
import Testing

@Suite struct SpecificationChangeTests {
    private func specification(_ services: [(String, Int, String)]) -> Specification {
        Specification(
            services: services.map { name, workers, program in
                ServiceSpecification(name: name, command: [program], workers: .count(workers))
            })
    }

    @Test("each service is added, removed, unchanged, changed, or changed in its number alone")
    func kinds() {
        let old = specification([("same", 1, "a"), ("gone", 1, "a"), ("scaled", 1, "a"), ("new-program", 1, "a")])
        let new = specification([("same", 1, "a"), ("added", 1, "a"), ("scaled", 2, "a"), ("new-program", 2, "b")])
        let change = SpecificationChange(from: old, to: new)
        #expect(
            change.services == [
                "same": .unchanged, "gone": .removed, "added": .added, "scaled": .changed(countOnly: true),
                "new-program": .changed(countOnly: false),
            ])
        #expect(!change.isEmpty)
        #expect(change.names { $0 == .unchanged || $0 == .added } == ["added", "same"])
        #expect(SpecificationChange(from: new, to: new).isEmpty)
    }
}
