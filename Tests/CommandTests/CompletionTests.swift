import Glibc
import Processes
import Testing

/// What the shells complete, and the manual.
@Suite struct CompletionTests {
    /// Completes a command line by bash's own means, with the generated script.
    private let script = """
        cadre() { "$program" "$@"; }
        source <("$program" --generate-completion-script bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
        function=$(complete -p cadre)
        function=${function#*-F }
        "${function%% *}" cadre "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """

    private func complete(_ words: String..., socket: String) throws -> [String] {
        let (code, output) = try run(
            ["/bin/bash", "-c", script, "bash"] + words,
            environment: ["program": Machine.cadre, "CADRE_SOCKET": socket])
        #expect(code == 0, "\(output)")
        return output.split(separator: "\n").map(String.init)
    }

    @Test("bash completes live services and workers, their numbers, signals and flags", .needsControlGroups)
    func bash() throws {
        try withSupervisor(service("api", "sleep") + service("web", "sleep", workers: 2)) { supervisor in
            for worker in ["api/0", "web/0", "web/1"] { try supervisor.ready(worker) }
            let socket = supervisor.socket
            let commands = ["start", "stop", "restart", "reset", "kill", "freeze", "thaw", "status", "logs", "events"]
            for command in commands {
                let completed = try complete("cadre", command, "we", socket: socket)
                #expect(completed == ["web", "web/0", "web/1"], "\(command)")
            }
            #expect(try complete("cadre", "signal", "HUP", "api/", socket: socket) == ["api/0"])
            #expect(try complete("cadre", "signal", "HU", socket: socket) == ["HUP"])
            #expect(try complete("cadre", "signal", "HUP", "web", "--to", "c", socket: socket) == ["children"])
            #expect(try complete("cadre", "scale", "w", socket: socket) == ["web=2"])
            #expect(try complete("cadre", "inspect", "w", socket: socket) == ["web/0", "web/1"])
            #expect(try complete("cadre", "limit", "w", socket: socket) == ["web"])
            #expect(try complete("cadre", "limit", "web", "--io", socket: socket) == ["--io-weight"])
            #expect(try complete("cadre", "stop", "--socket", socket, "a", socket: "/nowhere") == ["api", "api/0"])
        }
    }

    @Test("import's formats are completed, and files")
    func formats() throws {
        #expect(try complete("cadre", "import", "--format", "s", socket: "/nowhere") == ["supervisord", "systemd"])
        #expect(try complete("cadre", "import", "--fi", socket: "/nowhere") == ["--files-only"])
        #expect(
            try complete("cadre", "import", "\(Machine.source)/Pack", socket: "/nowhere").contains(
                "\(Machine.source)/Package.swift"))
    }

    @Test("without a supervisor names are completed with nothing, without a word")
    func nobody() throws {
        #expect(try complete("cadre", "stop", "w", socket: "/no/such/socket") == [])
    }

    @Test("a supervisor that doesn't answer holds up the shell for a second at the most", .needsControlGroups)
    func hung() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.signal(SIGSTOP)
            let completed = try complete("cadre", "stop", "w", socket: supervisor.socket)
            try supervisor.signal(SIGCONT)
            #expect(completed == [])
        }
    }

    @Test(
        "the scripts of zsh and fish ask for names, too",
        arguments: [("zsh", "#compdef cadre"), ("fish", "complete -c")])
    func others(shell: String, part: String) throws {
        let (code, output) = try run([Machine.cadre, "--generate-completion-script", shell])
        #expect(code == 0 && output.contains(part) && output.contains("---completion"))
        #expect(output.contains("restart") && !output.contains("manual"))
    }

    @Test(
        "each page of the manual is rendered without a warning", .needsControlGroups,
        .enabled(if: access("/usr/bin/groff", X_OK) == 0, "needs groff (groff-base)"))
    func manual() throws {
        try withScene { scene in
            let directory = scene.path("man")
            mkdir(directory, 0o755)
            #expect(try run([Machine.cadre, "manual", directory]).code == 0)
            let pages = try run(["ls", directory]).output.split(separator: "\n")
            #expect(
                pages.count > 15 && pages.contains("cadre.1") && pages.contains("cadre-restart.1")
                    && pages.contains("cadre.toml.5"))
            for page in pages {
                let (code, output) = try run(
                    ["/bin/sh", "-c", #"groff -man -Tutf8 -ww "$0" 2>&1 >/dev/null"#, "\(directory)/\(page)"])
                #expect(code == 0 && output.isEmpty, "\(page): \(output)")
            }
        }
    }
}
