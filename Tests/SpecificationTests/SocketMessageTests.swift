import Specification
import Testing

/// What a socket, a port or a service on demand can't be is an error at its line.
@Suite struct SocketMessageTests {
    @Test(
        "a contradiction in a socket is reported at its line",
        arguments: [
            ("name = 'a'", "3: service.web.socket[0]: the socket has no address"),
            (
                "listen = ':1'\nfrom_systemd = 'a'",
                "5: service.web.socket[0].from_systemd: the socket has an address of its own"
            ),
            (
                "from_systemd = 'a'\nbacklog = 9",
                "5: service.web.socket[0].backlog: systemd makes the socket, so backlog belongs in the .socket unit"
            ),
            (
                "listen = ':1'\nmode = '0660'",
                "5: service.web.socket[0].mode: only the file of a unix socket has a mode"
            ),
            (
                "listen = 'unix:@a'\ngroup = 'adm'",
                "5: service.web.socket[0].group: an abstract socket is no file and has no group"
            ),
            (
                "listen = 'unix:/a'\nreuse_port = true",
                "5: service.web.socket[0].reuse_port: a unix socket has no reuse_port"
            ),
            (
                "listen = 'unix:/a'\ndefer_accept = '5s'",
                "5: service.web.socket[0].defer_accept: a unix socket has no defer_accept"
            ),
            (
                "listen = ':1'\ntype = 'seqpacket'",
                "5: service.web.socket[0].type: only unix sockets can be \"seqpacket\""
            ),
            (
                "listen = ':1'\ntype = 'datagram'\nbacklog = 9",
                "6: service.web.socket[0].backlog: a datagram socket has no connections that could wait"
            ),
            (
                "listen = ':1'\ntype = 'datagram'\ndefer_accept = true",
                "6: service.web.socket[0].defer_accept: UDP has no connections to defer"
            ),
            ("listen = ':1'\ntype = 'udp'", "5: service.web.socket[0].type: \"udp\" is unknown; write \"stream\""),
            ("listen = 'unix:/a'\nmode = 660", "5: service.web.socket[0].mode: 660 is an integer, not a string"),
            (
                "listen = 'unix:/a'\nmode = '0888'",
                "5: service.web.socket[0].mode: \"0888\" are no permissions in octal"
            ),
            (
                "listen = 'unix:/a'\nmode = '4777'",
                "5: service.web.socket[0].mode: \"4777\" are no permissions in octal"
            ),
            ("listen = ':1'\nstdin = 'yes'", "5: service.web.socket[0].stdin: \"yes\" is a string, not a boolean"),
            (
                "listen = ':1'\ndefer_accept = '10ms'",
                "5: service.web.socket[0].defer_accept: the kernel counts whole seconds here"
            ),
            (
                "listen = ':1'\nstdin = true\n[[service.web.socket]]\nname = 'b'\nlisten = ':2'\nstdin = true",
                "9: service.web.socket[1].stdin: service.web.socket[0].stdin is descriptor 0 already"
            ),
        ])
    func sockets(lines: String, complaint: String) {
        let found = complaints(inService: "[[service.web.socket]]\n\(lines)")
        #expect(found.count == 1 && found.first?.hasPrefix("cadre.toml:\(complaint)") == true, "\(found)")
    }

    @Test("what is switched off is no contradiction, and TCP and UDP may have the same port")
    func harmless() throws {
        let sockets = try service(
            withLines: """
                socket = [
                    { name = "a", listen = "unix:/a", reuse_port = false, free_bind = false, defer_accept = false },
                    { name = "b", listen = ":53" }, { name = "c", listen = ":53", type = "datagram" },
                    { name = "d", listen = "unix:@a", type = "seqpacket" },
                ]
                """
        ).sockets
        #expect(sockets.map(\.kind) == [.stream, .stream, .datagram, .seqpacket])
    }

    @Test(
        "ports that can't be are reported",
        arguments: [
            (
                "workers = 3\nport.start = 65534",
                "4: service.web.port: the last of 3 workers would have port 65536; begin at 65533 or below"
            ),
            ("port.start = 0", "3: service.web.port.start: 0 is out of range"),
            ("[service.web.port]", "3: service.web.port: the ports have no beginning; add a line such as start = 8000"),
            ("directory = '/{port}'", "3: service.web.directory: the workers have no ports; add [service.NAME.port]"),
        ])
    func ports(lines: String, complaint: String) {
        let found = complaints(inService: lines)
        #expect(found.count == 1 && found.first?.hasPrefix("cadre.toml:\(complaint)") == true, "\(found)")
    }

    @Test("ports of two services must not overlap")
    func overlap() {
        func table(_ name: String, _ start: Int) -> String {
            "[service.\(name)]\ncommand = ['a', '{port}']\nworkers = 4\nport.start = \(start)\n"
        }
        #expect(complaints(table("a", 8000) + table("b", 8004)).isEmpty)
        #expect(
            complaints(table("a", 8000) + table("b", 8003)) == [
                "cadre.toml:8: service.b.port: the ports 8003 to 8006 overlap those that begin at service.a.port; "
                    + "choose another one"
            ])
    }

    @Test(
        "a service on demand needs somebody who can connect",
        arguments: [
            ("on_demand = true", "3: service.web.on_demand: there is no socket that somebody could connect to"),
            ("idle_timeout = 5", "3: service.web.idle_timeout: only a service on demand is stopped when idle"),
            (
                "on_demand = true\ntype = 'oneshot'\nrestart.policy = 'never'\nsocket = [{ listen = ':1' }]",
                "3: service.web.on_demand: a oneshot is over when it is done"
            ),
            (
                "on_demand = true\nsocket = [{ listen = ':1', reuse_port = true }]",
                "3: service.web.on_demand: a service on demand has its sockets in common"
            ),
        ])
    func demand(lines: String, complaint: String) {
        let found = complaints(inService: lines)
        #expect(found.count == 1 && found.first?.hasPrefix("cadre.toml:\(complaint)") == true, "\(found)")
    }
}
