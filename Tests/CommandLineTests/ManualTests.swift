import ArgumentParser
import Specification
import Testing

@testable import CadreCommand

@Suite("manual pages") struct ManualTests {
    @Test("each subcommand that is shown has one, with what it takes and how it ends") func pages() throws {
        let pages = Dictionary(uniqueKeysWithValues: try ManualCommand.pages().map { ($0.name, $0.text) })
        // A key path into a metatype crashes the compiler (6.3.1).
        let configurations = CadreCommand.configuration.subcommands.map { $0.configuration }
        let names = configurations.filter(\.shouldDisplay).compactMap(\.commandName).map { "cadre-\($0)" }
        #expect(names.count > 15)
        #expect(Set(pages.keys) == Set(names + ["cadre"]))
        for name in names { #expect(try #require(pages["cadre"]).contains("\(ManualPage.escaped(name))(1)")) }
        let scale = try #require(pages["cadre-scale"])
        for part in [
            ".SH \"NAME\"\ncadre\\-scale \\- Change how many workers services have\n", ".B \"cadre scale\"\n",
            "<service=count>...\n", ".B \"\\-\\-timeout <duration>\"\n", ".SH \"EXIT STATUS\"\n.TP\n.B \"0\"\ndone.\n",
        ] {
            #expect(scale.contains(part), "\(part)")
        }
        #expect(pages["cadre-manual"] == nil)
    }

    @Test("the configuration has one, with each table and key") func configuration() throws {
        let page = try #require(try ManualCommand.manual().first { $0.name == "cadre.toml.5" }?.text)
        for table in ConfigurationReference.tables {
            if let header = table.header { #expect(page.contains(".SH \"\(header)\"\n"), "\(header)") }
            for key in table.keys { #expect(page.contains(".B \"\(key.name)\"\n"), "\(key.name)") }
        }
        #expect(page.contains("(duration; default: \\(dq1min\\(dq) How long a restart counts."))
    }

    @Test("no text means anything to roff") func escaping() {
        #expect(ManualPage.escaped(".TH") == "\\&.TH")
        #expect(ManualPage.escaped("'w*' C:\\x \"a\"") == "\\(aqw*\\(aq C:\\ex \\(dqa\\(dq")
        #expect(ManualPage.escaped("--b ~/c `d`") == "\\-\\-b \\(ti/c \\(gad\\(ga")
    }

    @Test("help lists every exit code") func codes() {
        let help = CadreCommand.helpMessage(columns: 10000)
        for (code, meaning) in Failure.codes { #expect(help.contains("\(code.rawValue) \(meaning)")) }
    }
}
