import CLinux
import Reactor
import SystemPackage
import Testing

@testable import ControlGroups

@Suite("A cgroup", .enabled(if: Machine.isWritable, "needs a writable cgroup2 mount"))
struct ControlGroupTests {
    @Test("makes, lists, opens and removes children")
    func children() throws {
        let sandbox = try Sandbox()
        _ = try sandbox.group.makeChild("web")
        _ = try sandbox.group.makeChild("a b")
        #expect(try sandbox.group.children().sorted() == ["a b", "web"])
        #expect(try sandbox.group.children().sorted() == ["a b", "web"])
        let web = try sandbox.group.openChild("web")
        #expect(web.path == sandbox.group.path + "/web")
        #expect(try web.identifier() != sandbox.group.identifier())
        try sandbox.group.removeChild("web")
        #expect(try sandbox.group.children() == ["a b"])
        expectErrno(.fileExists) { _ = try sandbox.group.makeChild("a b") }
        expectErrno(.noSuchFileOrDirectory) { _ = try sandbox.group.openChild("web") }
    }

    @Test("lists more children than one read of the directory holds")
    func manyChildren() throws {
        let sandbox = try Sandbox()
        let names = (0..<300).map { "worker-with-a-long-name@\($0)" }
        for name in names { _ = try sandbox.group.makeChild(name) }
        #expect(Set(try sandbox.group.children()) == Set(names))
    }

    @Test("is not left by a child's name", arguments: ["", ".", "..", "../x", "a/b", "/"])
    func names(name: String) throws {
        let sandbox = try Sandbox()
        expectErrno(.invalidArgument) { _ = try sandbox.group.makeChild(name) }
        expectErrno(.invalidArgument) { try sandbox.group.removeChild(name) }
        expectErrno(.invalidArgument) { try sandbox.group.removeTree(childNamed: name) }
    }

    @Test("is removed with all that is nested in it, however deep")
    func removeTree() throws {
        let sandbox = try Sandbox()
        var deepest = try sandbox.group.makeChild("web")
        for _ in 0..<40 {
            _ = try deepest.makeChild("side")
            deepest = try deepest.makeChild("deeper")
        }
        try sandbox.group.removeTree(childNamed: "web")
        #expect(try sandbox.group.children().isEmpty)
        try sandbox.group.removeTree(childNamed: "web")
    }

    @Test("with processes is not removed")
    func busy() throws {
        let sandbox = try Sandbox()
        let web = try sandbox.group.makeChild("web")
        let sleeper = try Sleeper(in: web)
        expectErrno(.resourceBusy) { try sandbox.group.removeTree(childNamed: "web") }
        #expect(try web.processes() == [sleeper.process])
    }

    @Test("is killed whole, with what is nested")
    func kill() throws {
        let sandbox = try Sandbox()
        let nested = try sandbox.group.makeChild("nested")
        let outer = try Sleeper(in: sandbox.group)
        let inner = try Sleeper(in: nested)
        #expect(try sandbox.group.isPopulated())
        #expect(try sandbox.group.processes() == [outer.process])
        #expect(Set(try sandbox.group.processes(recursive: true)) == [outer.process, inner.process])
        try sandbox.group.kill()
        #expect(try outer.wait() == SIGKILL)
        #expect(try inner.wait() == SIGKILL)
        #expect(try sandbox.group.waitUntilEmpty(within: .seconds(60)))
        #expect(try !sandbox.group.isPopulated())
    }

    @Test("that cannot be killed says so")
    func killUnsupported() throws {
        // The root of the hierarchy has no cgroup.kill.
        let sandbox = try Sandbox()
        #expect(throws: ControlGroupError.killUnsupported(path: sandbox.parent.path)) { try sandbox.parent.kill() }
    }

    @Test("passes a signal to every process in it and below, and to no other")
    func signalAll() throws {
        let sandbox = try Sandbox()
        let target = try sandbox.group.makeChild("target")
        let nested = try target.makeChild("nested")
        let bystander = try Sleeper(in: sandbox.group)
        let outer = try Sleeper(in: target)
        let inner = try Sleeper(in: nested)
        #expect(try target.signalAll(SIGTERM) == 2)
        #expect(try outer.wait() == SIGTERM)
        #expect(try inner.wait() == SIGTERM)
        #expect(try target.signalAll(SIGTERM) == 0)
        #expect(try sandbox.group.processes() == [bystander.process])
    }

    @Test("keeps attributes")
    func attributes() throws {
        let sandbox = try Sandbox()
        #expect(try sandbox.group.attribute("leader") == nil)
        try sandbox.group.setAttribute("leader", "4121 8823")
        #expect(try sandbox.group.attribute("leader") == "4121 8823")
        try sandbox.group.setAttribute("leader", "")
        #expect(try sandbox.group.attribute("leader")?.isEmpty == true)
        #expect(try !sandbox.group.isMarkedDelegated())
    }

    @Test("is locked by one supervisor only")
    func lock() throws {
        let sandbox = try Sandbox()
        do {
            let first = try ControlGroup.open(sandbox.group.path)
            try first.lock()
            #expect(throws: ControlGroupError.locked(path: sandbox.group.path)) { try sandbox.group.lock() }
            _ = consume first
        }
        try sandbox.group.lock()
    }

    @Test("tells when time runs out before it is empty")
    func waitUntilEmpty() throws {
        let sandbox = try Sandbox()
        let sleeper = try Sleeper(in: sandbox.group)
        #expect(try !sandbox.group.waitUntilEmpty(within: .zero))
        #expect(try sandbox.group.processes() == [sleeper.process])
    }

    @Test("has statistics without any controller, and none once it is gone")
    func statistics() throws {
        let sandbox = try Sandbox()
        let web = try sandbox.group.makeChild("web")
        let statistics = try web.statistics()
        #expect(statistics.cpu.usageMicroseconds == 0)
        #expect(try web.cpuStatistics().usageMicroseconds == 0)
        if try web.controllers().isEmpty {
            #expect(statistics.memory == nil)
            #expect(statistics.memoryEvents == nil)
            #expect(statistics.tasks == nil)
            #expect(statistics.io == nil)
        }
        try sandbox.group.removeChild("web")
        expectErrno(.noSuchFileOrDirectory) { _ = try web.statistics() }
    }

    @Test("reports through inotify when it becomes empty")
    func inotify() throws {
        let sandbox = try Sandbox()
        let web = try sandbox.group.makeChild("web")
        let inotify = try Inotify()
        let watch = try inotify.add("cgroup.events", in: web.directory)
        let sleeper = try Sleeper(in: web)
        try web.kill()
        #expect(try sleeper.wait() == SIGKILL)
        var seen: Set<Inotify.Event> = []
        while try web.isPopulated() || seen.isEmpty {
            var request = pollfd(fd: inotify.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            try systemCall("poll") { poll(&request, 1, 60_000) }
            #expect(request.revents != 0)
            try inotify.drain { seen.insert($0) }
        }
        #expect(seen == [.changed(watch: watch, mask: UInt32(IN_MODIFY))])
        try sandbox.group.removeChild("web")
        seen = []
        // Whether the kernel ends the watch by itself or we do, it is reported once.
        try? inotify.remove(watch)
        try inotify.drain { seen.insert($0) }
        #expect(seen.contains(.removed(watch: watch)))
    }

    private func expectErrno(_ errno: Errno, _ body: () throws -> Void) {
        let error = #expect(throws: SystemCallError.self) { try body() }
        #expect(error?.errno == errno)
    }
}
