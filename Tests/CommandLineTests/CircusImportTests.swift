import Processes
import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("Import of circus.ini") struct CircusImportTests {
    private static let example = """
        [circus]
        check_delay = 5
        endpoint = tcp://127.0.0.1:5555
        umask = 002
        include = more.ini

        [env]
        LANG = C.UTF-8

        [env:web,w*]
        PATH = /srv/venv/bin:$(circus.env.PATH)
        ROLE = $(circus.env.lang) {x}

        [socket:Web]
        host = 0.0.0.0
        port = 8000

        [socket:admin]
        path = /run/admin.sock
        umask = 63
        backlog = 128
        replace = True

        [watcher:web]
        cmd = chaussette --fd $(circus.sockets.web) --admin ((circus.sockets.ADMIN))
        args = app.wsgi --id $(circus.wid) --name 'a b'
        use_sockets = True
        numprocesses = 4
        max_age = 3600
        max_age_variance = 360
        uid = www-data
        gid = www-data
        stop_signal = SIGQUIT
        graceful_timeout = 12.5
        rlimit_nofile = 4096
        rlimit_core =
        stdout_stream.class = FileStream
        stdout_stream.filename = /var/log/web.log
        hooks.before_start = hooks.prepare
        priority = 10

        [watcher:beat]
        cmd = bin/beat --every 1 && true
        shell = True
        working_dir = /srv/beat
        respawn = False
        priority = 10

        [plugin:flapping]
        use = circus.plugins.flapping.Flapping
        """

    @Test("a file as there are many becomes what is meant, and the rest is told") func example() throws {
        let imported = try Imported(
            Self.example, name: "circus.ini",
            files: [
                "/srv/app/more.ini":
                    "[watcher:idle]\ncmd = idle\nautostart = False\nnumprocesses = 2\nuse_sockets = 1\n"
            ])
        #expect(imported.specification.services.map(\.name) == ["beat", "idle", "web"])
        let web = try imported.service("web")
        #expect(
            web.command == [
                "/bin/sh", "-c",
                #"export PATH=/srv/venv/bin:"$PATH"; exec chaussette --fd 3 --admin 4 app.wsgi --id {worker} --name 'a b'"#,
            ])
        #expect(web.environment == ["LANG": "C.UTF-8", "ROLE": "C.UTF-8 {{x}}"])
        #expect(web.workers == .count(4) && web.user == "www-data" && web.group == "www-data")
        #expect(web.policy.maxAge == .seconds(3600) && web.policy.maxAgeJitter == 0.1)
        #expect(web.stopSignal == 3 && web.policy.stopTimeout == .milliseconds(12500))
        #expect(
            web.processLimits == [
                .nofile: .init(soft: 4096, hard: 4096),
                .core: .init(soft: ProcessLimit.Value.infinity, hard: ProcessLimit.Value.infinity),
            ])
        #expect(web.log.destination == .file("/var/log/web.log") && web.fileCreationMask == 0o002)
        #expect(web.sockets.map(\.name) == ["web", "admin"])
        #expect(web.sockets[0].address == .internet(host: "0.0.0.0", port: 8000))
        // As Circus makes them.
        #expect(web.sockets.map(\.isNonBlocking) == [true, true])
        #expect(web.sockets[1].address == .unix(path: "/run/admin.sock"))
        // 63 is 077, as Circus reads a decimal number.
        #expect(web.sockets[1].file.mode == 0o700 && web.sockets[1].backlog == 128)
        #expect(web.policy.rollout.maxSurge == .count(1))

        let beat = try imported.service("beat")
        #expect(beat.command == ["/bin/sh", "-c", "bin/beat --every 1 && true"])
        #expect(beat.policy.restart.condition == .never && beat.policy.stopTimeout == .seconds(30))
        #expect(beat.policy.rollout.maxSurge == .count(0))

        let idle = try imported.service("idle")
        #expect(idle.workers == .count(0) && idle.after == ["beat": .started, "web": .started])
        for key in [
            "circus.check_delay", "circus.endpoint", "watcher:web.hooks.before_start", "watcher:beat.shell",
            "plugin:flapping", "watcher:idle.autostart",
        ] {
            #expect(imported.remarks(about: key).count == 1, "\(key)")
        }
        // A socket is one service's; it was web's before.
        #expect(imported.remarks(about: "watcher:idle.use_sockets").map(\.kind) == [.dropped, .dropped])
    }

    @Test("each key that is documented is carried over or told of") func keys() throws {
        let watcher = [
            ("args", "-x"), ("shell", "what"), ("shell_args", "x"), ("working_dir", "/tmp"), ("uid", "nobody"),
            ("gid", "nogroup"), ("copy_env", "True"), ("copy_path", "True"), ("warmup_delay", "2"),
            ("autostart", "False"),
            ("numprocesses", "3"), ("rlimit_nofile", "10"), ("stderr_stream.class", "StdoutStream"),
            ("stdout_stream.class", "StdoutStream"), ("stdout_stream.filename", "/a"),
            ("stdout_stream.time_format", "%H"),
            ("close_child_stdin", "False"), ("close_child_stdout", "True"), ("close_child_stderr", "True"),
            ("send_hup", "True"), ("stop_signal", "INT"), ("stop_children", "True"), ("max_retry", "9"),
            ("graceful_timeout", "9"), ("singleton", "True"), ("use_sockets", "True"), ("stdin_socket", "s"),
            ("max_age", "9"), ("max_age_variance", "9"), ("on_demand", "True"), ("hooks.after_stop", "x.y"),
            ("virtualenv", "/v"), ("virtualenv_py_ver", "3"), ("respawn", "False"), ("executable", "/x"),
        ]
        try expectEveryKey(watcher) { key, value in
            try Imported(
                "[socket:s]\nport=80\n[watcher:a]\ncmd = a\n\(key.isEmpty ? "" : "\(key) = \(value)\n")", name: "c.ini")
        }
        let globals = [
            ("endpoint", "x"), ("pubsub_endpoint", "x"), ("stats_endpoint", "x"), ("statsd", "1"), ("httpd", "1"),
            ("httpd_host", "x"), ("httpd_port", "1"), ("umask", "077"), ("check_delay", "1"), ("warmup_delay", "1"),
            ("pidfile", "x"), ("loglevel", "x"), ("logoutput", "x"), ("debug", "1"), ("debug_gc", "1"),
            ("fqdn_prefix", "x"), ("endpoint_owner", "x"), ("multicast_endpoint", "x"), ("loggerconfig", "x"),
            ("include", "x"), ("include_dir", "x"),
        ]
        try expectEveryKey(globals) { key, value in
            try Imported("[circus]\n\(key.isEmpty ? "" : "\(key) = \(value)\n")[watcher:a]\ncmd = a\n", name: "c.ini")
        }
        let socket = [
            ("host", "127.0.0.1"), ("port", "8001"), ("family", "AF_INET6"), ("type", "SOCK_DGRAM"),
            ("interface", "eth0"),
            ("path", "/run/s"), ("umask", "2"), ("so_reuseport", "True"), ("blocking", "True"), ("backlog", "7"),
            ("proto", "tcp"),
        ]
        try expectEveryKey(socket.filter { $0.0 != "family" }) { key, value in
            try Imported(
                "[socket:s]\n\(key.isEmpty ? "" : "\(key) = \(value)\n")[watcher:a]\ncmd = a\nuse_sockets = True\n",
                name: "c.ini")
        }
    }

    @Test("a socket at descriptor 0 is not counted from 3 on") func standardInput() throws {
        let imported = try Imported(
            "[socket:a]\nport=81\n[socket:b]\nport=82\n[watcher:w]\ncmd = w $(circus.sockets.b)\nuse_sockets = 1\nstdin_socket = a\n",
            name: "c.ini")
        let service = try imported.service("w")
        #expect(service.command == ["w", "3"])
        #expect(service.sockets.filter(\.isStandardInput).map(\.name) == ["a"])
    }
}
