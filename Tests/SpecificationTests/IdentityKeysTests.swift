import Processes
import Testing

@testable import Specification

@Suite struct IdentityKeysTests {
    @Test("all about identity, privileges and scheduling is read")
    func everything() throws {
        let service = try #require(
            try Specification.parse([
                (
                    "a",
                    """
                    [service.web]
                    command = ["app"]
                    supplementary_groups = ["video", 44]
                    umask = "027"
                    capabilities = ["CAP_SETUID", "CAP_CHOWN"]
                    no_new_privileges = false
                    nice = -20
                    oom_score_adj = -1000
                    cpu_affinity = "0-2,5"
                    cpu_scheduling_policy = "rr"
                    cpu_scheduling_priority = 99
                    io_scheduling_class = "idle"
                    [service.web.rlimits]
                    as = "1.5G"
                    core = 0
                    nofile = "1024:infinity"
                    rttime = "infinity"
                    """
                )
            ]).services.first)
        #expect(service.supplementaryGroups == ["video", "44"] && service.fileCreationMask == 0o27)
        #expect(service.capabilities == .only(CapabilitySet(bits: 1 << 0 | 1 << 7)) && !service.noNewPrivileges)
        var scheduling = Scheduling()
        scheduling.niceness = -20
        scheduling.outOfMemoryScore = -1000
        scheduling.processors = [0, 1, 2, 5]
        scheduling.policy = .rr
        scheduling.priority = 99
        scheduling.ioClass = .idle
        #expect(service.scheduling == scheduling)
        let gigabytes: UInt64 = 3 << 29
        #expect(
            service.processLimits == [
                .addressSpace: .init(soft: gigabytes, hard: gigabytes), .core: .init(soft: 0, hard: 0),
                .nofile: .init(soft: 1024, hard: .max), .rttime: .init(soft: .max, hard: .max),
            ])
    }

    @Test("by default a worker has no capability, and gets none")
    func defaults() {
        let service = ServiceSpecification(name: "web", command: ["app"])
        #expect(service.capabilities == .only(CapabilitySet()) && service.noNewPrivileges)
        #expect(service.scheduling == Scheduling() && service.processLimits.isEmpty)
    }

    @Test(
        "what is wrong is told with what to write instead",
        arguments: [
            (
                "supplementary_groups = \"video\"",
                "supplementary_groups: \"video\" is a string, not an array; write [\"ssl-cert\", \"video\"]"
            ),
            (
                "supplementary_groups = [\"a:b\"]",
                "supplementary_groups[0]: \"a:b\" is neither a name nor a number of an account"
            ),
            ("umask = 27", "umask: 27 is an integer, not a string in octal; write \"0027\""),
            ("umask = \"0089\"", "umask: \"0089\" is no file creation mask in octal; write one such as \"0027\""),
            ("umask = \"1000\"", "umask: \"1000\" is no file creation mask in octal; write one such as \"0027\""),
            (
                "capabilities = \"CAP_CHOWN\"",
                "capabilities: \"CAP_CHOWN\" is no list of capabilities; write one such as [\"CAP_NET_BIND_SERVICE\"], or \"all\""
            ),
            ("capabilities = [\"chown\"]", "capabilities[0]: \"chown\" is no capability; write \"CAP_CHOWN\""),
            ("capabilities = [\"cap_chown\"]", "capabilities[0]: \"cap_chown\" is no capability; write \"CAP_CHOWN\""),
            (
                "capabilities = [\"CAP_ROOT\"]",
                "capabilities[0]: \"CAP_ROOT\" is no capability; write one of those in capabilities(7), such as \"CAP_NET_BIND_SERVICE\""
            ),
            ("no_new_privileges = \"no\"", "no_new_privileges: \"no\" is a string, not a boolean; write true or false"),
            (
                "credentials = [\"../a\"]",
                "credentials[0]: \"../a\" is not a credential's name; use letters, digits, \"-\", \"_\" and \".\""
            ),
            (
                "credentials = [\"..\"]",
                "credentials[0]: \"..\" is not a credential's name; use letters, digits, \"-\", \"_\" and \".\""
            ),
            ("credentials = [\"a\", \"a\"]", "credentials[1]: \"a\" is in the list already; leave this one out"),
            (
                "environment.CREDENTIALS_DIRECTORY = \"/a\"",
                "environment.CREDENTIALS_DIRECTORY: CREDENTIALS_DIRECTORY is set by Cadre itself; leave it out"
            ),
            ("nice = 20", "nice: 20 is out of range; write -20 to 19"),
            ("oom_score_adj = 1001", "oom_score_adj: 1001 is out of range; write -1000 to 1000"),
            (
                "cpu_affinity = []",
                "cpu_affinity: the list is empty; write one such as [0, 1], or \"0-3,6\", or leave it out"
            ),
            ("cpu_affinity = [-1]", "cpu_affinity[0]: -1 is out of range; write 0 to 8191"),
            ("cpu_affinity = \"3-1\"", "cpu_affinity: \"3-1\" is not a list of numbers; write one such as \"0-3,6\""),
            ("cpu_affinity = \"\"", "cpu_affinity: \"\" is not a list of numbers; write one such as \"0-3,6\""),
            (
                "cpu_affinity = true",
                "cpu_affinity: true is a boolean, not a list of numbers; write [0, 1], or \"0-3,6\""
            ),
            (
                "limits.cpuset_cpus = \"0-\"",
                "limits.cpuset_cpus: \"0-\" is not a list of numbers; write one such as \"0-3,6\""
            ),
            (
                "cpu_scheduling_policy = \"deadline\"",
                "cpu_scheduling_policy: \"deadline\" is unknown; write \"other\", \"batch\", \"idle\", \"fifo\" or \"rr\""
            ),
            (
                "cpu_scheduling_priority = 5",
                "cpu_scheduling_priority: only the policies \"fifo\" and \"rr\" have priorities; set cpu_scheduling_policy to one of them"
            ),
            (
                "io_scheduling_priority = 5",
                "io_scheduling_priority: a priority is one within a class; set io_scheduling_class, mostly to \"best-effort\""
            ),
            (
                "io_scheduling_class = \"idle\"\nio_scheduling_priority = 5",
                "io_scheduling_priority: the class \"idle\" has no priorities; leave this out, or choose another class"
            ),
            ("rlimits.nofiles = 5", "rlimits.nofiles: unknown key; did you mean \"nofile\"?"),
            (
                "rlimits.nofile = \"5K\"",
                "rlimits.nofile: \"5K\" is no limit; write a number such as \"1024\", \"infinity\", or two as \"soft:hard\""
            ),
            (
                "rlimits.as = \"x\"",
                "rlimits.as: \"x\" is no limit; write an amount of bytes such as \"64M\", \"infinity\", or two as \"soft:hard\""
            ),
            (
                "rlimits.cpu = \"1:2:3\"",
                "rlimits.cpu: \"1:2:3\" is no limit; write a number of seconds such as \"60\", \"infinity\", or two as \"soft:hard\""
            ),
            (
                "rlimits.core = \"infinity:0\"",
                "rlimits.core: \"infinity:0\": the soft limit can't be above the hard one, which is behind \":\""
            ),
            (
                "rlimits.core = -1",
                "rlimits.core: -1 is an integer, not a limit; write \"64M\", \"infinity\", or \"soft:hard\""
            ),
        ])
    func problems(line: String, message: String) {
        #expect(
            complaints(inService: line).map { $0.split(separator: ": ", maxSplits: 1).last.map(String.init) } == [
                "service.web.\(message)"
            ])
    }

    @Test(
        "lists of numbers have one short form",
        arguments: [("0", [0], "0"), ("3,1-2", [1, 2, 3], "1-3"), ("0,2,4-5", [0, 2, 4, 5], "0,2,4-5")])
    func lists(text: String, numbers: [Int], short: String) throws {
        #expect(try NumberListFormat.parse(text) == numbers)
        #expect(NumberListFormat.format(numbers) == short)
    }
}
