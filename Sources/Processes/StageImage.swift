import CLinux
import Reactor
import SystemPackage

/// What the stage reads: see `cadre_stage.h`.
struct StageImage {
    private var bytes = [UInt8](repeating: 0, count: MemoryLayout<cadre_stage_plan>.size)
    private var plan = cadre_stage_plan()

    private static let pidPrefix = "LISTEN_PID="

    /// - Parameter privileges: what the process gives up.
    init(
        _ request: SpawnRequest, _ walls: Walls, candidates: [String], privileges: cadre_privileges, landlock: Int
    ) {
        plan.version = UInt32(cadre_stage_version)
        plan.candidates = add(strings: candidates)
        plan.arguments = add(strings: request.arguments)
        addEnvironment(of: request)
        if let directory = request.workingDirectory { plan.directory = add(directory) }
        addMounts(walls.mounts)
        plan.has_private_network = walls.hasPrivateNetwork ? 1 : 0
        if let rules = walls.landlock { add(rules, version: landlock) }
        if let filter = walls.filter {
            plan.filter = add(filter.instructions)
            plan.filter_count = UInt32(filter.instructions.count)
        }
        plan.groups = add(Array(UnsafeBufferPointer(start: privileges.groups, count: privileges.group_count)))
        plan.privileges = privileges
        plan.privileges.groups = nil
        plan.size = UInt32(bytes.count)
        withUnsafeBytes(of: plan) { bytes.replaceSubrange(0..<$0.count, with: $0) }
    }

    /// The image as a file in memory.
    func file() throws(SystemCallError) -> Descriptor {
        let file = Descriptor(owning: try systemCall("memfd_create") { cadre_memory_file("cadre-stage") })
        let descriptor = file.rawValue
        let count = try systemCall("write") { write(descriptor, bytes, bytes.count) }
        // What is in memory is written whole, or there is no memory for it.
        guard count == bytes.count else { throw SystemCallError(call: "write", errno: .noMemory) }
        return file
    }

    /// What the stage left in it.
    static func report(in file: borrowing Descriptor) throws(SystemCallError) -> cadre_stage_plan {
        var plan = cadre_stage_plan()
        let descriptor = file.rawValue
        try systemCall("pread") { pread(descriptor, &plan, MemoryLayout<cadre_stage_plan>.size, 0) }
        return plan
    }

    // MARK: Parts

    private mutating func addEnvironment(of request: SpawnRequest) {
        var offsets: [UInt32] = []
        for entry in request.environment { offsets.append(add(entry)) }
        if request.listenPID {
            let entry = add(Self.pidPrefix + "0000000000")
            offsets.append(entry)
            plan.pid_text = entry + UInt32(Self.pidPrefix.utf8.count)
        }
        plan.environment = add(offsets + [0])
    }

    private mutating func addMounts(_ mounts: [Walls.Mount]) {
        var entries: [cadre_stage_mount] = []
        for mount in mounts {
            entries.append(
                cadre_stage_mount(
                    path: add(mount.path), kind: UInt8(mount.kind.code.rawValue),
                    may_be_missing: mount.mayBeMissing ? 1 : 0, unused: 0))
        }
        plan.mounts = add(entries)
        plan.mount_count = UInt32(entries.count)
    }

    private mutating func add(_ landlock: LandlockRules, version: Int) {
        if let paths = landlock.paths {
            plan.landlock_files = LandlockBits.files(version: version)
            var rules: [cadre_stage_rule] = []
            for path in paths {
                rules.append(
                    cadre_stage_rule(
                        access: LandlockBits.files(path.access, version: version), path: add(path.path),
                        may_be_missing: path.mayBeMissing ? 1 : 0))
            }
            plan.rules = add(rules)
            plan.rule_count = UInt32(rules.count)
        }
        var ports: [cadre_stage_port] = []
        for (allowed, access) in [
            (landlock.bindPorts, LandlockBits.bind), (landlock.connectPorts, LandlockBits.connect),
        ] {
            guard let allowed else { continue }
            plan.landlock_ports |= access
            ports += allowed.map { cadre_stage_port(access: access, port: UInt64($0)) }
        }
        plan.landlock_scoped = landlock.scoped.reduce(0) { $0 | LandlockBits.scope($1) }
        plan.ports = add(ports)
        plan.port_count = UInt32(ports.count)
    }

    private mutating func add(strings: [String]) -> UInt32 {
        var offsets: [UInt32] = []
        for string in strings { offsets.append(add(string)) }
        return add(offsets + [0])
    }

    private mutating func add(_ string: String) -> UInt32 {
        let offset = UInt32(bytes.count)
        bytes += string.utf8
        bytes.append(0)
        return offset
    }

    /// Adds elements at an offset that suits every type.
    private mutating func add<Element: BitwiseCopyable>(_ elements: [Element]) -> UInt32 {
        while !bytes.count.isMultiple(of: 8) { bytes.append(0) }
        let offset = UInt32(bytes.count)
        elements.withUnsafeBytes { bytes += $0 }
        return offset
    }
}

extension Walls.Mount.Kind {
    fileprivate var code: cadre_stage_mount_kind {
        switch self {
        case .keep: CADRE_STAGE_KEEP
        case .readOnly: CADRE_STAGE_READ_ONLY
        case .inaccessible: CADRE_STAGE_INACCESSIBLE
        case .temporary: CADRE_STAGE_TEMPORARY
        case .empty: CADRE_STAGE_EMPTY
        case .devices: CADRE_STAGE_DEVICES
        }
    }
}
