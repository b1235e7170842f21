import Testing

@testable import ControlAPI

@Suite struct PeerOriginTests {
    @Test(
        "a process is a worker's by its cgroup, wherever below it is, and even if that is removed",
        arguments: [
            ("0::/cadre.slice/cadre.service/web/0@17\n", PeerOrigin.worker(service: "web", name: "0@17")),
            ("1:name=systemd:/x\n0::/cadre.slice/cadre.service/web/0@17/a/b\n", .worker(service: "web", name: "0@17")),
            ("0::/cadre.slice/cadre.service/web/0@17 (deleted)\n", .worker(service: "web", name: "0@17 (deleted)")),
            ("0::/cadre.slice/cadre.service/web\n", .worker(service: "web", name: "")),
            ("0::/cadre.slice/cadre.service/supervisor\n", .outside),
            ("0::/cadre.slice/cadre.service/keeper\n", .outside),
            ("0::/cadre.slice/cadre.service/.control\n", .outside), ("0::/cadre.slice/cadre.service\n", .outside),
            ("0::/cadre.slice/cadre.service2/web/0@1\n", .outside), ("0::/user.slice/session-1.scope\n", .outside),
            ("0::/../elsewhere\n", .outside), ("0::/\n", .outside), ("1:name=systemd:/x\n", .unknown), ("", .unknown),
        ])
    func origin(text: String, origin: PeerOrigin) {
        #expect(PeerOrigin(processCgroup: text, root: "/cadre.slice/cadre.service") == origin)
    }

    @Test("in a container the delegated root may be the root of what is seen")
    func container() {
        #expect(PeerOrigin(processCgroup: "0::/web/0@1\n", root: "") == .worker(service: "web", name: "0@1"))
        #expect(PeerOrigin(processCgroup: "0::/\n", root: "") == .outside)
    }
}
