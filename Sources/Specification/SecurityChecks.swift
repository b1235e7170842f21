import ControlGroups
import Processes

/// What ``SecurityAssessment`` looks at.
struct SecurityChecks {
    private let service: ServiceSpecification
    private let sandbox: SandboxSpecification

    init(_ service: ServiceSpecification) {
        self.service = service
        sandbox = service.sandbox ?? SandboxSpecification()
    }

    /// The checks; what each has to do with the exposure is for the assessment to say.
    var all: [SecurityAssessment.Check] {
        [
            user, capabilities, noNewPrivileges, network, systemCalls, landlock, protectSystem, protectHome, privateTmp,
            privateDevices, controlGroups,
            memory, tasks,
        ]
    }

    private func check(
        _ key: String, weight: Int, open: Double, _ finding: String, advice: String
    ) -> SecurityAssessment.Check {
        SecurityAssessment.Check(
            key: key, finding: finding, weight: weight, open: open, advice: open > 0 ? advice : nil, exposure: 0)
    }

    private func check(
        _ key: String, weight: Int, isSet: Bool, _ set: String, _ unset: String, advice: String
    ) -> SecurityAssessment.Check {
        check(key, weight: weight, open: isSet ? 0 : 1, isSet ? set : unset, advice: advice)
    }

    private var user: SecurityAssessment.Check {
        let isRoot = service.user.map { ["root", "0"].contains($0) }
        let finding =
            switch isRoot {
            case false?: "It runs as a user of its own"
            case true?: "It runs as root"
            case nil: "It runs as the supervisor's user, who is root mostly"
            }
        return check(
            "user", weight: 2000, open: isRoot == false ? 0 : 1, finding,
            advice: "user = \"nobody\", or better an account of its own")
    }

    /// With which others follow, or nearly all of a host is to be had.
    private static let severeCapabilities = [
        "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PTRACE", "CAP_BPF", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_SETFCAP", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_CHOWN", "CAP_FOWNER", "CAP_MKNOD",
    ]

    private var capabilities: SecurityAssessment.Check {
        let (open, finding): (Double, String) =
            switch service.capabilities {
            case .all: (1, "It has all the supervisor's capabilities, if it is root")
            case .only(let set) where set.isEmpty: (0, "It has no capabilities")
            case .only(let set):
                (
                    min(1, set.names.reduce(0) { $0 + (Self.severeCapabilities.contains($1) ? 0.5 : 0.1) }),
                    "It has \(set.names.joined(separator: ", "))"
                )
            }
        return check(
            "capabilities", weight: 3000, open: open, finding, advice: "capabilities = [], or those that it needs")
    }

    private var noNewPrivileges: SecurityAssessment.Check {
        check(
            "no_new_privileges", weight: 1000, isSet: service.noNewPrivileges,
            "It can't gain privileges by what it executes", "It can gain privileges by set-user-ID programs",
            advice: "no_new_privileges = true")
    }

    private var network: SecurityAssessment.Check {
        let ports = [sandbox.landlock?.tcpBind, sandbox.landlock?.tcpConnect].count { $0 != nil }
        let open = sandbox.privateNetwork ? 0 : [1, 0.75, 0.5][ports]
        let finding =
            switch (sandbox.privateNetwork, ports) {
            case (true, _): "It has no network but the sockets that it is passed"
            case (_, 0): "It can connect to everything that the host can, and listen on every port"
            default: "Landlock restrains its TCP ports; the rest of the network is open to it"
            }
        return check(
            "sandbox.private_network", weight: 2500, open: open, finding,
            advice: "sandbox.private_network = true, or sandbox.landlock = { tcp_bind = [], tcp_connect = [5432] }")
    }

    /// The groups that hardly any server needs, as systemd has them in mind.
    private static let dangerousGroups = [
        "@swap", "@obsolete", "@clock", "@cpu-emulation", "@debug", "@mount", "@module", "@raw-io", "@reboot",
    ]

    private var systemCalls: SecurityAssessment.Check {
        guard !sandbox.systemCallFilter.isEmpty else {
            return check(
                "sandbox.system_call_filter", weight: 2500, open: 1, "It may make every system call",
                advice: "sandbox.system_call_filter = [\"@system-service\"]")
        }
        let filter = SystemCallFilter(sandbox.systemCallFilter)
        let open = Self.dangerousGroups.filter { filter.allows(group: $0) }
        let finding =
            open.isEmpty
            ? "It may make only system calls that servers need"
            : "It may make system calls of \(open.joined(separator: ", "))"
        return check(
            "sandbox.system_call_filter", weight: 2500, open: Double(open.count) / Double(Self.dangerousGroups.count),
            finding, advice: "sandbox.system_call_filter = [\"@system-service\"]")
    }

    private var landlock: SecurityAssessment.Check {
        check(
            "sandbox.landlock", weight: 1000, isSet: sandbox.landlock?.hasPaths == true,
            "Landlock restrains which files it can open and execute",
            "It can open and execute every file that its permissions allow",
            advice: "sandbox.landlock = { execute = [\"/usr\"], read_only = [\"/etc\"], read_write = [\"/var/lib/…\"] }"
        )
    }

    private var protectSystem: SecurityAssessment.Check {
        let (open, finding): (Double, String) =
            switch sandbox.protectSystem {
            case .strict: (0, "It can write nowhere but where it is told to")
            case .full: (0.1, "It can't write to the system and its configuration")
            case .system: (0.5, "It can't write to the system, but to its configuration")
            case .none: (1, "It can write to the system as far as its permissions allow")
            }
        return check(
            "sandbox.protect_system", weight: 1000, open: open, finding,
            advice: "sandbox.protect_system = \"strict\", and sandbox.read_write_paths = [\"/var/lib/…\"]")
    }

    private var protectHome: SecurityAssessment.Check {
        let (open, finding): (Double, String) =
            switch sandbox.protectHome {
            case .inaccessible, .tmpfs: (0, "It can't see the directories of people")
            case .readOnly: (0.5, "It can read the directories of people")
            case .none: (1, "It can read and write the directories of people as far as its permissions allow")
            }
        return check(
            "sandbox.protect_home", weight: 1000, open: open, finding, advice: "sandbox.protect_home = true")
    }

    private var privateTmp: SecurityAssessment.Check {
        check(
            "sandbox.private_tmp", weight: 1000, isSet: sandbox.privateTmp,
            "Its temporary files are its own", "It shares /tmp with everybody", advice: "sandbox.private_tmp = true")
    }

    private var privateDevices: SecurityAssessment.Check {
        check(
            "sandbox.private_devices", weight: 1000, isSet: sandbox.privateDevices,
            "It sees harmless devices only", "It sees the host's devices", advice: "sandbox.private_devices = true")
    }

    private var controlGroups: SecurityAssessment.Check {
        check(
            "sandbox.protect_control_groups", weight: 1000, isSet: sandbox.protectControlGroups,
            "It can't change its own limits", "As root it could change its own limits",
            advice: "sandbox.protect_control_groups = true")
    }

    private var memory: SecurityAssessment.Check {
        check(
            "limits.memory_max", weight: 500, isSet: service.limits.memoryMax.map { $0 != .infinity } ?? false,
            "Its memory is limited", "It can use up the host's memory", advice: "limits.memory_max = \"512M\"")
    }

    private var tasks: SecurityAssessment.Check {
        check(
            "limits.tasks_max", weight: 500, isSet: service.limits.tasksMax != nil,
            "Its processes and threads are limited", "It can use up the host's processes",
            advice: "limits.tasks_max = 512")
    }
}
