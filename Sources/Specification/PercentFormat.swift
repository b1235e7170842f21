/// Shares of processor time, in hundredths of one processor: `150%`.
public enum PercentFormat {
    /// Reads a share.
    public static func parse(_ text: String) throws(FormatError) -> Double {
        let digits = text.dropLast()
        guard text.hasSuffix("%"), digits.first?.isDigit == true,
            digits.allSatisfy({ $0.isDigit || $0 == "." }), let percent = Double(digits)
        else {
            throw FormatError(
                "\(text.quoted) is not a share of processor time; write one such as \"150%\", "
                    + "which is one and a half processors")
        }
        // The kernel takes no quota under 1 ms, and the period is 100 ms.
        guard (1...1_000_000).contains(percent) else {
            throw FormatError("\(text.quoted) is out of range; write \"1%\" to \"1000000%\"")
        }
        return percent
    }

    /// A share as it is written in the configuration.
    public static func format(_ percent: Double) -> String {
        percent == .infinity ? "infinity" : "\(TOMLText.number(percent))%"
    }
}
