import Reactor
import Supervision
import Testing

@testable import Cadre

@Suite("A stored descriptor") struct StoredDescriptorTests {
    @Test("is known again by its name in the store", arguments: [true, false])
    func recall(dropsHungUp: Bool) throws {
        let descriptor = Shared(try Descriptor.open("/dev/null"))
        let worker = WorkerID(service: "web", number: 7)
        let item = StoredDescriptor(
            name: "a.b-c d", worker: worker, sequence: 12, dropsHungUp: dropsHungUp, descriptor)
        #expect(item.key == "store.web.7.12\(dropsHungUp ? "" : "-").a.b-c d")
        let found = try #require(StoredDescriptor.recall(item.key, descriptor))
        #expect(found.worker == worker && found.sequence == 12)
        #expect(found.stored.name == "a.b-c d" && found.stored.key == item.key)
        #expect(found.stored.dropsHungUp == dropsHungUp)
    }

    @Test(
        "has no other names", arguments: ["store.web.7.12", "store.web.x.12.a", "store.web.7.x.a", "socket.web.7.12.a"])
    func nothing(key: String) throws {
        #expect(StoredDescriptor.recall(key, Shared(try Descriptor.open("/dev/null"))) == nil)
    }
}
