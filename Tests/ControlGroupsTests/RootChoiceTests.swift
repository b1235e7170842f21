import ControlGroups
import SystemPackage
import Testing

@Suite("The choice of the delegated root")
struct RootChoiceTests {
    typealias Candidate = RootFacts.Candidate

    static let unit = "/sys/fs/cgroup/system.slice/cadre.service"

    static let table: [(facts: RootFacts, choice: RootChoice)] = [
        // What the user named.
        (
            RootFacts(explicit: Candidate(path: "/cg/x"), own: .failure(.notMounted), isSystemdRunning: true),
            .delegated("/cg/x")
        ),
        (
            RootFacts(
                explicit: Candidate(path: "/cg/x", writeError: .readOnlyFileSystem),
                own: .success(Candidate(path: unit, isDelegated: true)), isSystemdRunning: true),
            .impossible(.readOnly(path: "/cg/x"))
        ),
        (
            RootFacts(
                explicit: Candidate(path: "/cg/x", writeError: .permissionDenied),
                own: .success(Candidate(path: unit, isDelegated: true)), isSystemdRunning: true),
            .impossible(.notPermitted(path: "/cg/x"))
        ),
        // A unit with Delegate=yes.
        (
            RootFacts(own: .success(Candidate(path: unit, isDelegated: true)), isSystemdRunning: true),
            .delegated(unit)
        ),
        // DelegateSubgroup=, or a supervisor that the keeper started again.
        (
            RootFacts(
                own: .success(Candidate(path: "\(unit)/supervisor")), parent: Candidate(path: unit, isDelegated: true),
                isSystemdRunning: true), .delegated(unit)
        ),
        // The user manager's own leaf is not ours.
        (
            RootFacts(
                own: .success(Candidate(path: "/cg/user@1000.service/init.scope")),
                parent: Candidate(path: "/cg/user@1000.service", isDelegated: true), isSystemdRunning: true),
            .askSystemdForScope
        ),
        // Delegated, but to another user.
        (
            RootFacts(
                own: .success(Candidate(path: unit, isDelegated: true, writeError: .permissionDenied)),
                isSystemdRunning: true), .askSystemdForScope
        ),
        // A login shell.
        (
            RootFacts(own: .success(Candidate(path: "/cg/session-3.scope")), isSystemdRunning: true),
            .askSystemdForScope
        ),
        // A container.
        (
            RootFacts(own: .success(Candidate(path: "/sys/fs/cgroup")), isSystemdRunning: false),
            .makeSubgroup(of: "/sys/fs/cgroup")
        ),
        (
            RootFacts(
                own: .success(Candidate(path: "/sys/fs/cgroup", writeError: .readOnlyFileSystem)),
                isSystemdRunning: false), .impossible(.readOnly(path: "/sys/fs/cgroup"))
        ),
        (
            RootFacts(
                own: .success(Candidate(path: "/sys/fs/cgroup", writeError: .permissionDenied)),
                isSystemdRunning: false), .impossible(.notPermitted(path: "/sys/fs/cgroup"))
        ),
        // No cgroup to be seen.
        (RootFacts(own: .failure(.notMounted), isSystemdRunning: false), .impossible(.notMounted)),
        (
            RootFacts(own: .failure(.outsideOfMount(cgroup: "/../x")), isSystemdRunning: true),
            .impossible(.outsideOfMount(cgroup: "/../x"))
        ),
    ]

    @Test("follows the table", arguments: table.indices)
    func choose(row: Int) {
        #expect(Self.table[row].facts.chooseRoot() == Self.table[row].choice)
    }
}
