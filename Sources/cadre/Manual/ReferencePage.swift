import Specification

/// cadre.toml(5): every key of the configuration, as a page of the manual.
enum ReferencePage {
    /// The page.
    static func text(version: String) -> String {
        let introduction: [ManualPage.Block] = [
            .paragraph(
                """
                What Cadre runs is written in TOML. cadre check tells all that is wrong with a file at once, cadre plan what \
                it would change, and cadre apply changes it. An unknown key is an error.
                """)
        ]
        let paragraphs = ConfigurationReference.introduction.map { ManualPage.Block.paragraph(plain($0)) }
        let tables = ConfigurationReference.tables.map { (title: $0.header ?? "TOP OF THE FILE", body: blocks(of: $0)) }
        return ManualPage(
            "cadre.toml", section: 5, of: "File Formats", abstract: "what Cadre runs", version: version,
            sections: [("DESCRIPTION", introduction + paragraphs)] + tables + [
                (
                    "FILES",
                    [
                        .item(
                            "/etc/cadre/cadre.toml, /etc/cadre/conf.d/*.toml, ~/.config/cadre/cadre.toml",
                            "What the system's cadre.service runs, and a user's own.")
                    ]
                ),
                ("SEE ALSO", [.paragraph("cadre(1), cadre-check(1), systemd.exec(5), systemd.resource-control(5)")]),
            ]
        ).text
    }

    private static func blocks(of table: KeyTable) -> [ManualPage.Block] {
        var blocks = [ManualPage.Block.paragraph(plain(table.text))]
        for part in table.parts {
            if !part.text.isEmpty { blocks.append(.paragraph(plain(part.text))) }
            if part.keys.isEmpty { blocks += part.lines.map { .paragraph($0) } }
            for key in part.keys {
                let reference = key.reference
                let absence = ReferenceText.absence(reference).map { $0 == "required" ? "; \($0)" : "; default: \($0)" }
                let like = reference.like.map { " Like \($0)." } ?? ""
                blocks.append(
                    .item(key.name, "(\(reference.kind)\(absence ?? "")) \(plain(reference.text))\(like)"))
            }
        }
        return blocks
    }

    private static func plain(_ text: String) -> String { text.replacing("`", with: "") }
}
