import ArgumentParser
import Glibc
import Pages
import Reactor
import Specification
import Testing

@testable import CadreCommand

/// What README.md and docs/ show is there. (What they have readers type is executed by TutorialTests and MachineTests.)
@Suite("documentation") struct DocumentationTests {
    /// The pages, by their paths in the source tree.
    static let names =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md", "Benchmarks/README.md", "examples/unprivileged/README.md"]
        + pages(in: "docs")

    @Test("each command that a reader is to type is one", arguments: names)
    func commands(name: String) throws {
        for command in try page(name).commands {
            for words in Self.cadre(in: command.text) { parse(words, in: name) }
        }
    }

    @Test("each command that the text names is one, with each of its options", arguments: names)
    func mentions(name: String) throws {
        let known = try Self.subcommands()
        for span in try page(name).spans where span.hasPrefix("cadre ") {
            let words = span.split(separator: " ").map(String.init)
            guard let word = words.dropFirst().first, word.first?.isLowercase == true else { continue }
            let info = known.first { $0.commandName == word }
            #expect(info != nil, "\(name): \(span)")
            // What is behind "--" is another program's.
            for option in words.prefix(while: { $0 != "--" }) where option.hasPrefix("--") {
                let names = Self.options(of: info) + ["--help", "--version"]
                #expect(names.contains(String(option.prefix { $0 != "=" && $0 != "…" })), "\(name): \(span)")
            }
        }
    }

    @Test("each configuration is one, but for what it leaves out", arguments: names)
    func configurations(name: String) throws {
        for block in try page(name).blocks where block.language == "toml" {
            do {
                _ = try Specification.parse([(name, block.text)])
            } catch {
                let others = error.problems.filter {
                    !$0.message.hasPrefix("the service has no command") && !$0.message.hasPrefix("there is no service")
                }
                #expect(others.isEmpty, "\(name): \(block.text)")
            }
        }
    }

    @Test("each key and table of the configuration that the text names is there", arguments: names)
    func keys(name: String) throws {
        let tables = ConfigurationReference.tables
        for span in try page(name).spans {
            // As `restart.budget`, or `stop.signal = "QUIT"`.
            let words = span.prefix { $0 != " " }.split(separator: ".")
            if words.count == 2, let table = tables.first(where: { $0.header == "[service.NAME.\(words[0])]" }) {
                #expect(table.keys.contains { $0.name == words[1] }, "\(name): \(span)")
            }
            // As `[service.web.stop]`.
            guard let header = span.wholeMatch(of: /(\[+(?:service|control|metrics)(?:\..*)?\]+)/)?.output.1 else {
                continue
            }
            let parts = header.split(separator: ".", omittingEmptySubsequences: false).enumerated()
            let generic = parts.map { $0.offset == 1 && header.contains("[service.") ? "NAME" : String($0.element) }
            let tail = generic.last == "NAME" && header.hasSuffix("]") ? "]" : ""
            #expect(tables.contains { $0.header == generic.joined(separator: ".") + tail }, "\(name): \(span)")
        }
    }

    @Test("each link leads to a file that is there, and to a heading in it", arguments: names)
    func links(name: String) throws {
        let directory = name.split(separator: "/").dropLast()
        for link in try page(name).links where !link.hasPrefix("http") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var path = Array(directory)
            for part in parts[0].split(separator: "/") {
                if part == ".." { path.removeLast() } else { path.append(part) }
            }
            let target = parts[0].isEmpty ? name : path.joined(separator: "/")
            #expect(access("\(sourceDirectory)/\(target)", F_OK) == 0, "\(name): \(link)")
            guard parts.count > 1, target.hasSuffix(".md") else { continue }
            #expect(try page(target).anchors.contains(parts[1]), "\(name): \(link)")
        }
    }

    @Test("the index leads to every page of docs")
    func index() throws {
        let links = Set(try page("docs/README.md").links)
        for name in Self.names where name.hasPrefix("docs/") && name != "docs/README.md" {
            #expect(links.contains(String(name.dropFirst("docs/".count))), "\(name)")
        }
    }

    @Test("what is shown of embedding is in the example, which is built")
    func embedding() throws {
        let example = try ["main.swift", "Asking.swift"].map { name in
            let path = "\(sourceDirectory)/examples/embedding/\(name)"
            return try Descriptor.open(path).readText(path)
        }.joined()
        let lines = Set(example.split(separator: "\n"))
        for name in ["README.md", "Sources/Cadre/Cadre.docc/Embedding.md"] {
            let blocks = try page(name).blocks.filter { $0.language == "swift" }
            #expect(!blocks.isEmpty)
            for line in blocks.flatMap(\.lines) where !line.isEmpty {
                #expect(lines.contains(Substring(line)), "\(name): \(line)")
            }
        }
    }

    @Test("the exit codes are those that there are")
    func exitCodes() throws {
        let path = "\(sourceDirectory)/docs/control.md"
        let text = try Descriptor.open(path).readText(path).replacing("`", with: "")
        for (code, meaning) in Failure.codes {
            let start = meaning.prefix { $0 != "(" }.reversed().drop { $0 == " " }.reversed()
            #expect(text.contains("| \(code.rawValue) | \(String(start))"), "\(code.rawValue) \(meaning)")
        }
    }

    // MARK: Reading

    private static func pages(in directory: String) -> [String] {
        guard let names = try? Directory.names(at: "\(sourceDirectory)/\(directory)") else { return [] }
        return names.filter { $0.hasSuffix(".md") }.sorted().map { "\(directory)/\($0)" }
    }

    private func page(_ name: String) throws -> Page {
        let path = "\(sourceDirectory)/\(name)"
        return Page(try Descriptor.open(path).readText(path))
    }

    /// The words behind each `cadre` of a shell's line.
    private static func cadre(in line: String) -> [[String]] {
        line.split { ";|&".contains($0) }.compactMap { part in
            var words = part.split(separator: " ").map { $0.filter { !"'\"".contains($0) } }
            words.removeAll { $0.hasPrefix(">") || $0.hasPrefix("2>") || $0 == "1" }
            guard let start = words.firstIndex(of: "cadre"), start < 2 else { return nil }
            return Array(words[(start + 1)...])
        }
    }

    private func parse(_ words: [String], in name: String) {
        do {
            _ = try CadreCommand.parseAsRoot(words)
        } catch {
            // --version and --help are thrown, too.
            #expect(
                CadreCommand.exitCode(for: error) == .success,
                "\(name): cadre \(words.joined(separator: " ")): \(CadreCommand.message(for: error))")
        }
    }

    private static func subcommands() throws -> [CommandInfo] { try ManualCommand.root().documented }

    private static func options(of command: CommandInfo?) -> [String] {
        guard let command else { return [] }
        return (command.arguments ?? []).flatMap { ($0.names ?? []).map(\.text) }
            + command.documented.flatMap { options(of: $0) }
    }
}
