extension SandboxKey {
    var reference: KeyReference {
        switch self {
        case .privateTmp:
            KeyReference(
                .boolean, example: "true", like: "PrivateTmp=",
                """
                Whether /tmp and /var/tmp are each worker's own: empty at its start, gone at its end, and counted as its memory.
                """)
        case .protectSystem:
            KeyReference(
                .other("false, true, \"full\" or \"strict\""), example: "\"strict\"", like: "ProtectSystem=",
                """
                Which directories can't be written to: true is /usr, /boot and /efi; "full" is /etc as well; "strict" is \
                everything but /dev, /proc, /sys and what read_write_paths has.
                """)
        case .protectHome:
            KeyReference(
                .other("false, true, \"read-only\" or \"tmpfs\""), example: "true", like: "ProtectHome=",
                """
                What becomes of /home, /root and /run/user: with true they can't be seen, "read-only", or empty with "tmpfs".
                """)
        case .readOnlyPaths:
            KeyReference(
                .other("array of absolute paths"), example: "[\"/srv\"]", like: "ReadOnlyPaths=",
                """
                What can't be written to, with what is below; of two paths that lie in one another, here and in the next keys, \
                the inner one has its way. With "-" before it a path may be missing. {service} and {worker} are expanded.
                """)
        case .readWritePaths:
            KeyReference(
                .other("array of absolute paths"), example: "[\"/var/lib/{service}\", \"-/var/cache/{service}\"]",
                like: "ReadWritePaths=", "What can be written to all the same.")
        case .inaccessiblePaths:
            KeyReference(
                .other("array of absolute paths"), example: "[\"-/etc/ssl/private\"]", like: "InaccessiblePaths=",
                "What can't be seen.")
        case .privateDevices:
            KeyReference(
                .boolean, example: "true", like: "PrivateDevices=",
                "Whether /dev has nothing but null, zero, full, random, urandom, tty, terminals and shared memory.")
        case .privateNetwork:
            KeyReference(
                .boolean, example: "true", like: "PrivateNetwork=",
                """
                Whether the network is the worker's own, with nothing but a loopback interface. Sockets that it is passed are \
                still the host's.
                """)
        case .protectControlGroups:
            KeyReference(
                .boolean, example: "true", like: "ProtectControlGroups=",
                "Whether cgroups can't be written to: so a worker of root's can't change its own limits.")
        case .landlock: KeyReference(table: "What Landlock lets the workers do.")
        case .systemCallFilter:
            KeyReference(
                .strings, example: "[\"@system-service\", \"~@resources\"]", like: "SystemCallFilter=",
                """
                The system calls that may be made, and groups of them, as in systemd (`systemd-analyze syscall-filter` lists \
                them). If the first begins with "~", they are those that may not be made; a later "~" takes away from what is \
                allowed. It takes libseccomp2. Programs of another architecture (32-bit ones) can't be run.
                """)
        case .systemCallErrorNumber:
            KeyReference(
                .other("\"kill\", or an error such as \"EPERM\""), example: "\"kill\"", like: "SystemCallErrorNumber=",
                """
                What comes of other calls: "kill" kills the process by SIGSYS, an error fails the call; "kill" if it is not set.
                """)
        case .bestEffort:
            KeyReference(
                .boolean, example: "false",
                """
                Whether a wall that this kernel, or this supervisor's privileges, can't build is left out, with a warning, \
                instead of keeping the workers from starting.
                """)
        }
    }
}

extension LandlockKey {
    var reference: KeyReference {
        switch self {
        case .readOnly:
            KeyReference(
                .other("array of absolute paths"), example: "[\"/etc\", \"/proc\"]",
                "What can be read, with what is below. With \"-\" before it a path may be missing.")
        case .readWrite:
            KeyReference(
                .other("array of absolute paths"), example: "[\"-/var/lib/{service}\", \"/dev/null\"]",
                "What can be read and written.")
        case .execute:
            KeyReference(.other("array of absolute paths"), example: "[\"/usr\"]", "What can be read and executed.")
        case .tcpBind:
            KeyReference(
                .other("array of ports"), example: "[8080]", like: "SocketBindAllow=",
                "The TCP ports that may be bound; Linux 6.7 or later. Sockets that a worker is passed are not concerned."
            )
        case .tcpConnect:
            KeyReference(
                .other("array of ports"), example: "[5432]",
                "The TCP ports that may be connected to; Linux 6.7 or later.")
        case .scoped:
            KeyReference(
                .other("array of \"signal\" and \"abstract_unix_socket\""), example: "[\"signal\"]",
                """
                What doesn't reach beyond the worker's own processes: signals, and connections to unix sockets with abstract \
                names; Linux 6.12 or later. So a worker that runs as the supervisor's user can't signal it.
                """)
        }
    }
}
