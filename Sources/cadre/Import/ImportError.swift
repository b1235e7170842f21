import Specification

/// Why a file cannot be imported at all: a problem with a file that is to become a specification.
typealias ImportError = SpecificationError

extension SpecificationError {
    /// The only problem, and where it is.
    init(_ place: ImportPlace, _ message: String, key: String = "") {
        self.init(problems: [Problem(file: place.file, line: place.line, path: key, message: message)])
    }
}
