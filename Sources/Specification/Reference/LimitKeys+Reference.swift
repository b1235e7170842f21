import Processes

extension LimitsKey {
    var reference: KeyReference {
        switch self {
        case .memoryMax:
            KeyReference(
                .size, example: "\"512M\"", like: "MemoryMax=, memory.max",
                "The wall: when it is hit, the kernel kills the whole worker, and it is restarted.")
        case .memoryHigh:
            KeyReference(
                .size, example: "\"448M\"", like: "MemoryHigh=, memory.high",
                "The fence: when it is touched, a successor is started and then takes the worker's place.")
        case .memorySwapMax:
            KeyReference(
                .size, example: "0", like: "MemorySwapMax=, memory.swap.max",
                "How much of the worker may be swapped out.")
        case .cpuMax:
            KeyReference(
                .other("percentage such as \"150%\", or \"infinity\""), example: "\"150%\"", like: "CPUQuota=, cpu.max",
                "Processor time; \"150%\" is one and a half processors.")
        case .cpuWeight:
            KeyReference(
                .integer(1...10_000), example: "100", like: "CPUWeight=, cpu.weight",
                "The share of processor time where it is scarce; the kernel's default is 100.")
        case .tasksMax:
            KeyReference(
                .integerOrInfinity(1...4_194_304), example: "512", like: "TasksMax=, pids.max",
                "How many processes and threads the worker may have.")
        case .ioWeight:
            KeyReference(
                .integer(1...10_000), example: "100", like: "IOWeight=, io.weight",
                "The share of disk time where it is scarce; the kernel's default is 100.")
        case .cpusetCpus:
            KeyReference(
                .other("numbers such as \"0-3,6\" or [0, 1]"), example: "\"0\"", like: "AllowedCPUs=, cpuset.cpus",
                "The only processors that the worker may use; without it, those that the supervisor's own cgroup may use."
            )
        case .cpusetMems:
            KeyReference(
                .other("numbers such as \"0-3,6\" or [0, 1]"), example: "\"0\"",
                like: "AllowedMemoryNodes=, cpuset.mems",
                "The only memory nodes that the worker may use; without it, those of the supervisor's own cgroup.")
        }
    }
}

extension ProcessLimit {
    var reference: KeyReference {
        let (example, text) = explanation
        let kind = isSize ? "size, \"infinity\", or \"soft:hard\"" : "number, \"infinity\", or \"soft:hard\""
        return KeyReference(.other(kind), example: example, like: "Limit\(rawValue.uppercased())=", text)
    }

    private var explanation: (example: String, text: String) {
        switch self {
        case .addressSpace:
            (
                "\"infinity\"",
                "The address space, in bytes. (What a worker may hold of the machine's memory is limits.memory_max.)"
            )
        case .core: ("\"0:infinity\"", "A core file, in bytes; 0 for none.")
        case .cpu: ("\"infinity\"", "Processor time of a process, in seconds; then it gets SIGXCPU.")
        case .data: ("\"infinity\"", "Data segment and private mappings, in bytes.")
        case .fsize:
            ("\"infinity\"", "The size that a file can be written to, in bytes; then the process gets SIGXFSZ.")
        case .locks: ("\"infinity\"", "Nothing since Linux 2.4.")
        case .memlock: ("\"8M\"", "Memory that is locked into RAM, in bytes.")
        case .msgqueue: ("819200", "POSIX message queues of the user, in bytes.")
        case .nice: ("0", "How far the process may lower its niceness: down to 20 minus this, 0 to 40.")
        case .nofile: ("\"1024:524288\"", "Open files.")
        case .nproc:
            (
                "\"infinity\"",
                "Processes and threads of the user, in all services and beyond. (Those of a worker are limits.tasks_max.)"
            )
        case .rss: ("\"infinity\"", "Nothing since Linux 2.4.")
        case .rtprio: ("0", "The highest real-time priority that the process may give itself.")
        case .rttime: ("\"infinity\"", "How long it may run in real time without a pause, in microseconds.")
        case .sigpending: ("15000", "Signals of the user that wait.")
        case .stack: ("\"8M:infinity\"", "The stack, in bytes.")
        }
    }
}
