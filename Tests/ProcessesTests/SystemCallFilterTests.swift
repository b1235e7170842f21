import Testing

@testable import Processes

@Suite struct SystemCallFilterTests {
    @Test("the first entry decides whether it is a list of what is allowed or of what isn't") func lists() {
        let allowed = SystemCallFilter(["@basic-io", "ptrace"])
        #expect(allowed.isAllowed("read") && allowed.isAllowed("ptrace") && allowed.isAllowed("execve"))
        #expect(!allowed.isAllowed("mount") && !allowed.isAllowed("socket"))
        let forbidden = SystemCallFilter(["~@mount", "ptrace"])
        #expect(!forbidden.isAllowed("mount") && !forbidden.isAllowed("umount2") && forbidden.isAllowed("socket"))
        // Without a tilde it is taken out again.
        #expect(forbidden.isAllowed("ptrace") && !SystemCallFilter(["~@mount", "~ptrace"]).isAllowed("ptrace"))
    }

    @Test("a later entry takes away from what is allowed, or gives back what isn't") func order() {
        #expect(!SystemCallFilter(["@system-service", "~socket"]).isAllowed("socket"))
        #expect(SystemCallFilter(["@system-service", "~socket", "socket"]).isAllowed("socket"))
        #expect(SystemCallFilter(["~@mount", "mount"]).isAllowed("mount"))
    }

    @Test("groups have what is in the groups in them") func nested() {
        let filter = SystemCallFilter(["@system-service"])
        #expect(filter.isAllowed("openat") && filter.isAllowed("accept4") && filter.isAllowed("epoll_wait"))
        for members in SystemCallGroups.members.values {
            for member in members where member.hasPrefix("@") {
                #expect(SystemCallGroups.members[member] != nil, "\(member)")
            }
        }
    }

    @Test(
        "every call that a group has is one that libseccomp or its successors know",
        .enabled(if: SystemCallFilter.isAvailable, "needs libseccomp"))
    func names() {
        // Names that are younger than the library that Debian 12 has.
        let young: Set<String> = ["futex_waitv", "riscv_hwprobe", "uretprobe"]
        let calls = Set(SystemCallGroups.members.values.joined()).filter { !$0.hasPrefix("@") }
        let unknown = calls.filter { SystemCallFilter.problem(in: $0) != nil }
        #expect(unknown.count < 40, "\(unknown.sorted())")
        #expect(SystemCallFilter.problem(in: "read") == nil && SystemCallFilter.problem(in: "raed") != nil)
        #expect(!calls.isDisjoint(with: young))
    }

    @Test("a filter is compiled for the kernel", .enabled(if: SystemCallFilter.isAvailable, "needs libseccomp"))
    func compiled() throws {
        let program = try SystemCallFilter(["@system-service"], errorNumber: 1).compile()
        #expect(program.instructions.count > 100)
    }

    @Test("errors are known by their names") func errors() {
        #expect(SystemCallFilter.errorNumber(named: "EPERM") == 1)
        #expect(SystemCallFilter.errorNumber(named: "EACCES") == 13)
        #expect(SystemCallFilter.errorNumber(named: "eperm") == nil)
    }
}
