/// The cgroup v2 controllers that limits and statistics need, by the kernel's names.
public enum Controller: String, CaseIterable, Hashable, Sendable {
    /// Processor time: `cpu.max`, `cpu.weight`.
    case cpu
    /// Memory and swap: `memory.*`.
    case memory
    /// The number of processes and threads: `pids.*`.
    case pids
    /// Block devices: `io.*`.
    case io
    /// Which processors and memory nodes: `cpuset.*`.
    case cpuset

    /// Those of our controllers that a `cgroup.controllers` or `cgroup.subtree_control` names.
    public static func parse(_ text: String) -> Set<Controller> {
        Set(text.split(whereSeparator: \.isWhitespace).compactMap { Controller(rawValue: String($0)) })
    }

    /// What systemd.resource-control(5) says of user managers: they are given memory and pids unless told otherwise.
    static let userManagerRemedy =
        "A user's systemd is itself given only memory and pids: put \"[Service]\\nDelegate=cpu cpuset memory pids io\" into "
        + "/etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload and log in again"
}
