extension SocketKey {
    var reference: KeyReference {
        switch self {
        case .name:
            KeyReference(
                .string, example: "\"http\"", like: "FileDescriptorName=",
                "Its name in LISTEN_FDNAMES, unique in the service; by default the service's name.")
        case .listen:
            KeyReference(
                .other("address"), example: "\":8080\"", like: "ListenStream= and the like",
                """
                "host:port", ":port" for every address, "[::1]:port", "unix:/path" or "unix:@name" for one without a file; \
                required, unless there is from_systemd.
                """)
        case .fromSystemd:
            KeyReference(
                .string, example: "\"web\"", like: "FileDescriptorName=",
                """
                The name that it has there: FileDescriptorName= of the .socket unit, which needs Service=cadre.service as \
                well. All of that name are passed.
                """)
        case .type:
            KeyReference(
                .choice(SocketSpecification.Kind.self), example: "\"stream\"",
                like: "ListenStream=, ListenDatagram=, ListenSequentialPacket=",
                "\"stream\" (TCP, or unix), \"datagram\" (UDP, or unix), or \"seqpacket\" (unix); \"stream\" if it is not set."
            )
        case .backlog:
            KeyReference(
                .integer(1...65_535), example: "4096", like: "Backlog=",
                """
                How many connections may wait to be accepted, 4096 if it is not set; the kernel caps it at \
                net.core.somaxconn.
                """)
        case .reusePort:
            KeyReference(
                .boolean, example: "false", like: "ReusePort=",
                """
                Gives each worker a TCP or UDP socket of its own, between which the kernel distributes (SO_REUSEPORT). A \
                worker's successor gets the same socket, with what is queued there. When a worker goes for good, its socket \
                does: set the sysctl net.ipv4.tcp_migrate_req = 1, and the kernel gives what is queued there to the other \
                workers.
                """)
        case .mode:
            KeyReference(
                .other("string of octal digits"), example: "\"0660\"", like: "SocketMode=",
                """
                The permissions; by default what the supervisor's umask leaves of 0777, 0755 mostly. To connect is to write.
                """)
        case .user:
            KeyReference(
                .account, example: "\"www-data\"", like: "SocketUser=", "The owner; by default the supervisor's.")
        case .group:
            KeyReference(
                .account, example: "\"www-data\"", like: "SocketGroup=", "The group; by default the supervisor's.")
        case .freeBind:
            KeyReference(
                .boolean, example: "false", like: "FreeBind=",
                "Listens even if no interface has the address yet (IP_FREEBIND).")
        case .deferAccept:
            KeyReference(
                .other("duration, or true or false"), example: "false", like: "DeferAcceptSec=",
                """
                Hands out a TCP connection only when it has data, or after this time in seconds (TCP_DEFER_ACCEPT); true is \
                "30s".
                """)
        case .nonBlocking:
            KeyReference(
                .boolean, example: "false", like: "NonBlocking=",
                """
                Passes it with O_NONBLOCK, for a server that waits for connections and doesn't set that itself, such as nginx: \
                where workers share a socket, another one may take the connection, and accept(2) would wait for the next. \
                Switched off, it holds until the socket is opened anew.
                """)
        case .stdin:
            KeyReference(
                .boolean, example: "false", like: "StandardInput=socket",
                """
                Makes it the worker's descriptor 0, as inetd did, in place of one that LISTEN_FDS counts; for one socket at \
                most.
                """)
        }
    }
}

extension PortKey {
    var reference: KeyReference {
        switch self {
        case .start:
            KeyReference(
                required: .integer(1...65_535), example: "8000",
                """
                That of worker 0; worker 1 has the next one, and so on. {port} stands for it, and CADRE_PORT in the \
                environment. A worker and its successor have the same: while both run, the program needs SO_REUSEPORT to share \
                it.
                """)
        }
    }
}
