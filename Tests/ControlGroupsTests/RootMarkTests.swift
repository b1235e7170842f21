import CLinux
import Reactor
import SystemPackage
import Testing

@testable import ControlGroups

/// What moves the whole process from cgroup to cgroup does so in a process of its own, away from the other tests.
@Suite("The mark of a delegated root", .enabled(if: Machine.isWritable, "needs a writable cgroup2 mount"))
struct RootMarkTests {
    @Test("is found wherever it is, by itself and among all") func found() throws {
        let sandbox = try Sandbox()
        let inner = try sandbox.group.makeChild("a").makeChild("b")
        #expect(try inner.rootMark() == nil)
        let mark = RootMark(supervisor: 17, startTime: 4711, runtimeDirectory: "/run/some where")
        try inner.setRootMark(mark)
        #expect(try inner.rootMark() == mark)
        #expect(RootMark.find(below: sandbox.group.path) == [RootMark.Place(path: inner.path, mark: mark)])
        #expect(RootMark.find(in: sandbox.group.path).isEmpty)
        #expect(RootMark.find(in: sandbox.group.path + "/a").map(\.path) == [inner.path])
        #expect(try RootMark.findAll().filter { $0.path.hasPrefix(sandbox.group.path) }.map(\.mark) == [mark])
        try inner.removeRootMark()
        #expect(try inner.rootMark() == nil)
    }

    @Test("is no one's that another user wrote", .enabled(if: geteuid() == 0, "needs root")) func foreign() throws {
        let sandbox = try Sandbox()
        try sandbox.group.setRootMark(RootMark(supervisor: 17, startTime: 4711, runtimeDirectory: "/run/x"))
        try systemCall("chown") { chown(sandbox.group.path, 12345, 12345) }
        #expect(try sandbox.group.rootMark() == nil)
        #expect(throws: ControlGroupError.notAbandoned(path: sandbox.group.path)) {
            _ = try AbandonedRoot(sandbox.group.path)
        }
    }

    @Test("goes when the root is given back, and stays while something is left in it") func tearDown() async {
        await #expect(processExitsWith: .success) {
            let sandbox = try Sandbox()
            let mark = RootMark(supervisor: getpid(), startTime: 1, runtimeDirectory: "/run/x")
            do {
                let root = try DelegatedRoot.takeOver(sandbox.group.path)
                try root.mark(mark)
                _ = try root.serviceGroup("web")
                try root.tearDown()
                #expect(try sandbox.group.rootMark() == mark)
                try root.group.clear("web", within: .seconds(60))
                try root.tearDown()
                #expect(try sandbox.group.rootMark() == nil)
            }
        }
    }

    @Test("says of a root that was made what was enabled for it") func made() async {
        await #expect(processExitsWith: .success) {
            let sandbox = try Sandbox()
            try sandbox.group.moveSelf()
            let root = try DelegatedRoot.make(in: sandbox.group.path)
            try root.mark(RootMark(supervisor: getpid(), startTime: 1, runtimeDirectory: "/run/x"))
            #expect(try root.group.rootMark()?.enabledAbove == sandbox.group.enabledControllers())
            // A living supervisor holds its root.
            #expect(throws: ControlGroupError.locked(path: root.group.path)) { _ = try AbandonedRoot(root.group.path) }
            try root.tearDown()
        }
    }

    @Test("allows for an abandoned root to be emptied, whatever is in it") func emptied() throws {
        let sandbox = try Sandbox()
        try sandbox.group.setRootMark(RootMark(supervisor: 17, startTime: 4711, runtimeDirectory: "/run/x"))
        let service = try sandbox.group.makeChild("web")
        try service.setSocketPaths(["/run/a.sock", "/run/b.sock"])
        let sleeper = try Sleeper(in: try service.makeChild("0@1"))
        _ = try sandbox.group.makeChild("supervisor")
        let root = try AbandonedRoot(sandbox.group.path)
        #expect(
            try root.children() == [
                AbandonedRoot.Child(name: "supervisor", processes: 0, sockets: []),
                AbandonedRoot.Child(name: "web", processes: 1, sockets: ["/run/a.sock", "/run/b.sock"]),
            ])
        try root.remove(within: .seconds(60))
        #expect(try sleeper.wait() == SIGKILL)
        #expect(try sandbox.group.children().isEmpty)
        #expect(try sandbox.group.rootMark() == nil)
    }

    @Test("allows for one that was made to be removed, with what was enabled for it") func removed() throws {
        let sandbox = try Sandbox()
        let made = try sandbox.group.makeChild("cadre-17")
        var mark = RootMark(supervisor: 17, startTime: 4711, runtimeDirectory: "/run/x")
        let controllers = try sandbox.group.controllers()
        #expect(sandbox.group.enable(controllers).isEmpty)
        mark.enabledAbove = controllers
        try made.setRootMark(mark)
        _ = try made.makeChild("web").makeChild("0@1")
        try AbandonedRoot(made.path).remove(within: .seconds(60))
        #expect(try sandbox.group.children().isEmpty)
        #expect(try sandbox.group.enabledControllers().isEmpty)
    }
}
