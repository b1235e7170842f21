/// A value of a specification as the file has it; what is compared to tell what a new specification changes.
struct Setting: Hashable {
    /// The value in TOML.
    let text: String
    /// How a change of it gets to the workers.
    let effect: KeyChange.Effect
    /// Whether the value must not be shown.
    let isSecret: Bool

    init(_ text: String, _ effect: KeyChange.Effect, isSecret: Bool = false) {
        self.text = text
        self.effect = effect
        self.isSecret = isSecret
    }

    /// What differs between two sets of settings by their keys, sorted by key.
    static func changes(from old: [String: Setting], to new: [String: Setting]) -> [KeyChange] {
        Set(old.keys).union(new.keys).sorted().compactMap { key in
            let (before, after) = (old[key], new[key])
            guard before != after, let setting = after ?? before else { return nil }
            return KeyChange(
                key: key, kind: before == nil ? .added : after == nil ? .removed : .changed, effect: setting.effect,
                old: setting.isSecret ? nil : before?.text, new: setting.isSecret ? nil : after?.text)
        }
    }
}

/// How values are written in TOML.
enum TOMLText {
    static func array(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }

    /// A number, without a fraction where it has none.
    static func number(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }

    /// Permissions, with the zero that tells that it is octal.
    static func octal(_ number: UInt32) -> String {
        let digits = String(number, radix: 8)
        return "\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)".quoted
    }

    static func duration(_ duration: Duration) -> String { DurationFormat.format(duration).quoted }
}
