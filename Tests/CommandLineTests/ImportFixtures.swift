import Specification
import Testing

@testable import CadreCommand

/// What became of a text.
struct Imported {
    let toml: String
    let remarks: [ImportRemark]
    let specification: Specification

    /// Imports `text` as if it were in `/srv/app`, and what it names were `files`.
    init(
        _ text: String, name: String, format: ImportFormat? = nil, files: [String: String] = [:],
        formation: [String: Int] = [:]
    ) throws {
        let source = Imported.source(text, name: name, files: files)
        let format = try #require(format ?? ImportFormat(of: source))
        var configuration = try format.configuration(of: source)
        try configuration.setFormation(formation)
        try configuration.settle()
        toml = configuration.toml()
        remarks = configuration.allRemarks
        specification = try Specification.parse([("cadre.toml", toml)])
    }

    static func source(_ text: String, name: String, files: [String: String] = [:]) -> ImportSource {
        ImportSource(
            name: name, directory: "/srv/app", text: text, read: { files[$0] },
            matches: { pattern in
                // A star at the end of a directory, as in conf.d/*.conf.
                let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
                return files.keys.filter { path in
                    parts.count == 1 ? path == pattern : path.hasPrefix(parts[0]) && path.hasSuffix(parts[1])
                }.sorted()
            })
    }

    /// A service by its name.
    func service(_ name: String) throws -> ServiceSpecification {
        try #require(specification.services.first { $0.name == name }, "\(toml)")
    }

    /// The remarks about a key, or about all that begin with it and a point.
    func remarks(about key: String) -> [ImportRemark] { remarks.filter { $0.key == key } }

    /// The problems of a text that can't be imported.
    static func problems(_ text: String, name: String, files: [String: String] = [:]) throws -> [String] {
        do throws(ImportError) {
            let source = source(text, name: name, files: files)
            guard let format = ImportFormat(of: source) else { return ["no format"] }
            var configuration = try format.configuration(of: source)
            try configuration.settle()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}

/// Checks that each of some keys is carried over, so that leaving it out makes another specification, or reported. What
/// `make` makes of no key at all is the specification to compare with.
func expectEveryKey(
    _ keys: [(key: String, value: String)], make: (_ key: String, _ value: String) throws -> Imported,
    at location: SourceLocation = #_sourceLocation
) throws {
    let plain = try make("", "").specification
    for (key, value) in keys {
        let imported = try make(key, value)
        let isReported = imported.remarks.contains { $0.key.hasSuffix(key) || $0.key.contains(".\(key)") }
        #expect(imported.specification != plain || isReported, "\(key) = \(value)", sourceLocation: location)
        let isUnknown = imported.remarks.contains {
            ($0.message.contains("documentation has") || $0.message.contains("no such key")) && $0.key.hasSuffix(key)
        }
        #expect(!isUnknown, "\(key) is documented", sourceLocation: location)
    }
}
