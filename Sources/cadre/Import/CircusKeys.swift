/// What Circus' documentation has and Cadre has not, with what to do instead.
enum CircusKeys {
    /// Keys of [circus].
    static let globals: [String: String] = [
        "check_delay": "nothing is polled; deaths are known at once",
        "endpoint": "Cadre's control socket is /run/cadre/control.sock, and speaks HTTP",
        "endpoint_owner": "[control] group says who may use the control socket",
        "pubsub_endpoint": "`cadre events --json`, or GET /v1/events of the control socket, has what happens",
        "multicast_endpoint": "there is no discovery; a supervisor is named by its control socket",
        "stats_endpoint": "GET /metrics of the control socket, or [metrics] listen, has the figures",
        "statsd": "[metrics] listen serves figures for Prometheus",
        "statsd_close_outputs": "[metrics] listen serves figures for Prometheus",
        "httpd": "there is no web console; `cadre top` is one for the terminal",
        "httpd_host": "there is no web console; `cadre top` is one for the terminal",
        "httpd_port": "there is no web console; `cadre top` is one for the terminal",
        "httpd_close_outputs": "there is no web console; `cadre top` is one for the terminal",
        "proc_name": "the process is called cadre",
        "pidfile": "systemd knows its processes without such a file",
        "loglevel": "there are no levels to choose; journalctl -p warning -u cadre shows what is important",
        "logoutput": "Cadre logs to the journal: journalctl -u cadre",
        "loggerconfig": "Cadre logs to the journal: journalctl -u cadre",
        "debug": "there are no levels to choose; journalctl -p warning -u cadre shows what is important",
        "debug_gc": "there is no such collector",
        "warmup_delay": "services start at once, or in the order of after and requires",
        "fqdn_prefix": "journald knows the host of each line",
    ]

    /// Plugins by a part of their class.
    static let plugins: [String: String] = [
        "Flapping": "each service has its own: restart.budget and restart.window",
        "ResourceWatcher":
            "set limits.memory_high, which replaces a worker that holds too much, limits.memory_max and cpu_max",
        "WatchDog": "set watchdog, and send WATCHDOG=1 (sd_notify(3)), or [service.NAME.health]",
        "CommandReloader": "`cadre restart NAME` has the new program; systemd.path(5) can run it when a file changes",
        "FullStats": "[metrics] listen serves figures for Prometheus",
        "StatsdEmitter": "[metrics] listen serves figures for Prometheus",
        "HttpObserver": "[metrics] listen serves figures for Prometheus; [service.NAME.health] asks the service itself",
        "RedisObserver": "[metrics] listen serves figures for Prometheus",
    ]

    /// Keys of watchers.
    static let watchers: [String: String] = [
        "executable": "name the program first in command; what it calls itself can't be another name",
        "shell_args": "write them into the shell's command",
        "send_hup": "`cadre signal HUP NAME` has it read its configuration again, `cadre restart` replaces it",
        "max_retry": "what can't be executed is tried again until restart.budget is spent",
        "warmup_delay": "workers start at once; rollout.min_ready is the pause between replacements",
        "copy_path": "set environment.PYTHONPATH",
        "virtualenv": "name the virtual environment's own interpreter in command: /path/to/it/bin/python",
        "virtualenv_py_ver": "name the virtual environment's own interpreter in command: /path/to/it/bin/python",
        "check_flapping": "each service has its own restart.budget; the highest is 1000000",
        "prereload_fn": "no code of the user's runs in the supervisor",
    ]

    /// Hooks by their name.
    static func hook(_ name: String) -> String {
        switch name {
        case "before_start", "before_spawn":
            "no code of the user's runs in the supervisor; a service of type = \"oneshot\" that this one requires runs before it"
        case "after_start", "after_spawn":
            "no code of the user's runs in the supervisor; [service.NAME.ready] by = \"command\" runs one until it succeeds"
        default: "no code of the user's runs in the supervisor; `cadre events --json` tells what happens"
        }
    }

    /// A boolean as Circus spells it; nil if it is none.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off", "": false
        default: nil
        }
    }
}
