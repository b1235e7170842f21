import Testing

@testable import Systemd

@Suite("A notification") struct NotificationTests {
    @Test(
        "is read from its line",
        arguments: [
            ("READY=1", [Notification.ready]),
            ("STOPPING=1\nSTATUS=draining 3 requests", [.stopping, .status("draining 3 requests")]),
            ("WATCHDOG=1", [.watchdog]),
            ("WATCHDOG=trigger", [.watchdogTrigger]),
            ("MAINPID=4711\n", [.mainPID(4711)]),
            ("EXTEND_TIMEOUT_USEC=1500000", [.extendTimeout(.milliseconds(1500))]),
            ("STATUS=", [.status("")]),
            ("STATUS=a=b", [.status("a=b")]),
            ("FDSTORE=1", [.storeDescriptors(name: "stored", dropsHungUp: true)]),
            ("FDNAME=a b\nFDSTORE=1\nFDPOLL=0", [.storeDescriptors(name: "a b", dropsHungUp: false)]),
            ("FDSTORE=1\nFDNAME=a:b", [.storeDescriptors(name: "stored", dropsHungUp: true)]),
            ("FDSTOREREMOVE=1\nFDNAME=a", [.removeDescriptors(name: "a")]),
        ])
    func known(text: String, expected: [Notification]) {
        #expect(Notification.parse(text.utf8) == expected)
    }

    @Test(
        "that is unknown or malformed is passed over, and the rest counts",
        arguments: [
            "READY=0", "READY", "=1", "", "\n\n", "MAINPID=0", "MAINPID=-4", "MAINPID=x", "MAINPID=99999999999",
            "EXTEND_TIMEOUT_USEC=-1", "EXTEND_TIMEOUT_USEC=soon", "WATCHDOG=2", "FDSTORE=0", "FDSTOREREMOVE=1",
            "FDNAME=a", "FDPOLL=0", "BARRIER=1", "ready=1",
        ])
    func unknown(text: String) {
        #expect(Notification.parse("\(text)\nSTOPPING=1".utf8) == [.stopping])
    }

    @Test("of bytes that are no text is tolerated, and a status can't steer a terminal") func strange() {
        #expect(Notification.parse([0xff, 0xfe, 0x3d, 0x31, 0x0a] + Array("READY=1".utf8)) == [.ready])
        #expect(Notification.parse("STATUS=\u{1B}[31mred\u{7F}".utf8) == [.status("?[31mred?")])
    }
}
