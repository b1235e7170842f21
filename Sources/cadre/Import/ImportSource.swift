import Glibc
import Reactor
import Specification

/// A file that is to be imported, and how others that it names are found.
struct ImportSource: Sendable {
    /// Its name as it was given.
    let name: String
    /// The absolute directory that it is in.
    let directory: String
    let text: String
    /// The text of another file, by its absolute path; nil if it isn't there, or no text.
    let read: @Sendable (_ path: String) -> String?
    /// The absolute paths that match an absolute pattern (glob(7)), sorted.
    let matches: @Sendable (_ pattern: String) -> [String]

    /// The name without directories.
    var baseName: String { Self.baseName(of: name) }

    /// An absolute path for one that is relative to the file's directory.
    func absolute(_ path: String) -> String { Self.join(directory, path) }

    /// How another file is called in messages, by its absolute path: like this one, where they are in one directory.
    func displayName(of path: String) -> String {
        guard path.hasPrefix("\(directory)/") else { return path }
        let prefix = name.hasSuffix(baseName) ? String(name.dropLast(baseName.count)) : ""
        return prefix + path.dropFirst(directory.count + 1)
    }

    static func baseName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// `path` from `directory`, without what "." and ".." are good for at its beginning.
    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var (directory, rest) = (directory[...], path[...])
        while true {
            if rest == "." || rest == ".." { rest += "/" }
            if rest.hasPrefix("./") {
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("../") {
                rest = rest.dropFirst(3)
                directory = directory.lastIndex(of: "/").map { directory[..<$0] } ?? directory
            } else {
                break
            }
        }
        if rest.isEmpty { return directory.isEmpty ? "/" : String(directory) }
        return directory == "/" ? "/\(rest)" : "\(directory)/\(rest)"
    }
}

extension ImportSource {
    /// The largest file that is read, in bytes, as of configurations of Cadre's own.
    private static let largestSize = 1 << 20

    /// Reads a file.
    ///
    /// - Throws: an ``ImportError`` if it can't be read.
    init(file: String) throws(ImportError) {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(file, atMost: Self.largestSize)
        } catch {
            let message =
                switch error {
                case .system(let error): "the file cannot be read: \(error)"
                case .notRegular: "this is not a regular file; name the configuration's file"
                case .tooLarge: "the file is larger than 1 MiB; this is no configuration"
                }
            throw ImportError(ImportPlace(file: file), message)
        }
        guard let text = Self.text(bytes) else {
            throw ImportError(ImportPlace(file: file), "the file is not UTF-8; save it in that encoding")
        }
        if text.allSatisfy(\.isWhitespace) { throw ImportError(ImportPlace(file: file), "the file is empty") }
        let here = getcwd(nil, 0).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        let path = Self.join(here ?? "/", file)
        self.init(
            name: file, directory: Self.parent(of: path), text: text, read: Self.readText,
            matches: Self.glob)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func readText(_ path: String) -> String? {
        guard let bytes = try? RegularFile.read(path, atMost: largestSize) else { return nil }
        return text(bytes)
    }

    /// The text without the byte order mark that editors on Windows put before it; nil if it isn't UTF-8.
    private static func text(_ bytes: [UInt8]) -> String? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return String(validating: bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...], as: UTF8.self)
    }

    private static func glob(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
