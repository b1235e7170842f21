import Processes
import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("Import of supervisord.conf") struct SupervisordImportTests {
    private static let example = """
        ; As Debian has it.
        [unix_http_server]
        file=/var/run/supervisor.sock   ; (the path to the socket file)
        chmod=0700

        [supervisord]
        logfile=/var/log/supervisor/supervisord.log
        minfds=65536
        environment=LANG="C.UTF-8",ROLE=worker

        [supervisorctl]
        serverurl=unix:///var/run/supervisor.sock

        [rpcinterface:supervisor]
        supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

        [group:shop]
        programs=web,queue
        priority=20

        [program:web]
        command=/srv/shop/venv/bin/gunicorn shop.wsgi -b 127.0.0.1:80%(process_num)02d --name "%(program_name)s {x}"
        process_name=%(program_name)s_%(process_num)02d
        numprocs=4
        directory=/srv/shop
        user=www-data
        umask=022
        environment=DJANGO_SETTINGS_MODULE="shop.settings",ROLE="web, public"
        autorestart=true
        stopsignal=QUIT
        stopwaitsecs=30
        stopasgroup=true
        startsecs=5
        startretries=3
        redirect_stderr=true
        stdout_logfile=/var/log/shop/%(program_name)s.log
        stdout_logfile_maxbytes=0
        priority=2

        [program:queue]
        command=celery -A shop worker -n "w%(process_num)d@%%h"
        numprocs=12
        numprocs_start=1
        directory=/srv/shop
        autostart=false
        exitcodes=0,3
        stdout_logfile=/var/log/shop/queue.log
        stderr_logfile=/var/log/shop/queue.err
        priority=1

        [eventlistener:mailer]
        command=crashmail -a
        events=PROCESS_STATE_EXITED

        [include]
        files = conf.d/*.conf
        """

    @Test("a file as there are many becomes what is meant, and the rest is told") func example() throws {
        let imported = try Imported(
            Self.example, name: "supervisord.conf",
            files: [
                "/srv/app/conf.d/api.conf": "[program:api]\ncommand=%(here)s/bin/api --port=9%(process_num)03d\n"
                    + "process_name=x%(process_num)s\nnumprocs=20\nnumprocs_start=100\nuser=%(ENV_WHO)s\n"
                    + "environment=PATH=\"/opt/bin:%(ENV_PATH)s\"\n"
            ])
        #expect(imported.specification.services.map(\.name) == ["api", "queue", "web"])

        let web = try imported.service("web")
        #expect(
            web.command == [
                "/srv/shop/venv/bin/gunicorn", "shop.wsgi", "-b", "127.0.0.1:800{worker}", "--name", "{service} {{x}}",
            ])
        #expect(web.workers == .count(4) && web.directory == "/srv/shop" && web.user == "www-data")
        #expect(web.fileCreationMask == 0o022)
        #expect(
            web.environment == [
                "LANG": "C.UTF-8", "ROLE": "web, public", "DJANGO_SETTINGS_MODULE": "shop.settings",
            ])
        #expect(
            web.policy.restart.condition == .always && web.stopSignal == 3 && web.policy.stopTimeout == .seconds(30))
        #expect(web.policy.restart.budget == 3 && web.policy.restart.window == .seconds(22))
        #expect(web.policy.rollout.minReady == .seconds(5) && web.policy.rollout.maxSurge == .count(0))
        #expect(web.processLimits == [.nofile: .init(soft: 65536, hard: 65536)])
        #expect(web.log.destination == .file("/var/log/shop/{service}.log"))

        // The queue has the same group as web, but comes first there; nobody else has a priority.
        #expect(web.after == ["queue": .started])
        let queue = try imported.service("queue")
        #expect(queue.command == ["celery", "-A", "shop", "worker", "-n", "w{worker}@%h"])
        #expect(queue.workers == .count(0) && queue.policy.restart.condition == .onFailure)
        #expect(queue.policy.restart.successExitCodes == [0, 3] && queue.log.destination == .auto)

        let api = try imported.service("api")
        #expect(
            api.command == [
                "/bin/sh", "-c", #"export PATH=/opt/bin:"$PATH"; exec /srv/app/conf.d/bin/api --port={port}"#,
            ])
        #expect(api.port == 9100 && api.workers == .count(20) && api.user == nil)

        for key in [
            "unix_http_server", "supervisord.logfile", "supervisorctl", "rpcinterface:supervisor", "group:shop",
            "program:web.process_name", "program:queue.autostart", "program:queue.stdout_logfile",
            "program:queue.stderr_logfile", "eventlistener:mailer", "program:api.user",
        ] {
            #expect(imported.remarks(about: key).count == 1, "\(key)")
        }
        #expect(
            "\(try #require(imported.remarks(about: "program:api.user").first))".hasPrefix(
                "conf.d/api.conf:6: program:api.user: not carried over: %(ENV_"))
        let numbers = try #require(imported.remarks(about: "program:queue").first)
        #expect(numbers.kind == .changed && numbers.message.hasPrefix("the numbers 1 to 12 are 0 to 11 here"))
        // Each remark is in the text, too, in the table that it is about.
        let table = try #require(imported.toml.split(separator: "[service.queue]").last)
        #expect(
            table.contains(
                "# - supervisord.conf:47: program:queue.stdout_logfile: not carried over: supervisord rotated"))
    }

    @Test(
        "numbers of processes become those of workers, or ports, where they count the same",
        arguments: [
            ("%(process_num)d", 0, 4, "{worker}", nil), ("%(process_num)02d", 0, 10, "0{worker}", nil),
            ("80%(process_num)02d", 0, 10, "800{worker}", nil), ("80%(process_num)02d", 0, 11, "{port}", 8000),
            ("80%(process_num)02d", 1, 4, "{port}", 8001), ("%(process_num)d", 8000, 4, "{port}", 8000),
            ("x%(process_num)s", 8000, 4, "x{port}", 8000), ("%(process_num)02d", 0, 11, "{worker}", nil),
            ("9%(process_num)d", 98, 4, "9{worker}", nil), ("%(process_num)d", 65534, 4, "{worker}", nil),
        ] as [(String, Int, Int, String, Int?)])
    func numbers(text: String, start: Int, count: Int, expected: String, port: Int?) throws {
        var expansion = SupervisordExpansion(values: [:], start: start, count: count)
        #expect(ImportedText.template(try expansion.expand(text)) == expected)
        #expect(expansion.firstPort == port)
        let isSame = port != nil || start == 0 && (count <= 10 || !text.contains("02d"))
        #expect(expansion.changes.isEmpty == isSame)
    }

    @Test("each key that is documented is carried over or told of") func keys() throws {
        let program = [
            ("process_name", "x"), ("numprocs", "2"), ("autostart", "false"),
            ("startsecs", "10"), ("startretries", "5"), ("autorestart", "true"), ("exitcodes", "0,2"),
            ("stopsignal", "INT"), ("stopwaitsecs", "20"), ("stopasgroup", "false"), ("killasgroup", "false"),
            ("user", "nobody"), ("redirect_stderr", "what"), ("stdout_logfile", "/var/log/a"),
            ("stdout_logfile_maxbytes", "1MB"), ("stdout_logfile_backups", "3"), ("stdout_capture_maxbytes", "1MB"),
            ("stdout_events_enabled", "true"), ("stdout_syslog", "true"), ("stderr_logfile", "NONE"),
            ("stderr_logfile_maxbytes", "1MB"), ("stderr_logfile_backups", "3"), ("stderr_capture_maxbytes", "1MB"),
            ("stderr_events_enabled", "true"), ("stderr_syslog", "true"), ("environment", "A=1"), ("directory", "/tmp"),
            ("umask", "077"), ("serverurl", "http://x"),
        ]
        try expectEveryKey(program) { key, value in
            try Imported("[program:a]\ncommand=a\n\(key.isEmpty ? "" : "\(key)=\(value)\n")", name: "s.conf")
        }
        let globals = [
            ("logfile", "/x"), ("logfile_maxbytes", "1MB"), ("logfile_backups", "1"), ("loglevel", "info"),
            ("pidfile", "/x"), ("umask", "077"), ("nodaemon", "true"), ("silent", "true"), ("minfds", "4096"),
            ("minprocs", "300"), ("nocleanup", "true"), ("childlogdir", "/x"), ("user", "nobody"),
            ("directory", "/tmp"),
            ("strip_ansi", "true"), ("environment", "A=1"), ("identifier", "x"),
        ]
        try expectEveryKey(globals) { key, value in
            try Imported(
                "[supervisord]\n\(key.isEmpty ? "" : "\(key)=\(value)\n")[program:a]\ncommand=a\n", name: "s.conf")
        }
    }

    @Test("a FastCGI program has its socket as descriptor 0") func fastCGI() throws {
        let imported = try Imported(
            """
            [fcgi-program:php]
            command=php-cgi
            socket=unix:///run/%(program_name)s.sock
            socket_owner=www-data:www-data
            socket_mode=0660
            """, name: "s.conf")
        let service = try imported.service("php")
        #expect(service.sockets[0].address == .unix(path: "/run/php.sock"))
        #expect(service.sockets[0].file == .init(mode: 0o660, user: "www-data", group: "www-data"))
        #expect(service.sockets.map(\.name) == ["fastcgi"] && service.sockets[0].isStandardInput)
        #expect(service.policy.rollout.maxSurge == .count(1))
    }

    @Test("what isn't valid here is taken away, and told of where it came from") func invalid() throws {
        let imported = try Imported(
            "[program:a]\ncommand=a\nstopsignal=FOO\numask=9\nuser=a:b\nenvironment=1A=x,B=y\n", name: "s.conf")
        let service = try imported.service("a")
        #expect(service.stopSignal == 15 && service.fileCreationMask == nil && service.user == nil)
        #expect(service.environment == ["B": "y"])
        let lines = imported.remarks.map { "\($0)" }
        #expect(
            lines.contains(
                "s.conf:3: program:a.stopsignal: not carried over: stop.signal: \"FOO\" is not a signal; write one such as \"TERM\""
            ), "\(lines)")
        #expect(lines.count { $0.contains("not carried over") } == 4, "\(lines)")
    }

    @Test("a program that can't be run is left out, and where none is left there is nothing to write") func nothing()
        throws
    {
        let imported = try Imported("[program:a]\ncommand=a\n[program:b]\nuser=x\n", name: "s.conf")
        #expect(imported.specification.services.map(\.name) == ["a"])
        #expect(imported.remarks(about: "program:b").map(\.message) == ["the program has no command"])
        #expect(
            try Imported.problems("[program:b]\ncommand='a\n", name: "s.conf") == [
                "s.conf: nothing in it could be carried over as supervisord; name its format with --format",
                "s.conf:2: program:b.command: the command is empty, or has a quote without an end",
            ])
    }

    @Test("names that no service can have are changed, and none is taken twice") func names() throws {
        let imported = try Imported(
            "[program:a.b]\ncommand=a\n[program:a-b]\ncommand=b\n[program:supervisor]\ncommand=c\n", name: "s.conf")
        #expect(imported.specification.services.map(\.name) == ["a-b", "a-b-2", "supervisor-service"])
        #expect(imported.remarks.count { $0.message.contains("is called") } == 3)
    }
}
