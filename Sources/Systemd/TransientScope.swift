import CLinux
import CSystemd
public import SystemPackage

/// A scope unit that systemd makes for this process, whose cgroup we may divide further.
public enum TransientScope {
    private static let manager = "org.freedesktop.systemd1"
    private static let managerPath = "/org/freedesktop/systemd1"
    private static let managerInterface = "org.freedesktop.systemd1.Manager"

    /// Whether systemd runs this system (sd_booted(3)).
    public static var isSystemdRunning: Bool {
        sd_booted() > 0
    }

    /// Asks systemd to move this process into a new scope with `Delegate=yes`, and waits until it has done so, ten
    /// seconds at most. Root asks the system's manager, others ask their own (org.freedesktop.systemd1(5)).
    ///
    /// - Parameters:
    ///   - name: the unit's name, such as `cadre-run-1234.scope`.
    ///   - description: what systemctl(1) shows of it.
    ///   - others: processes that are moved there, too.
    public static func enter(
        name: String, description: String, with others: [Int32] = []
    ) throws(TransientScopeError) {
        try move([getpid()] + others, into: name, description: description)
    }

    /// Does that for any processes of ours.
    static func move(_ processes: [pid_t], into name: String, description: String) throws(TransientScopeError) {
        let isRoot = geteuid() == 0
        let bus: Bus
        do {
            bus = try Bus(system: isRoot)
        } catch {
            throw .noBus(isRoot: isRoot, Errno(rawValue: -error.code))
        }
        let result: String?
        do {
            result = try start(name: name, description: description, processes, bus)
        } catch {
            throw TransientScopeError(error, isRoot: isRoot)
        }
        guard let result else { throw .timedOut(isRoot: isRoot) }
        if result != "done" { throw .failed(unit: name, result: result, isRoot: isRoot) }
    }

    /// The result of the job that starts the scope, or nil if there's none in time.
    private static func start(
        name: String, description: String, _ processes: [pid_t], _ bus: borrowing Bus
    ) throws(BusFailure) -> String? {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        // Before the call, or the job could be over before anybody listens.
        try bus.subscribe(sender: manager, path: managerPath, interface: managerInterface, member: "JobRemoved")
        let call = try bus.methodCall(
            destination: manager, path: managerPath, interface: managerInterface, member: "StartTransientUnit")
        try appendUnit(name: name, description: description, processes, to: call)
        let job: String
        do {
            let reply = try bus.send(call, until: deadline)
            job = try reply.readText(.objectPath)
        } catch  where error.code == -ETIMEDOUT {
            return nil
        }
        while let message = try bus.nextMessage(until: deadline) {
            guard message.isSignal(interface: managerInterface, member: "JobRemoved") else { continue }
            // The job's number and path, its unit, and how it went.
            try message.skip("u")
            guard try message.readText(.objectPath) == job else { continue }
            try message.skip("s")
            return try message.readText(.string)
        }
        return nil
    }

    /// The unit's name, what to do about jobs in the way, its properties, and no further units.
    private static func appendUnit(
        name: String, description: String, _ processes: [pid_t], to call: borrowing BusMessage
    ) throws(BusFailure) {
        try call.append(name)
        try call.append("fail")
        try call.open(.array, of: "(sv)")
        try call.openProperty("Description", of: "s")
        try call.append(description)
        try call.closeProperty()
        try call.openProperty("Delegate", of: "b")
        try call.append(true)
        try call.closeProperty()
        try call.openProperty("PIDs", of: "au")
        try call.append(processes.map { UInt32($0) })
        try call.closeProperty()
        // Or a scope that failed would stay, and its name with it.
        try call.openProperty("CollectMode", of: "s")
        try call.append("inactive-or-failed")
        try call.closeProperty()
        try call.close()
        try call.open(.array, of: "(sa(sv))")
        try call.close()
    }
}

/// Why there is no transient scope for this process.
public enum TransientScopeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The manager's bus cannot be reached.
    case noBus(isRoot: Bool, Errno)
    /// The manager, or polkit on its behalf, said no; with its words.
    case denied(String, isRoot: Bool)
    /// The manager could not do it; with its words.
    case refused(String, isRoot: Bool)
    /// The unit's job ended otherwise than with `done`.
    case failed(unit: String, result: String, isRoot: Bool)
    /// The manager didn't answer within ten seconds.
    case timedOut(isRoot: Bool)

    init(_ failure: BusFailure, isRoot: Bool) {
        let reason = failure.message ?? Errno(rawValue: -failure.code).description
        switch failure.name {
        case "org.freedesktop.DBus.Error.AccessDenied",
            "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired":
            self = .denied(reason, isRoot: isRoot)
        default:
            self = .refused(reason, isRoot: isRoot)
        }
    }

    /// A sentence that says what to do.
    public var description: String {
        switch self {
        case .noBus(isRoot: true, let errno):
            """
            the system's message bus cannot be reached (\(errno.description)): \
            install dbus and start dbus.socket, or run under cadre.service
            """
        case .noBus(isRoot: false, let errno):
            """
            your user manager's message bus cannot be reached (\(errno.description)): log in afresh, with dbus-user-session \
            installed, rather than by su or sudo; or keep a user manager by `loginctl enable-linger` and set \
            XDG_RUNTIME_DIR=/run/user/\(geteuid()); or run as root
            """
        case .denied(let reason, let isRoot):
            """
            \(Self.manager(isRoot)) denied a scope with Delegate=yes (\(reason)): \
            \(isRoot ? "run under cadre.service" : "have polkit allow it, or run as root")
            """
        case .refused(let reason, let isRoot):
            "\(Self.manager(isRoot)) refused a scope with Delegate=yes: \(reason)"
        case .failed(let unit, let result, let isRoot):
            """
            \(Self.manager(isRoot)) could not start \(unit) (\(result)): \
            see `journalctl \(isRoot ? "" : "--user ")-u \(unit)`
            """
        case .timedOut(let isRoot):
            """
            \(Self.manager(isRoot)) did not start a scope within 10 s: see what it is busy with by \
            `systemctl \(isRoot ? "" : "--user ")list-jobs`
            """
        }
    }

    private static func manager(_ isRoot: Bool) -> String {
        isRoot ? "systemd" : "your user manager"
    }
}
