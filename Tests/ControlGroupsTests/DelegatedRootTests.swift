import CLinux
import Reactor
import SystemPackage
import Testing

@testable import ControlGroups

/// What moves the whole process from cgroup to cgroup does so in a process of its own, away from the other tests.
@Suite("The delegated root", .enabled(if: Machine.isWritable, "needs a writable cgroup2 mount"))
struct DelegatedRootTests {
    @Test("is locked, holds us in a leaf, and makes services")
    func takeOver() async {
        await #expect(processExitsWith: .success) {
            let sandbox = try Sandbox()
            let path = sandbox.group.path
            do {
                let root = try DelegatedRoot.takeOver(path)
                #expect(try CgroupMount.ownCgroup() == path + "/supervisor")
                #expect(throws: ControlGroupError.locked(path: path)) { _ = try DelegatedRoot.takeOver(path) }
                #expect(try root.leftovers().isEmpty)
                let service = try root.serviceGroup("web")
                #expect(service.path == path + "/web")
                #expect(try root.serviceGroup("web").identifier() == service.identifier())
                #expect(throws: ControlGroupError.self) { _ = try root.serviceGroup("supervisor") }
                #expect(try service.enabledControllers() == root.available)
                let worker = try service.makeChild("0@1")
                let sleeper = try Sleeper(in: worker)
                #expect(try root.leftovers() == ["web"])
                try root.group.clear("web", within: .seconds(60))
                #expect(try sleeper.wait() == SIGKILL)
                #expect(try root.leftovers().isEmpty)
                try root.group.clear("web", within: .seconds(60))
                try root.tearDown()
            }
            // A supervisor that comes back finds its leaf.
            let again = try DelegatedRoot.takeOver(path)
            #expect(again.group.path == path)
        }
    }

    @Test("that was made is gone after tear-down, and we are back")
    func make() async {
        await #expect(processExitsWith: .success) {
            let sandbox = try Sandbox()
            let path = sandbox.group.path
            try sandbox.group.moveSelf()
            let root = try DelegatedRoot.make(in: path)
            #expect(root.group.path == "\(path)/cadre-\(getpid())")
            #expect(try CgroupMount.ownCgroup() == root.group.path + "/supervisor")
            #expect(try sandbox.group.processes().isEmpty)
            try root.tearDown()
            #expect(try CgroupMount.ownCgroup() == path)
            #expect(try sandbox.group.children().isEmpty)
        }
    }

    @Test("is a cgroup and nothing else")
    func notACgroup() {
        #expect(throws: ControlGroupError.notACgroup(path: "/proc")) { _ = try DelegatedRoot.takeOver("/proc") }
    }

    @Test("gives what facts there are about this process")
    func gather() throws {
        let facts = try RootFacts.gather(explicit: Machine.writableRoot)
        #expect(facts.explicit?.writeError == nil)
        #expect(try facts.own.get().path == CgroupMount.ownCgroup())
        #expect(facts.chooseRoot() == .delegated(Machine.writableRoot ?? ""))
    }
}
