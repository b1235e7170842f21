/// Where a program's output went, and goes to.
struct SupervisordLogs {
    private var values: [String: (text: String, origin: ImportOrigin)] = [:]

    /// Notes a key about output.
    mutating func set(_ key: String, _ text: String, _ origin: ImportOrigin) { values[key] = (text, origin) }

    /// Sets what becomes of it: a file that was rotated by supervisord would grow without an end, so the journal takes its
    /// place; one that was not stays.
    func write(to service: inout ImportedService) {
        for key in ["stdout_syslog", "stderr_syslog"] {
            guard let (text, origin) = values[key], SupervisordKeys.boolean(text) == true else { continue }
            service.set("log.to", .string("journal"), origin)
        }
        let isRedirected = values["redirect_stderr"].map { SupervisordKeys.boolean($0.text) == true } ?? false
        if let (text, origin) = values["redirect_stderr"], !isRedirected, SupervisordKeys.boolean(text) == nil {
            service.drop(origin, "it is neither true nor false")
        }
        func stream(_ name: String) -> (text: String, origin: ImportOrigin, limit: String) {
            let file = values["\(name)_logfile"]
            return (file?.text ?? "auto", file?.origin ?? service.origin, "\(name)_logfile_maxbytes")
        }
        write([stream("stdout")] + (isRedirected ? [] : [stream("stderr")]), to: &service)
        for key in ["stdout_logfile_maxbytes", "stderr_logfile_maxbytes"] {
            guard let (text, origin) = values[key], text != "0", values[String(key.dropLast(9))] == nil else {
                continue
            }
            service.drop(origin, "the journal limits itself, see SystemMaxUse= in journald.conf(5)", in: "log")
        }
    }

    private func write(
        _ files: [(text: String, origin: ImportOrigin, limit: String)], to service: inout ImportedService
    ) {
        var chosen: String?
        for (text, origin, limit) in files {
            switch text {
            case "auto": continue
            case "syslog": service.set("log.to", .string("journal"), origin)
            case "none", "off", "/dev/null":
                // The other stream may go somewhere.
                if files.allSatisfy({ ["none", "off", "/dev/null"].contains($0.text) }) {
                    service.set("log.to", .string("none"), origin)
                } else {
                    service.change(origin, "standard output and standard error go to the same place here", in: "log")
                }
            case "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", "/proc/self/fd/1", "/proc/self/fd/2":
                service.set("log.to", .string("terminal"), origin)
            default:
                if let limit = values[limit], limit.text == "0" {
                    if let chosen, chosen != text {
                        service.drop(
                            origin, "both streams go to \(chosen) here, as there is one place for both", in: "log")
                        continue
                    }
                    chosen = text
                    service.set("log.file", .string(text), origin)
                } else {
                    service.drop(
                        origin,
                        "supervisord rotated \(text), and Cadre rotates nothing, so the journal has the output "
                            + "(`cadre logs \(service.name)`); or set file = \(TOMLText.literal(.string(text))) in "
                            + "[service.\(service.name).log], and have logrotate rotate it with copytruncate", in: "log"
                    )
                }
            }
        }
        if chosen != nil { service.removeSettings { $0.path == ["log", "to"] } }
    }
}
