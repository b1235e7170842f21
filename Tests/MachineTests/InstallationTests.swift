import Glibc
import Testing

extension MachineTests {
    @Suite("make install puts everything where it is looked for")
    struct Installation {
        @Test("each shell has its completions, and each subcommand its page of the manual")
        func files() throws {
            let share = "/usr/share"
            #expect(try contents("\(share)/bash-completion/completions/cadre").contains("---completion"))
            #expect(try contents("\(share)/zsh/vendor-completions/_cadre").hasPrefix("#compdef cadre\n"))
            #expect(try contents("\(share)/fish/vendor_completions.d/cadre.fish").contains("complete -c"))
            let pages = names(in: "\(share)/man/man1").filter { $0.hasPrefix("cadre") }
            #expect(pages.contains("cadre.1.gz") && pages.contains("cadre-apply.1.gz") && pages.count > 20, "\(pages)")
            #expect(exists("\(share)/man/man5/cadre.toml.5.gz"))
            let text = try succeed("sh", "-c", "gzip -dc /usr/share/man/man1/cadre-apply.1.gz | groff -man -Tutf8 -ww")
            #expect(text.contains("cadre-apply") && text.contains("systemctl reload"), "\(text)")
        }
    }
}
