import CLinux
import CSystemd

/// The unit of the user's own manager that this process is in.
public enum UserUnit {
    private static let manager = "org.freedesktop.systemd1"

    /// The unit's cgroup, as a path in the hierarchy, if the unit has `Delegate=yes`.
    ///
    /// A user's manager leaves no mark of that on the cgroup, so it has to be asked (org.freedesktop.systemd1(5)). Nil
    /// also if it can't be asked, or if this process is in a unit of the system's manager.
    public static func delegatedControlGroup() -> String? {
        guard let bus = try? Bus(system: false), let unit = try? path(of: getpid(), on: bus) else { return nil }
        for interface in ["\(manager).Service", "\(manager).Scope"] {
            var isDelegated: Int32 = 0
            var text: UnsafeMutablePointer<CChar>?
            let type = BusType.boolean.code
            guard
                sd_bus_get_property_trivial(bus.handle, manager, unit, interface, "Delegate", nil, type, &isDelegated)
                    >= 0,
                isDelegated != 0,
                sd_bus_get_property_string(bus.handle, manager, unit, interface, "ControlGroup", nil, &text) >= 0,
                let text
            else { continue }
            defer { free(text) }
            return String(cString: text)
        }
        return nil
    }

    /// The object that stands for the unit of a process.
    private static func path(of process: pid_t, on bus: borrowing Bus) throws(BusFailure) -> String {
        let call = try bus.methodCall(
            destination: manager, path: "/org/freedesktop/systemd1", interface: "\(manager).Manager",
            member: "GetUnitByPID")
        try call.append(UInt32(process))
        return try bus.send(call, until: .now + .seconds(10)).readText(.objectPath)
    }
}
