import Testing

@testable import Cadre

@Suite("What /proc says") struct InspectionTests {
    @Test("of sockets is their addresses") func sockets() {
        var table = SocketTable()
        table.add(
            "tcp",
            """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
               1: 0100007F:1F90 0A01A8C0:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1

            """)
        table.add(
            "tcp6",
            """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
               1: B80D0120000000000000000001000000:0050 0000000000000000FFFF00000100007F:C351 01 00000000:00000000 00:00000000 00000000     0        0 4714 1 0 100 0 0 10 0

            """)
        table.add(
            "udp",
            """
               sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              100: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4715 2 0 0

            """)
        table.addUnix(
            """
            Num       RefCount Protocol Flags    Type St Inode Path
            0000000000000000: 00000002 00000000 00010000 0001 01 4716 /run/my app.sock
            0000000000000000: 00000003 00000000 00000000 0001 03 4717

            """)
        #expect(table["socket:[4711]"] == "tcp 127.0.0.1:8080 listening")
        #expect(table["socket:[4712]"] == "tcp 127.0.0.1:8080 -> 192.168.1.10:50000")
        #expect(table["socket:[4713]"] == "tcp [::]:80 listening")
        #expect(table["socket:[4714]"] == "tcp [2001:db8::1]:80 -> [::ffff:127.0.0.1]:50001")
        #expect(table["socket:[4715]"] == "udp 0.0.0.0:53")
        #expect(table["socket:[4716]"] == "unix /run/my app.sock listening")
        #expect(table["socket:[4717]"] == "unix without a name")
        #expect(table["socket:[4718]"] == nil)
        #expect(table["pipe:[4711]"] == nil)
    }

    @Test("of resource limits comes apart by columns") func resourceLimits() {
        let limits = LeaderInspection.ResourceLimit.parse(
            """
            Limit                     Soft Limit           Hard Limit           Units     \n\
            Max cpu time              unlimited            unlimited            seconds   \n\
            Max open files            1024                 1048576              files     \n\
            Max nice priority         0                    0                    \n
            """)
        #expect(LeaderInspection.ResourceLimit.parse("Units  Hard Limit  Soft Limit\nMax x  1  2").isEmpty)
        #expect(limits.count == 3)
        #expect(
            limits[1]
                == LeaderInspection.ResourceLimit(name: "Max open files", soft: "1024", hard: "1048576", unit: "files"))
        #expect(limits[2].name == "Max nice priority")
        #expect(limits[2].unit == nil)
    }

    @Test("of a process is its name with spaces, its state and its effective user") func status() {
        let status = ProcessStatus(
            parsing: """
                Name:\tmy worker
                State:\tS (sleeping)
                PPid:\t7
                Uid:\t1000\t1001\t1002\t1003
                Gid:\t100\t101\t102\t103
                Groups:\t5 6 \nVmRSS:\t    2048 kB
                Threads:\t3

                """)
        #expect(status.name == "my worker")
        #expect(status.state == "S (sleeping)")
        #expect(status.parent == 7)
        #expect(status.user == 1001)
        #expect(status.group == 101)
        #expect(status.groups == [5, 6])
        #expect(status.residentBytes == 2 << 20)
        #expect(status.threads == 3)
    }

    @Test("of a zombie is that it holds no memory") func zombie() {
        let status = ProcessStatus(parsing: "Name:\tsh\nState:\tZ (zombie)\n")
        #expect(status.residentBytes == 0)
        #expect(status.user == nil)
    }

    @Test(
        "of secrets stays there",
        arguments: [
            "API_TOKEN", "db_password", "MYSQL_PASSWD", "AWS_SECRET_ACCESS", "SshKey", "GOOGLE_CREDENTIALS",
            "PGPASS", "basic_auth", "SENTRY_DSN",
        ])
    func secrets(_ name: String) throws {
        let variable = try #require(LeaderInspection.Variable(line: "\(name)=value"))
        #expect(variable.name == name)
        #expect(variable.value == nil)
    }

    @Test("of other variables is all behind the first equals sign") func variables() {
        #expect(LeaderInspection.Variable(line: "A=b=c")?.value == "b=c")
        #expect(LeaderInspection.Variable(line: "A=")?.value == "")
        #expect(LeaderInspection.Variable(line: "DATABASE=postgresql://web:x@db/web")?.value == .some(nil))
        #expect(LeaderInspection.Variable(line: "SITE=https://example.org/@web")?.value == "https://example.org/@web")
        #expect(LeaderInspection.Variable(line: "PWD=/srv")?.value == "/srv")
        #expect(LeaderInspection.Variable(line: "nonsense") == nil)
    }

    @Test("in strings that end with zero is taken apart, without one that is cut") func strings() {
        #expect(ProcessDirectory.strings(in: Array("a\0\0b\0".utf8)) == ["a", "", "b"])
        #expect(ProcessDirectory.strings(in: Array("a\0cu".utf8)) == ["a"])
        #expect(ProcessDirectory.strings(in: []) == [])
    }
}
