/// What PM2's documentation has and Cadre has not, with what to do instead.
enum PM2Keys {
    /// Second names of keys, as PM2's schema has them.
    static let aliases: [String: String] = [
        "exec": "script", "interpreter": "exec_interpreter", "interpreterArgs": "node_args",
        "interpreter_args": "node_args",
        "out": "out_file", "output": "out_file", "out_log": "out_file", "error": "error_file", "err": "error_file",
        "err_file": "error_file", "err_log": "error_file", "log": "log_file", "pid": "pid_file", "cron": "cron_restart",
        "combine_logs": "merge_logs", "user": "uid",
    ]

    /// What stays undone, by the names that the schema has first.
    static let dropped: [String: String] = [
        "name_prefix": "write it before the service's name",
        "filter_env":
            "the environment is that of Cadre's unit; UnsetEnvironment= (systemd.exec(5)) takes variables away",
        "namespace": "there are no namespaces; commands take patterns such as 'api-*'",
        "install_url": "nothing is installed; do that before",
        "log_type": "output is not changed; `cadre logs --json` prints JSON",
        "log_date_format": "output is not changed; the journal knows when each line was printed",
        "time": "output is not changed; the journal knows when each line was printed",
        "pid_file": "the process is known by its pidfd; `cadre status` shows its number",
        "source_map_support": "write --enable-source-maps behind node in command",
        "disable_source_map_support": "node's source maps are off unless --enable-source-maps says otherwise",
        "wait_ready":
            "there is no process.send; have the program say READY=1 to NOTIFY_SOCKET and set [service.NAME.ready] "
            + "by = \"notify\", or by = \"http\", \"tcp\" or \"log\"",
        "shutdown_with_message": "there is no process.send; the program gets the stop signal",
        "listen_timeout": "it is ready.timeout, once [service.NAME.ready] says when a worker is ready",
        "cron_restart": "a systemd.timer(5) can run `cadre restart NAME`; max_age replaces workers that are too old",
        "vizion": "nothing is looked up in the repository",
        "watch": "systemd.path(5) can run `cadre restart NAME` when a file changes",
        "watch_delay": "nothing is watched",
        "ignore_watch": "nothing is watched",
        "watch_options": "nothing is watched",
        "execute_command": "the command is always executed as it is",
        "force": "a program may be in as many services as you like",
        "append_env_to_name": "there is one environment; write the name that you want",
        "post_update": "nothing is deployed; `cadre apply` rolls out what has changed",
        "trace": "no code is put into the program",
        "disable_trace": "no code is put into the program",
        "v8": "no code is put into the program",
        "event_loop_inspector": "no code is put into the program",
        "deep_monitoring": "no code is put into the program",
        "pmx": "no code is put into the program",
        "automation": "no code is put into the program",
        "io": "no code is put into the program",
        "username": "user says as whom workers run",
        "windowsHide": "this is Linux",
        "kill_retry_time": "the end of a worker is an event; nothing is tried again",
        "write": "the configuration is written by you alone",
    ]

    /// Keys whose absence is what Cadre does anyway, so that `false` needs no word.
    static func isWithoutEffect(_ key: String, _ value: RelaxedJSON) -> Bool {
        switch key {
        case "vizion", "pmx", "automation", "disable_trace", "disable_source_map_support", "windowsHide":
            if case .boolean = value.value { return true }
            return false
        default: return !value.isTruthy && key != "instances" && key != "treekill"
        }
    }
}
