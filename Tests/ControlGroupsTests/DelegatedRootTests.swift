import CLinux
import Reactor
import SystemPackage
import Testing

@testable import ControlGroups

/// These move the whole test process from cgroup to cgroup, hence one after the other.
@Suite("The delegated root", .serialized, .enabled(if: Machine.isWritable, "needs a writable cgroup2 mount"))
struct DelegatedRootTests {
    @Test("is locked, holds us in a leaf, and makes services")
    func takeOver() throws {
        let sandbox = try Sandbox()
        let home = try ControlGroup.open(try CgroupMount.ownCgroup())
        let path = sandbox.group.path
        do {
            let root = try DelegatedRoot.takeOver(path)
            #expect(try CgroupMount.ownCgroup() == path + "/supervisor")
            #expect(throws: ControlGroupError.locked(path: path)) { try DelegatedRoot.takeOver(path) }
            #expect(try root.leftovers().isEmpty)
            let service = try root.serviceGroup("web")
            #expect(service.path == path + "/web")
            #expect(try root.serviceGroup("web").identifier() == service.identifier())
            #expect(throws: ControlGroupError.self) { try root.serviceGroup("supervisor") }
            #expect(try service.enabledControllers() == root.available)
            let worker = try service.makeChild("0@1")
            let sleeper = try Sleeper(in: worker)
            #expect(try root.leftovers() == ["web"])
            try root.clear("web", within: .seconds(60))
            #expect(try sleeper.wait() == SIGKILL)
            #expect(try root.leftovers().isEmpty)
            try root.clear("web", within: .seconds(60))
            try root.tearDown()
        }
        // A supervisor that comes back finds its leaf.
        let again = try DelegatedRoot.takeOver(path)
        #expect(again.group.path == path)
        try home.moveSelf()
    }

    @Test("that was made is gone after tear-down, and we are back")
    func make() throws {
        let sandbox = try Sandbox()
        let home = try ControlGroup.open(try CgroupMount.ownCgroup())
        let path = sandbox.group.path
        try sandbox.group.moveSelf()
        let root = try DelegatedRoot.make(in: path)
        #expect(root.group.path == "\(path)/cadre-\(getpid())")
        #expect(try CgroupMount.ownCgroup() == root.group.path + "/supervisor")
        #expect(try sandbox.group.processes().isEmpty)
        try root.tearDown()
        #expect(try CgroupMount.ownCgroup() == path)
        #expect(try sandbox.group.children().isEmpty)
        try home.moveSelf()
    }

    @Test("is a cgroup and nothing else")
    func notACgroup() {
        #expect(throws: ControlGroupError.notACgroup(path: "/proc")) { try DelegatedRoot.takeOver("/proc") }
    }

    @Test("gives what facts there are about this process")
    func gather() throws {
        let facts = try RootFacts.gather(explicit: Machine.writableRoot)
        #expect(facts.explicit?.writeError == nil)
        #expect(try facts.own.get().path == CgroupMount.ownCgroup())
        #expect(facts.chooseRoot() == .delegated(Machine.writableRoot ?? ""))
    }
}
