import Testing

/// A part of what `make simulate` does for as long as one likes, with the driver in a simulated kernel. It has a program of
/// its own, which the build puts beside the tests: the calls of the kernel are led elsewhere when it is linked.
@Suite("A driver in a simulated kernel") struct DriverSimulationTests {
    private static let program = "\(Machine.products)/simulate-driver"

    @Test("everything that must hold holds, whatever happens, and the supervisors that are killed on the way")
    func rules() throws {
        let (code, output) = try run([Self.program, "--seed", "1000", "--worlds", "8", "--hours", "1"])
        #expect(code == 0, "\(output)")
        // The worlds must not have come to rest.
        for line in output.split(separator: "\n") where line.hasPrefix("seed ") {
            let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
            #expect(numbers.count >= 5 && numbers[3] >= 20 && numbers[4] >= 3, "\(line)")
        }
        #expect(output.split(separator: "\n").count { $0.hasPrefix("seed ") } == 8, "\(output)")
    }

    @Test("the same seed makes the same history") func repeats() throws {
        func history() throws -> Substring? {
            let (_, output) = try run([Self.program, "--seed", "2", "--worlds", "1", "--hours", "0.5"])
            return output.split(separator: "\n").first { $0.hasPrefix("seed 2") }
        }
        let (first, second) = (try history(), try history())
        #expect(first != nil && first == second)
    }
}
