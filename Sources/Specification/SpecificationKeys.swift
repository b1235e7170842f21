/// The keys that a table may have. The decoder takes no table of others, so that each key has its place in the reference.
protocol SpecificationKey: RawRepresentable<String>, CaseIterable, Hashable {
    /// What the reference tells of it, and the decoder goes by.
    var reference: KeyReference { get }
}

enum RootKey: String, SpecificationKey {
    case healthyPercentage = "healthy_percentage"
    case service, control, metrics
}

enum ControlKey: String, SpecificationKey {
    case group
    case readOnlyGroup = "read_only_group"
    case listen
    case allow
    case tokenFile = "token_file"
    case tls
}

enum TLSKey: String, SpecificationKey {
    case certificate, key
    case clientCA = "client_ca"
}

enum MetricsKey: String, SpecificationKey {
    case listen, aliases
}

enum ServiceKey: String, SpecificationKey {
    case command, type, workers, after, requires, essential, directory, environment
    case environmentFile = "environment_file"
    case user, group
    case supplementaryGroups = "supplementary_groups"
    case umask, capabilities
    case noNewPrivileges = "no_new_privileges"
    case credentials
    case nice
    case oomScoreAdj = "oom_score_adj"
    case cpuAffinity = "cpu_affinity"
    case cpuSchedulingPolicy = "cpu_scheduling_policy"
    case cpuSchedulingPriority = "cpu_scheduling_priority"
    case ioSchedulingClass = "io_scheduling_class"
    case ioSchedulingPriority = "io_scheduling_priority"
    case rlimits, watchdog
    case maxAge = "max_age"
    case maxAgeJitter = "max_age_jitter"
    case healthyPercentage = "healthy_percentage"
    case introspect, ready, health, limits, restart, rollout, stop, socket, port
    case onDemand = "on_demand"
    case idleTimeout = "idle_timeout"
    case fdStoreMax = "fd_store_max"
    case sandbox, log
}

enum ReadyKey: String, SpecificationKey {
    case by, timeout, interval, address, url, status, body, command, line
}

enum HealthKey: String, SpecificationKey {
    case by, interval, timeout, failures, successes
    case startGrace = "start_grace"
    case address, url, status, body, command
}

enum LimitsKey: String, SpecificationKey {
    case memoryMax = "memory_max"
    case memoryHigh = "memory_high"
    case memorySwapMax = "memory_swap_max"
    case cpuMax = "cpu_max"
    case cpuWeight = "cpu_weight"
    case tasksMax = "tasks_max"
    case ioWeight = "io_weight"
    case cpusetCpus = "cpuset_cpus"
    case cpusetMems = "cpuset_mems"
}

enum RestartKey: String, SpecificationKey {
    case policy, delay
    case maxDelay = "max_delay"
    case multiplier, jitter, budget, window
    case successExitCodes = "success_exit_codes"
}

enum RolloutKey: String, SpecificationKey {
    case strategy
    case maxSurge = "max_surge"
    case maxUnavailable = "max_unavailable"
    case parallel
    case minReady = "min_ready"
    case failures
    case onFailure = "on_failure"
}

enum StopKey: String, SpecificationKey {
    case signal, timeout
}

enum SocketKey: String, SpecificationKey {
    case name, listen
    case fromSystemd = "from_systemd"
    case type, backlog
    case reusePort = "reuse_port"
    case mode, user, group
    case freeBind = "free_bind"
    case deferAccept = "defer_accept"
    case nonBlocking = "non_blocking"
    case stdin
}

enum PortKey: String, SpecificationKey {
    case start
}

enum SandboxKey: String, SpecificationKey {
    case privateTmp = "private_tmp"
    case protectSystem = "protect_system"
    case protectHome = "protect_home"
    case readOnlyPaths = "read_only_paths"
    case readWritePaths = "read_write_paths"
    case inaccessiblePaths = "inaccessible_paths"
    case privateDevices = "private_devices"
    case privateNetwork = "private_network"
    case protectControlGroups = "protect_control_groups"
    case landlock
    case systemCallFilter = "system_call_filter"
    case systemCallErrorNumber = "system_call_error_number"
    case bestEffort = "best_effort"
}

enum LandlockKey: String, SpecificationKey {
    case readOnly = "read_only"
    case readWrite = "read_write"
    case execute
    case tcpBind = "tcp_bind"
    case tcpConnect = "tcp_connect"
    case scoped
}

enum LogKey: String, SpecificationKey {
    case to, file
}

/// Helps with keys that nobody knows.
enum KeySuggestion {
    /// What to do about `unknown` where `known` are the keys.
    static func message(for unknown: String, known: [String]) -> String {
        let near = known.map { ($0, distance(from: unknown, to: $0)) }.min { $0.1 < $1.1 }
        if let near, near.1 <= max(1, min(unknown.count, near.0.count) / 3) {
            return "unknown key; did you mean \(near.0.quoted)?"
        }
        let places = keysOfTables.filter { $0.keys.contains(unknown) && Set($0.keys) != Set(known) }.map(\.table)
        if !places.isEmpty { return "unknown key here; it belongs in \(places.joined(separator: " or "))" }
        return "unknown key; known here: \(known.joined(separator: ", "))"
    }

    private static let keysOfTables = ConfigurationReference.tables.compactMap { table in
        table.header.map { (table: $0, keys: table.keys.map(\.name)) }
    }

    /// How many characters must be inserted, left out, replaced or swapped with their neighbour to get from one to the other.
    static func distance(from first: String, to second: String) -> Int {
        let (first, second) = (Array(first.lowercased()), Array(second.lowercased()))
        var rows = [Array(0...second.count)]
        for i in first.indices {
            var row = [i + 1]
            for j in second.indices {
                let substituted = rows[i][j] + (first[i] == second[j] ? 0 : 1)
                var best = min(substituted, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[first.count][second.count]
    }
}
