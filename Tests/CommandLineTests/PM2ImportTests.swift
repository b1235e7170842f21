import ControlGroups
import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("Import of PM2's ecosystem") struct PM2ImportTests {
    private static let example = """
        // A comment, as PM2 lets through.
        {
          apps: [
            {
              "name": "api", "script": "./dist/server.js", "args": "--a 'b c' {x}",
              "node_args": ["--max-old-space-size=200"],
              "instances": "max", "exec_mode": "cluster",
              "env": { "NODE_ENV": "production", "PORT": 3000, "DEBUG": false },
              "env_staging": { "NODE_ENV": "staging" },
              "increment_var": "PORT",
              "max_memory_restart": "300M", "kill_timeout": 5000, "wait_ready": true, "watch": false,
              "max_restarts": 5, "min_uptime": "10s", "restart_delay": 2000,
              "out_file": "logs/api.log", "error_file": "/dev/null", "uid": "node",
              "cron_restart": "0 3 * * *",
            },
            { 'script': 'jobs.py', 'cwd': '/srv/jobs', 'autorestart': false, 'merge_logs': true, 'log_file': '/var/log/j.log' },
            { "name": "web", "script": "npm", "args": ["run", "start"], "instances": 2 },
          ],
          "deploy": { "production": {} }
        }
        """

    @Test("a file as there are many becomes what is meant, and the rest is told") func example() throws {
        let imported = try Imported(Self.example, name: "ecosystem.config.json")
        #expect(imported.specification.services.map(\.name) == ["api", "jobs", "web"])
        let api = try imported.service("api")
        #expect(
            api.command == ["node", "--max-old-space-size=200", "./dist/server.js", "--a", "b c", "{{x}}"])
        #expect(api.workers == .cpus && api.directory == "/srv/app" && api.user == "node" && api.port == 3000)
        #expect(
            api.environment == [
                "NODE_ENV": "production", "PORT": "{port}", "DEBUG": "false", "NODE_APP_INSTANCE": "{worker}",
            ])
        #expect(api.limits.memoryHigh == .bytes(300 << 20) && api.stopSignal == 2)
        #expect(api.policy.stopTimeout == .seconds(5) && api.policy.restart.budget == 5)
        #expect(api.policy.restart.window == .seconds(60) && api.policy.restart.delay == .seconds(2))
        #expect(api.policy.restart.multiplier == 1 && api.log.destination == .file("/srv/app/logs/api-{worker}.log"))
        let jobs = try imported.service("jobs")
        #expect(jobs.command == ["python3", "jobs.py"] && jobs.policy.restart.condition == .never)
        #expect(jobs.directory == "/srv/jobs" && jobs.log.destination == .file("/var/log/j.log"))
        #expect(try imported.service("web").command == ["npm", "run", "start"])
        for key in [
            "apps[0].exec_mode", "apps[0].env_staging", "apps[0].wait_ready", "apps[0].cron_restart", "deploy",
            "apps[0].restart_delay",
        ] {
            #expect(imported.remarks(about: key).count == 1, "\(key)")
        }
        #expect(imported.remarks(about: "apps[0].env_staging").first?.line == 9)
        #expect(imported.remarks(about: "apps[0].watch").isEmpty)
    }

    @Test("each key that is documented is carried over or told of") func keys() throws {
        let keys = [
            ("name", "\"b\""), ("name_prefix", "\"b\""), ("filter_env", "true"), ("namespace", "\"x\""),
            ("install_url", "\"x\""), ("cwd", "\"/x\""), ("args", "\"x\""), ("exec_interpreter", "\"bun\""),
            ("interpreter", "\"bun\""), ("node_args", "\"-x\""), ("interpreter_args", "\"-x\""), ("out_file", "\"/x\""),
            ("output", "\"/x\""), ("error_file", "\"/x\""), ("log_file", "\"/x\""), ("disable_logs", "true"),
            ("log_type", "\"json\""), ("log_date_format", "\"x\""), ("time", "true"), ("env", "{\"A\": 1}"),
            ("env_production", "{\"A\": 1}"), ("max_memory_restart", "\"1G\""), ("pid_file", "\"x\""),
            ("restart_delay", "100"), ("exp_backoff_restart_delay", "200"), ("source_map_support", "true"),
            ("wait_ready", "true"), ("instances", "2"), ("kill_timeout", "9"),
            ("shutdown_with_message", "true"), ("listen_timeout", "9"), ("cron_restart", "\"x\""),
            ("autorestart", "false"), ("watch_delay", "9"), ("watch", "true"), ("ignore_watch", "[\"x\"]"),
            ("watch_options", "{}"), ("min_uptime", "2000"), ("max_restarts", "3"), ("execute_command", "true"),
            ("exec_mode", "\"cluster\""), ("force", "true"), ("append_env_to_name", "true"), ("post_update", "[\"x\"]"),
            ("trace", "true"), ("v8", "true"), ("event_loop_inspector", "true"), ("deep_monitoring", "true"),
            ("increment_var", "\"PORT\""), ("instance_var", "\"X\""), ("treekill", "false"), ("port", "80"),
            ("username", "\"x\""), ("uid", "\"x\""), ("user", "\"x\""), ("gid", "\"x\""), ("kill_retry_time", "9"),
            ("write", "true"), ("io", "{}"), ("stop_exit_codes", "[0]"),
        ]
        try expectEveryKey(keys) { key, value in
            // Second names are told of by the first.
            let name = PM2Keys.aliases[key] ?? key
            return try Imported(
                "[{\"script\": \"a.js\"\(key.isEmpty ? "" : ", \"\(name)\": \(value)")}]", name: "pm2.json")
        }
    }

    @Test("programs aren't run, and the sentence says how to get JSON", arguments: ["js", "cjs", "yml"])
    func scripts(ending: String) throws {
        let problems = try Imported.problems("module.exports = { apps: [] }", name: "x/ecosystem.config.\(ending)")
        #expect(problems.count == 1)
        if ending == "yml" {
            #expect(problems[0].contains("YAML is not read; write it as JSON"))
        } else {
            #expect(
                problems[0].hasSuffix(
                    "node -p \"JSON.stringify(require('./ecosystem.config.\(ending)'))\" > ecosystem.config.json"))
        }
    }

    @Test(
        "what is no JSON is named by its line",
        arguments: [
            ("{\n\"apps\": [\n", "x.json:3: this is not JSON: it ends too early"),
            (
                "{\"apps\": [{script: process.env.X}]}",
                "x.json:1: this is not JSON: process.env.X is JavaScript, which is not evaluated; write its value"
            ),
            ("{\"a\" 1}", "x.json:1: this is not JSON: there is no \":\" behind \"a\""),
            ("{} x", "x.json:1: this is not JSON: there is something behind its end"),
            ("\"abc\n\"", "x.json:1: this is not JSON: a quote has no end on its line"),
            ("12", "x.json:1: this is neither a list of applications, nor an object with the key \"apps\""),
            ("[1]", "x.json:1: apps[0]: this is no object"),
        ])
    func broken(text: String, problem: String) throws {
        #expect(try Imported.problems(text, name: "x.json") == [problem])
    }

    @Test("strings have JSON's escapes") func strings() throws {
        let text = #"["a\"b\\\/\n\t\u00e9\ud83d\ude00", 'it\'s', -1.5e1, null]"#
        guard case .array(let elements) = try RelaxedJSON.parse(text, file: "x").value else {
            Issue.record("no array")
            return
        }
        #expect(elements.map(\.text) == ["a\"b\\/\n\té😀", "it's", "-15", nil])
    }
}
