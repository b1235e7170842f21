import CLinux
import Glibc
import Testing

/// The servers and load generators of others that the load tests run; `make test-tools` gets them.
enum LoadTools {
    static let scripts = "\(Machine.source)/Tests/load"
    static let python = tool("python/bin/python3")
    static let gunicorn = tool("python/bin/gunicorn")
    static let uvicorn = tool("python/bin/uvicorn")
    static let nginx = tool("root/usr/sbin/nginx")
    static let redis = tool("root/usr/bin/redis-server")
    static let wrk = tool("root/usr/bin/wrk")
    /// Where the libraries of the unpacked programs are.
    static let environment = ["LD_LIBRARY_PATH": tool("root/usr/lib/\(architecture)-linux-gnu")]
    #if arch(arm64)
        private static let architecture = "aarch64"
    #else
        private static let architecture = "x86_64"
    #endif

    static let areThere = [python, gunicorn, uvicorn, nginx, redis, wrk].allSatisfy { (path: String) in
        access(path, X_OK) == 0
    }

    private static func tool(_ path: String) -> String { "\(Machine.source)/.build/test-tools/\(path)" }
}

extension Trait where Self == ConditionTrait {
    static var needsLoadTools: Self {
        .enabled(if: LoadTools.areThere, "needs gunicorn, uvicorn, nginx, redis-server and wrk: make test-tools")
    }
}

/// A web server that nobody here wrote, and what it takes for it to lose nothing when it is stopped.
enum LoadServer: String, CustomStringConvertible {
    /// gunicorn with its default worker, which serves one request a connection.
    case gunicorn
    /// gunicorn with threads, which keeps connections alive.
    case gunicornThreads = "gunicorn-threads"
    /// uvicorn with a protocol that doesn't hang up on connections that have not asked yet (Tests/load/patient.py).
    case uvicorn
    /// nginx, whose own way to inherit sockets is the variable NGINX, and who expects them non-blocking; SIGQUIT is its
    /// graceful stop.
    case nginx
    /// Python's http.server, with a thread that waits for SIGTERM (Tests/load/server.py).
    case httpServer = "http-server"
    /// uvicorn as it is.
    case plainUvicorn = "plain-uvicorn"
    /// Python's http.server as it is.
    case plainHTTPServer = "plain-http-server"

    var description: String { rawValue }

    /// What is executed.
    func command(in scene: Scene) -> [String] {
        let python = ["-B", LoadTools.scripts + "/server.py"]
        let gunicorn = [
            LoadTools.gunicorn, "--preload", "--no-control-socket", "--worker-tmp-dir", scene.directory, "--chdir",
            LoadTools.scripts, "--log-level", "warning",
        ]
        let uvicorn = [LoadTools.uvicorn, "--fd", "3", "--app-dir", LoadTools.scripts, "--no-access-log"]
        return switch self {
        case .gunicorn: gunicorn + ["application:wsgi"]
        case .gunicornThreads: gunicorn + ["--worker-class", "gthread", "--threads", "8", "application:wsgi"]
        case .uvicorn: uvicorn + ["--http", "patient:Protocol", "application:asgi"]
        case .plainUvicorn: uvicorn + ["--http", "h11", "application:asgi"]
        case .nginx:
            [LoadTools.nginx, "-e", "stderr", "-p", scene.directory, "-c", scene.path("nginx-{worker}.conf")]
        case .httpServer: [LoadTools.python] + python
        case .plainHTTPServer: [LoadTools.python] + python + ["--plain"]
        }
    }

    /// The TOML of a service that runs it behind a port.
    func service(in scene: Scene, port: UInt16, workers: Int = 2, release: String = "-", more: String = "") throws
        -> String
    {
        let command = command(in: scene).map { "'\($0)'" }.joined(separator: ", ")
        var environment = "PYTHONDONTWRITEBYTECODE = '1', RELEASE = '\(release)'"
        var stop = "TERM"
        var ready = "notify"
        var capabilities = "[]"
        if self == .nginx {
            try writeConfigurations(in: scene, port: port, workers: workers)
            environment = "NGINX = '3;'"
            stop = "QUIT"
            ready = "exec"
            // Its master starts its workers as the user that its configuration names.
            if Machine.isRoot { capabilities = "['CAP_SETGID', 'CAP_SETUID']" }
        }
        return """
            [service.\(rawValue)]
            command = [\(command)]
            workers = \(workers)
            environment = { \(environment) }
            ready.by = '\(ready)'
            capabilities = \(capabilities)
            # Not one restart is allowed, but for planned ones.
            restart = { budget = 0, delay = '10ms', max_delay = '100ms' }
            stop = { signal = '\(stop)', timeout = '60s' }
            \(more)
            [[service.\(rawValue).socket]]
            name = 'http'
            listen = '127.0.0.1:\(port)'
            non_blocking = \(self == .nginx)

            """
    }

    /// nginx has no variables of the environment in its configuration, so each worker has one of its own.
    private func writeConfigurations(in scene: Scene, port: UInt16, workers: Int) throws {
        for worker in 0..<workers {
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(scene.path("nginx-\(worker)")) ;" }.joined(separator: " ")
            let user = Machine.isRoot ? "user root;" : ""
            try scene.write(
                "nginx-\(worker).conf",
                """
                daemon off; worker_processes 1; error_log stderr; \(user)
                pid \(scene.path("nginx-\(worker).pid"));
                events {}
                http {
                    access_log off; \(paths)
                    server {
                        listen 127.0.0.1:\(port);
                        location / { return 200 "nginx/\(worker) - $pid -\\n"; }
                        location /slow { limit_rate 200k; root \(scene.directory); }
                    }
                }
                """)
        }
        try scene.write("slow", "nginx/- - - -\n" + String(repeating: "slow ", count: 2000))
    }
}
