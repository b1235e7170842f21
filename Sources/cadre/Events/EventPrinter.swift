import Cadre
import Glibc

/// Prints events, a line each.
struct EventPrinter {
    /// A line of JSON.
    private enum Line: Encodable {
        case event(Event)
        case snapshot(Snapshot)

        private enum Key: String, CodingKey {
            case event, snapshot
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            switch self {
            case .event(let event): try container.encode(event, forKey: .event)
            case .snapshot(let snapshot): try container.encode(snapshot, forKey: .snapshot)
            }
        }
    }

    let isJSON: Bool
    let isColoured: Bool

    /// Prints how everything is.
    func print(_ snapshot: Snapshot) throws {
        if isJSON {
            try printJSON(Line.snapshot(snapshot), isPretty: false)
        } else {
            Swift.print(StyledLine(snapshot.summary, .dim).rendered(isColoured: isColoured))
        }
        flushOutput()
    }

    /// Prints what happened.
    func print(_ event: Event) throws {
        if isJSON {
            try printJSON(Line.event(event), isPretty: false)
        } else {
            Swift.print(Self.line(of: event).rendered(isColoured: isColoured))
        }
        flushOutput()
    }

    /// An event for people: `Nov 21 08:31:02 exited: web/0 exited with code 1`.
    static func line(of event: Event) -> StyledLine {
        var line = StyledLine("\(LocalTime.text(time_t(event.time))) ", .dim)
        line.append("\(event.kind): ", style(of: event.level))
        line.append(event.message)
        return line
    }

    private static func style(of level: String) -> TextStyle {
        switch level {
        case "error", "critical": TextStyle(colour: .red)
        case "warning": TextStyle(colour: .yellow)
        case "debug": .dim
        default: TextStyle(colour: .cyan)
        }
    }
}
