import FoundationEssentials
import Reactor

/// The Grafana dashboard, as far as tests look at it.
struct Dashboard: Decodable {
    struct Panel: Decodable {
        struct Target: Decodable { let expr: String }
        struct Position: Decodable { let x, y, w, h: Int }

        let id: Int
        let title: String
        let gridPos: Position
        let targets: [Target]?
    }

    struct Variable: Decodable {
        let name: String
        let definition: String?
    }

    struct Variables: Decodable { let list: [Variable] }

    let panels: [Panel]
    let templating: Variables

    /// The one in the examples.
    static func example() throws -> Dashboard {
        let text = try Descriptor.open("\(Tools.examples)/grafana-dashboard.json").readText()
        return try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
    }

    /// All expressions, with everything selected as in a new browser.
    var expressions: [String] {
        panels.flatMap { $0.targets ?? [] }.map { target in
            target.expr.replacing("$__rate_interval", with: "1m").replacing("$__range", with: "3h")
                .replacing(/\$\w+/, with: ".*")
        }
    }
}
