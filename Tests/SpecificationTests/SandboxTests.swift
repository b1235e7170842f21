import Processes
import Specification
import Testing

@Suite struct SandboxTests {
    @Test("all of a sandbox is read")
    func all() throws {
        let sandbox = try #require(
            try service(
                withLines: """
                    [service.web.sandbox]
                    private_tmp = true
                    protect_system = "strict"
                    protect_home = "read-only"
                    read_only_paths = ["/a/{worker}"]
                    read_write_paths = ["-/b"]
                    inaccessible_paths = ["/c"]
                    private_devices = true
                    private_network = true
                    protect_control_groups = true
                    system_call_filter = ["@system-service", "~@mount", "ptrace"]
                    system_call_error_number = "EPERM"
                    best_effort = true
                    [service.web.sandbox.landlock]
                    read_only = ["/etc"]
                    read_write = ["/var"]
                    execute = ["/usr"]
                    tcp_bind = [0, 80]
                    tcp_connect = []
                    scoped = ["signal", "abstract_unix_socket"]
                    """
            ).sandbox)
        var expected = SandboxSpecification()
        expected.privateTmp = true
        expected.protectSystem = .strict
        expected.protectHome = .readOnly
        expected.readOnlyPaths = ["/a/{worker}"]
        expected.readWritePaths = ["-/b"]
        expected.inaccessiblePaths = ["/c"]
        (expected.privateDevices, expected.privateNetwork, expected.protectControlGroups) = (true, true, true)
        expected.systemCallFilter = ["@system-service", "~@mount", "ptrace"]
        expected.systemCallErrorNumber = "EPERM"
        expected.isBestEffort = true
        var landlock = LandlockSpecification()
        (landlock.readOnly, landlock.readWrite, landlock.execute) = (["/etc"], ["/var"], ["/usr"])
        (landlock.tcpBind, landlock.tcpConnect) = ([0, 80], [])
        landlock.scoped = [.signal, .abstractUnixSocket]
        expected.landlock = landlock
        #expect(sandbox == expected)
        #expect(sandbox.hasMounts && sandbox.hasWalls)
    }

    @Test(
        "without a wall there is no sandbox", arguments: ["", "sandbox.private_tmp = false", "[service.web.sandbox]"])
    func none(lines: String) throws {
        #expect(try service(withLines: lines).sandbox == nil)
    }

    @Test(
        "booleans and words are as systemd has them",
        arguments: [
            ("protect_system = false", SandboxSpecification.SystemProtection.none),
            ("protect_system = true", .system), ("protect_system = \"full\"", .full),
        ])
    func words(line: String, expected: SandboxSpecification.SystemProtection) throws {
        let sandbox = try service(withLines: "[service.web.sandbox]\nprivate_tmp = true\n\(line)").sandbox
        #expect(sandbox?.protectSystem == expected)
    }

    @Test(
        "a key of a sandbox that is wrong is reported",
        arguments: [
            ("private_tmp = 1", "private_tmp: 1 is an integer, not a boolean; write true or false"),
            (
                "protect_system = \"all\"",
                "protect_system: \"all\" is unknown; write false, true, \"full\" or \"strict\""
            ),
            (
                "protect_home = \"true\"",
                "protect_home: \"true\" is unknown; write false, true, \"read-only\" or \"tmpfs\""
            ),
            (
                "read_only_paths = [\"a\"]",
                "read_only_paths[0]: \"a\" is not an absolute path; write one that begins with \"/\""
            ),
            (
                "read_write_paths = \"/a\"",
                "read_write_paths: \"/a\" is a string, not an array; write [\"/var/lib/app\"]"
            ),
            (
                "inaccessible_paths = [\"/{x}\"]",
                "inaccessible_paths[0]: \"{x}\" is neither {service}, {worker} nor {port}; write \"{{x}}\" for literal "
                    + "braces"
            ),
            (
                "inaccessible_paths = [\"/\"]",
                "inaccessible_paths: nothing would be left without \"/\"; name what is not to be seen"
            ),
            (
                "read_only_paths = [\"/a\"]\nread_write_paths = [\"-/a\"]",
                "read_write_paths: \"/a\" is in read_only_paths already; decide for one of them"
            ),
            ("private_tmpp = true", "private_tmpp: unknown key; did you mean \"private_tmp\"?"),
            (
                "tcp_bind = [80]",
                "tcp_bind: unknown key here; it belongs in [service.NAME.sandbox.landlock]"
            ),
            (
                "landlock = { read_only = [\"/etc\"] }",
                "landlock: nothing might be executed, not even the command; add a line such as execute = [\"/usr\"] with "
                    + "the directories of the program, its interpreter and its libraries"
            ),
            (
                "landlock = {}",
                "landlock: there is nothing in it that restrains anything; add execute, tcp_bind, tcp_connect or scoped, or "
                    + "leave it out"
            ),
            (
                "landlock.scoped = [\"signals\"]",
                "landlock.scoped[0]: \"signals\" is unknown; write \"abstract_unix_socket\" or \"signal\""
            ),
            (
                "landlock = { tcp_bind = [70000] }",
                "landlock.tcp_bind[0]: 70000 is out of range; write 0 to 65535"
            ),
            (
                "system_call_filter = []",
                "system_call_filter: an empty filter allows nothing; write [\"@system-service\"], or leave it out"
            ),
            (
                "system_call_filter = [\"~execve\"]",
                "system_call_filter: execve is what starts the program itself; leave it in"
            ),
            (
                "system_call_filter = [\"Ptrace!\"]",
                "system_call_filter[0]: \"Ptrace!\" is no system call; write a name such as \"ptrace\", or a group such as "
                    + "\"@mount\""
            ),
            (
                "system_call_error_number = \"EPERM\"",
                "system_call_error_number: there is no system_call_filter; add one, or leave this out"
            ),
            (
                "system_call_filter = [\"~@mount\"]\nsystem_call_error_number = \"EPERMS\"",
                "system_call_error_number: \"EPERMS\" is no error; write \"EPERM\", or \"kill\" to end the process"
            ),
            ("best_effort = true", "best_effort: there is no wall to leave out; add one, or leave this out"),
        ])
    func problems(lines: String, problem: String) {
        let found = complaints(inService: "[service.web.sandbox]\n\(lines)")
        let text = found.map { $0.split(separator: "service.web.sandbox.", maxSplits: 1).last.map(String.init) ?? $0 }
        #expect(text == [problem])
    }

    @Test("what forbids to gain privileges can't be without that") func privileges() {
        let found = complaints(
            inService: "no_new_privileges = false\nsandbox.system_call_filter = [\"~@mount\"]")
        #expect(
            found == [
                "cadre.toml:3: service.web.no_new_privileges: the sandbox has landlock or system_call_filter, which take "
                    + "no_new_privileges; leave this out"
            ])
        #expect(complaints(inService: "no_new_privileges = false\nsandbox.private_tmp = true").isEmpty)
    }

    @Test("a group that nobody knows is reported with those that there are")
    func unknownGroup() throws {
        let found = complaints(inService: "sandbox.system_call_filter = [\"@mounts\"]")
        #expect(found.count == 1)
        #expect(found.first?.contains("\"@mounts\" is no group of system calls; known are @aio, @basic-io, ") == true)
    }
}
