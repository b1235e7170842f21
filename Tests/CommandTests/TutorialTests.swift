import Glibc
import Pages
import Reactor
import Testing

@Suite("the tutorial") struct TutorialTests {
    /// What the pages have, but for the directory and the port, which others might use.
    private static let (directory, port) = ("/tmp/cadre-tutorial", "8088")

    @Test("each command does and prints what it says, one after another", .needsControlGroups)
    func tutorial() throws {
        let path = "\(Machine.source)/docs/tutorial.md"
        let page = Page(try Descriptor.open(path).readText(path))
        try #require(page.commands.count > 25)
        try withScene { scene in
            let (directory, port) = (scene.path("tutorial"), "\(try freePort())")
            func here(_ text: String) -> String {
                text.replacing(Self.directory, with: directory).replacing(Self.port, with: port)
            }
            let script = try scene.write("script", here(Self.script(of: page)))
            let (code, output) = try RunningProgram(["/bin/bash", script], in: Machine.source).finish()
            #expect(code == 0, "\(output)")
            #expect(access(directory, F_OK) != 0)
            let printed = Set(output.split(separator: "\n").map { Self.likeness(of: String($0)) })
            for line in Self.shown(in: page) {
                if printed.contains(Self.likeness(of: here(line))) { continue }
                Issue.record("\(line)\nis not in\n\(output)")
            }
        }
    }

    /// What a reader types and writes, in a shell that ends with the first command that doesn't do what it should.
    private static func script(of page: Page) -> String {
        var lines = [
            "set -uo pipefail", "export PATH=\(Machine.products):$PATH",
            "trap 'cadre destroy --yes >/dev/null 2>&1 || true' EXIT",
        ]
        for block in page.blocks {
            if let file = block.file { lines.append("cat >\(file) <<'END'\n\(block.text)END") }
            for command in block.commands {
                lines.append("echo '$ \(command.text.replacing("'", with: "'\\''"))'")
                lines.append(command.text)
                guard command.text.hasSuffix("&") else {
                    lines.append(
                        "code=$?; [[ $code == \(command.exitCode) ]] || { echo \"ended with $code\"; exit 99; }")
                    continue
                }
                // A reader comes to the next command later than this does.
                lines.append("grep -qm 1 'is ready' <(exec tail -n +1 -F supervisor.log 2>/dev/null); kill $!")
                lines.append("CADRE_SOCKET=$PWD/run/control.sock cadre start '*' >/dev/null || exit 98")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The lines that commands are shown to print, but for those that are not the same everywhere: there may be no memory
    /// controller, and programs are at other places.
    private static func shown(in page: Page) -> [String] {
        page.blocks.filter { $0.language == "console" }.flatMap(\.lines).filter {
            !$0.hasPrefix("$ ") && !$0.contains(" / ") && !$0.contains("/usr/") && !$0.contains("python3: ")
        }
    }

    /// A line without its numbers, digests and widths.
    private static func likeness(of line: String) -> String {
        line.replacing(/\b[0-9a-f]{12}\b/, with: "D").replacing(/[0-9]+(\.[0-9]+)?/, with: "N").replacing(
            /\ +/, with: " ")
    }
}
