import Reactor
import SystemPackage

/// Reads configuration files; what cannot be read is a problem, and the rest is read all the same.
enum SpecificationFiles {
    /// The largest file that is read, in bytes. Nobody writes more by hand; /dev/zero has more.
    static let largestSize = 1 << 20

    /// The texts of `file` and its drop-ins in their order, and what could not be read.
    static func read(
        file: String, dropIns: String?
    ) -> (sources: [(name: String, text: String)], problems: [SpecificationError.Problem]) {
        var sources: [(name: String, text: String)] = []
        var problems: [SpecificationError.Problem] = []
        func add(_ path: String) {
            do throws(SpecificationError) {
                sources.append((path, try readFile(path)))
            } catch {
                problems += error.problems
            }
        }
        add(file)
        let beside = file.lastIndex(of: "/").map { "\(file[...$0])conf.d" } ?? "conf.d"
        do throws(SpecificationError) {
            for name in try listDirectory(dropIns ?? beside, mayBeMissing: dropIns == nil) {
                add("\(dropIns ?? beside)/\(name)")
            }
        } catch {
            problems += error.problems
        }
        return (sources, problems)
    }

    private static func readFile(_ path: String) throws(SpecificationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(path, atMost: largestSize)
        } catch {
            let message =
                switch error {
                case .system(let error): "the file cannot be read: \(error)"
                case .notRegular: "this is not a regular file; name a TOML file"
                case .tooLarge: "the file is larger than 1 MiB; this is no configuration of Cadre's"
                }
            throw SpecificationError(file: path, message)
        }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
        throw SpecificationError(file: path, line: line, "the line is not UTF-8; save the file in that encoding")
    }

    /// The names of the drop-ins in a directory, in order. Hidden files are left out: editors leave such behind.
    private static func listDirectory(_ path: String, mayBeMissing: Bool) throws(SpecificationError) -> [String] {
        do {
            return try Directory.names(at: path).filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            if mayBeMissing, error.errno == .noSuchFileOrDirectory { return [] }
            throw SpecificationError(file: path, "the directory cannot be read: \(error.errno.explanation)")
        }
    }
}
