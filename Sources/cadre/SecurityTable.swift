import Specification
import Systemd

/// Assessments as people read them.
enum SecurityTable {
    /// A line for each service.
    static func overview(_ assessments: [SecurityAssessment]) -> [StyledLine] {
        let width = max(7, assessments.map { SafeText.columns(of: $0.service) }.max() ?? 0)
        var lines = [StyledLine("\(padded("SERVICE", width))  EXPOSURE  LEVEL      WORTH ADDING")]
        for assessment in assessments {
            let advice = assessment.advice.map(\.key).joined(separator: ", ")
            var line = StyledLine("\(padded(assessment.service, width))  \(number(assessment.exposure))  ")
            line.append(padded(assessment.level, 9), style(of: assessment))
            line.append("  \(advice.isEmpty ? "-" : advice)")
            lines.append(line)
        }
        return lines
    }

    /// All that was looked at.
    static func details(_ assessment: SecurityAssessment) -> [StyledLine] {
        var title = StyledLine(assessment.service, .bold)
        title.append("  exposure \(text(assessment.exposure))  ")
        title.append(assessment.level, style(of: assessment))
        let width = assessment.checks.map { SafeText.columns(of: $0.key) }.max() ?? 0
        var lines = [title]
        for check in assessment.checks {
            var line = StyledLine("  ")
            line.append(check.open == 0 ? "✓" : "✗", TextStyle(colour: check.open == 0 ? .green : .red))
            line.append(" \(padded(check.key, width))  \(check.open == 0 ? "   " : text(check.exposure))  ")
            line.append(check.finding)
            lines.append(line)
        }
        if !assessment.advice.isEmpty {
            lines.append(StyledLine("Worth most:", .bold))
            for check in assessment.advice {
                lines.append(StyledLine("  -\(text(check.exposure))  \(check.advice ?? "")"))
            }
        }
        return lines
    }

    private static func style(of assessment: SecurityAssessment) -> TextStyle {
        TextStyle(colour: assessment.exposure >= 7.5 ? .red : assessment.exposure >= 5 ? .yellow : .green)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - SafeText.columns(of: text)))
    }

    private static func number(_ exposure: Double) -> String {
        String(repeating: " ", count: max(0, 8 - text(exposure).count)) + text(exposure)
    }

    /// With one digit behind the point.
    private static func text(_ exposure: Double) -> String {
        let tenths = Int((exposure * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
