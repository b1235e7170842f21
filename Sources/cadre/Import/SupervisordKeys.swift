/// What supervisord's documentation has and Cadre has not, with what to do instead.
enum SupervisordKeys {
    /// Sections that run nothing of the user's; without a message where everything in them is read elsewhere.
    static let otherSections: [String: String] = [
        "include": "",
        "unix_http_server":
            "Cadre has a control socket of its own; [control] group says who may use it",
        "inet_http_server":
            "the API is served on TCP with [control] listen, token_file and [control.tls]",
        "supervisorctl": "`cadre` needs no configuration; --socket or CADRE_SOCKET name another supervisor",
        "rpcinterface": "there is no XML-RPC; the control socket speaks HTTP and JSON",
        "eventlistener":
            "the protocol of event listeners is supervisord's alone; `cadre events --json` prints what happens, one line each, "
            + "and a service can run a program that reads it",
        "ctlplugin": "`cadre` has no plugins; the control socket speaks HTTP and JSON",
    ]

    /// Keys of [supervisord].
    static let globals: [String: String] = [
        "logfile": "Cadre logs to the journal: journalctl -u cadre",
        "logfile_maxbytes": "the journal limits itself, see SystemMaxUse= in journald.conf(5)",
        "logfile_backups": "the journal limits itself, see SystemMaxUse= in journald.conf(5)",
        "loglevel": "there are no levels; journalctl -p warning -u cadre has what is important",
        "pidfile": "systemd knows its processes without such a file",
        "nodaemon": "`cadre supervise` never leaves the foreground; systemd runs it",
        "silent": "Cadre logs to the journal when systemd runs it",
        "minprocs": "it is a minimum, and systemd's default is mostly far above it",
        "nocleanup": "Cadre has no log files of its own to clean up",
        "childlogdir": "output goes to the journal unless [service.NAME.log] says otherwise",
        "strip_ansi": "output is not changed; journalctl shows it without escape sequences",
        "identifier": "a supervisor is named by its control socket",
    ]

    /// Keys of programs.
    static let programs: [String: String] = [
        "stdout_logfile_backups": "the journal keeps what there is room for, see SystemMaxUse= in journald.conf(5)",
        "stderr_logfile_backups": "the journal keeps what there is room for, see SystemMaxUse= in journald.conf(5)",
        "stdout_capture_maxbytes": "there is no capture mode; `cadre events --json` has what happens to workers",
        "stderr_capture_maxbytes": "there is no capture mode; `cadre events --json` has what happens to workers",
        "stdout_events_enabled": "output is no event; `journalctl -f` or `cadre logs -f` follow it",
        "stderr_events_enabled": "output is no event; `journalctl -f` or `cadre logs -f` follow it",
        "serverurl": "workers find the control socket in /run/cadre, if [control.allow] lets them use it",
    ]

    /// A file creation mask in the form that is wanted here.
    static func octal(_ text: String) -> String {
        String(repeating: "0", count: max(0, 4 - text.count)) + text
    }

    /// A boolean as supervisord spells it; nil if it is none.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: nil
        }
    }
}
