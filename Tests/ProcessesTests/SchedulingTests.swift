import Glibc
import Processes
import SystemPackage
import Testing

@Suite struct SchedulingTests {
    @Test("resource limits, processors and priorities are set", .enabled(if: isRoot, "needs root"))
    func everything() throws {
        var scheduling = Scheduling()
        scheduling.niceness = -3
        scheduling.outOfMemoryScore = 321
        scheduling.processors = [0]
        scheduling.policy = .batch
        scheduling.ioClass = .bestEffort
        scheduling.ioPriority = 6
        let text = try output(
            of: SpawnRequest(
                arguments: [testWorker, "limits"],
                surroundings: Surroundings(
                    scheduling: scheduling, openFileLimit: OpenFileLimit(soft: 99, hard: 999),
                    limits: [
                        .fsize: .init(soft: 1 << 40, hard: .max), .nofile: .init(soft: 77, hard: 78),
                        .cpu: .init(soft: 60, hard: 90), .memlock: .init(soft: 1 << 20, hard: 1 << 21),
                    ])))
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.first == "files 77 78")
        #expect(lines.contains("Max file size 1099511627776 unlimited bytes"))
        #expect(lines.contains("Max cpu time 60 90 seconds"))
        #expect(lines.contains("Max locked memory 1048576 2097152 bytes"))
        #expect(lines.contains("321"))
        #expect(lines.contains("Cpus_allowed_list:\t0"))
        #expect(lines.last == "policy 3 nice -3 io \(2 << 13 | 6)")
    }

    @Test(
        "every limit has the kernel's number",
        .enabled(if: Capability.systemResources.isEffective, "needs CAP_SYS_RESOURCE, to raise limits"))
    func numbers() throws {
        // One and the same value for each, so small that no program would run with all of them.
        let names: [ProcessLimit: String] = [
            .addressSpace: "Max address space", .core: "Max core file size", .cpu: "Max cpu time",
            .data: "Max data size", .fsize: "Max file size", .locks: "Max file locks",
            .memlock: "Max locked memory", .msgqueue: "Max msgqueue size", .nice: "Max nice priority",
            .nofile: "Max open files", .nproc: "Max processes", .rss: "Max resident set",
            .rtprio: "Max realtime priority", .rttime: "Max realtime timeout", .sigpending: "Max pending signals",
            .stack: "Max stack size",
        ]
        #expect(names.count == ProcessLimit.allCases.count)
        for (limit, name) in names {
            let value: UInt64 = limit.isSize ? 1 << 30 : 39
            let request = SpawnRequest(
                arguments: [testWorker, "limits"],
                surroundings: Surroundings(limits: [limit: .init(soft: value, hard: value)]))
            let line = try output(of: request).split(separator: "\n").first { $0.hasPrefix(name) }
            let words = line?.dropFirst(name.count).split(separator: " ").prefix(2)
            #expect(words.map { Array($0) } == ["\(value)", "\(value)"], "\(limit)")
        }
    }

    @Test("what the kernel refuses is named with what to do", .enabled(if: isRoot, "needs root"))
    func refused() {
        var scheduling = Scheduling()
        scheduling.processors = [8191]
        let processors = spawnError(
            SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(scheduling: scheduling)))
        #expect(processors?.step == .processors && processors?.errno == .invalidArgument)
        #expect(processors?.description.hasPrefix("set the processors to [8191]: ") == true)
        let limit = spawnError(
            SpawnRequest(
                arguments: ["/bin/true"], surroundings: Surroundings(limits: [.nofile: .init(soft: 5, hard: 1 << 60)])))
        #expect(limit?.description.hasPrefix("set the limit nofile to 5 (hard 1152921504606846976): ") == true)
    }

    @Test("priorities that need a privilege name it", .enabled(if: isRoot, "needs root"))
    func unprivileged() async {
        await #expect(processExitsWith: .success) {
            try #require(setgroups(0, nil) == 0 && setgid(65534) == 0 && setuid(65534) == 0)
            var scheduling = Scheduling()
            scheduling.niceness = -1
            var error = spawnError(
                SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(scheduling: scheduling)))
            try #require(error?.step == .niceness && error?.remedy.contains("CAP_SYS_NICE") == true)
            scheduling = Scheduling()
            scheduling.policy = .fifo
            error = spawnError(
                SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(scheduling: scheduling)))
            try #require(error?.step == .schedulingPolicy && error?.remedy.contains("CAP_SYS_NICE") == true)
            scheduling = Scheduling()
            scheduling.outOfMemoryScore = -1000
            error = spawnError(
                SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(scheduling: scheduling)))
            try #require(error?.step == .outOfMemoryScore && error?.remedy.contains("CAP_SYS_RESOURCE") == true)
        }
    }

    @Test("the first directory that can't be entered is named", .enabled(if: isRoot, "needs root"))
    func directories() throws {
        try withTemporaryDirectory { directory in
            #expect(
                chmod(directory, 0o755) == 0 && mkdir("\(directory)/a", 0o750) == 0
                    && mkdir("\(directory)/a/b", 0o755) == 0)
            func problem(_ path: String, _ credentials: Credentials?, _ set: CapabilitySet? = CapabilitySet())
                -> String?
            {
                DirectoryAccess.problem(with: "\(directory)/\(path)", for: credentials, capabilities: set)
            }
            #expect(
                problem("a/b", nobody)
                    == "\(directory)/a can't be entered by user 65534: its mode is 750 and it belongs to user 0, group 0; give that user or group its x permission"
            )
            #expect(problem("a/b", Credentials(user: 65534, group: 65534, groups: [0])) == nil)
            #expect(problem("a/b", nobody, CapabilitySet(name: "CAP_DAC_READ_SEARCH")) == nil)
            #expect(problem("a/b", nil) == nil)
            #expect(problem("a/c/d", nobody) == "\(directory)/a/c doesn't exist; create it")
            #expect(chown("\(directory)/a", 65534, 65534) == 0 && chmod("\(directory)/a", 0o700) == 0)
            #expect(problem("a/b", nobody) == nil)
            #expect(problem("a", nil)?.hasSuffix("nor CAP_DAC_OVERRIDE, which root has by capabilities only") == true)
            #expect(problem("a", nil, nil) == nil)
        }
        #expect(
            DirectoryAccess.problem(with: "/etc/passwd", for: nobody, capabilities: CapabilitySet())
                == "/etc/passwd is no directory")
    }
}
