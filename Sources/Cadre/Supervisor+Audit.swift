import Logging
import Reactor
import Specification
import Supervision
import Systemd

/// A change that somebody asked for, for the journal.
public struct AuditEntry: Hashable, Sendable {
    /// Who asked, in words: `user 1000 (process 4242)`.
    public var caller: String
    /// The same for machines: `caller-uid`, `caller-gid`, `caller-pid`, …
    public var details: [String: String]
    /// What was asked for: `stop`, `signal HUP`, `rollout undo`.
    public var command: String
    /// What it was asked for, as it was asked: names of services and workers, patterns, changes of counts. Never secrets.
    public var objects: [String]
    /// Why it was not done; nil if it was.
    public var refusal: String?

    /// The longest text of a request that is noted.
    static let longestText = 1024

    /// An entry.
    public init(
        caller: String, details: [String: String], command: String, objects: [String], refusal: String? = nil
    ) {
        self.caller = caller
        self.details = details
        self.command = command
        self.objects = objects
        self.refusal = refusal
    }

    /// The same with nothing in it that is more than it looks like, or endless.
    var cleaned: AuditEntry {
        AuditEntry(
            caller: caller, details: details, command: Self.clean(command),
            objects: objects.isEmpty ? [] : [Self.clean(objects.joined(separator: " "))],
            refusal: refusal.map(Self.clean))
    }

    private static func clean(_ text: String) -> String {
        let text = SafeText.clean(text)
        return text.utf8.count <= longestText ? text : "\(text.prefix(longestText / 4))…"
    }

    /// The one service or worker it is about.
    var onlyObject: NamePattern? {
        objects.count == 1 ? try? NamePattern(objects[0]) : nil
    }
}

extension Supervisor {
    /// How many refusals of one caller are noted, of whom there may be thousands a second.
    static let mostRefusals = 20

    /// Notes in the journal that a change was made by somebody's wish, or refused. It isn't for those who follow events:
    /// these may be who is only to look, and see what happens without it.
    public func audit(_ entry: AuditEntry) {
        let object = entry.onlyObject
        let worker = object?.onlyWorker.flatMap { fleet.worker($0) == nil ? nil : $0 }
        let service = object?.onlyService.flatMap { specified($0)?.name }
        let entry = entry.cleaned
        let what = ([entry.command] + entry.objects).joined(separator: " ")
        var more = Logger.Metadata(uniqueKeysWithValues: entry.details.map { ($0.key, "\($0.value)") })
        more["command"] = "\(entry.command)"
        if let names = entry.objects.first { more["names"] = "\(names)" }
        guard let refusal = entry.refusal else {
            events.log(
                .notice, .commanded, "\(entry.caller) commanded: \(what)", worker, service: service, more: more,
                isPublic: false)
            return
        }
        let key = entry.details["caller-uid"] ?? "elsewhere"
        // So many local users at once are one to us.
        let slot = refusals[key] == nil && refusals.count >= 256 ? "others" : key
        guard
            let leftOut = refusals[slot, default: RateLimit(Self.mostRefusals, per: .seconds(60))].pass(
                at: Reactor.now)
        else { return }
        more["problem"] = "\(refusal)"
        events.log(
            .warning, .refused,
            "\(entry.caller) was refused: \(what): \(refusal)"
                + (leftOut > 0 ? " (and \(leftOut) more times since the last entry like this)" : ""),
            worker, service: service, more: more, isPublic: false)
    }
}
