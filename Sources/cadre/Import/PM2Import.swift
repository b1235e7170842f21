/// Imports PM2's ecosystem file as JSON (https://pm2.keymetrics.io/docs/usage/application-declaration/).
struct PM2Import {
    private(set) var result: ImportedConfiguration
    let source: ImportSource

    /// What becomes of a file.
    static func configuration(of source: ImportSource) throws(ImportError) -> ImportedConfiguration {
        try refuseScript(source)
        var importer = PM2Import(source)
        try importer.importDocument(try RelaxedJSON.parse(source.text, file: source.name))
        return importer.result
    }

    private init(_ source: ImportSource) {
        self.source = source
        result = ImportedConfiguration(.pm2, source)
        result.hints = [
            "A worker is stopped before its successor starts (max_surge = 0), as Node's cluster module, by which PM2's "
                + "workers share a port, has no part in it. Have the program listen on a socket of Cadre's "
                + "([[service.NAME.socket]], and `server.listen({ fd: 3 })`), and leave [service.NAME.rollout] out: then all "
                + "workers share it, and nothing is lost by a restart.",
            "PM2 runs programs in the directory where it was started; here that is the directory of the file.",
        ]
    }

    /// What would have to be evaluated is refused with the way to JSON.
    private static func refuseScript(_ source: ImportSource) throws(ImportError) {
        let name = source.baseName
        let quoted = "'./\(name.replacing("'", with: "\\'"))'"
        let place = ImportPlace(file: source.name)
        if [".js", ".cjs", ".mjs"].contains(where: name.hasSuffix) {
            let json = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)]) + ".json"
            throw ImportError(
                place,
                "this is a program, which is not run; have Node.js write what it says, and import that: "
                    + "node -p \"JSON.stringify(require(\(quoted)))\" > \(json)")
        }
        if name.hasSuffix(".yml") || name.hasSuffix(".yaml") {
            throw ImportError(
                place,
                "YAML is not read; write it as JSON, and import that: python3 -c "
                    + "\"import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)\" < \(name) > ecosystem.config.json"
            )
        }
    }

    private mutating func importDocument(_ document: RelaxedJSON) throws(ImportError) {
        let place = ImportPlace(file: source.name, line: document.line)
        var applications: [RelaxedJSON] = []
        switch document.value {
        case .array(let elements): applications = elements
        case .object(let members):
            guard let apps = members.last(where: { $0.name == "apps" || $0.name == "pm2" })?.value else {
                applications = [document]
                break
            }
            if case .array(let elements) = apps.value { applications = elements } else { applications = [apps] }
            for (name, value) in members where name != "apps" && name != "pm2" {
                let message =
                    name == "deploy"
                    ? "nothing is deployed; put the files where they belong, and `cadre apply` or `cadre restart`"
                    : "PM2's documentation has no such key"
                result.drop(ImportOrigin(ImportPlace(file: source.name, line: value.line), name), message)
            }
        case .string, .number, .boolean, .null:
            throw ImportError(place, "this is neither a list of applications, nor an object with the key \"apps\"")
        }
        for (index, application) in applications.enumerated() {
            guard case .object(let members) = application.value else {
                throw ImportError(
                    ImportPlace(file: source.name, line: application.line), "this is no object", key: "apps[\(index)]")
            }
            var importer = PM2Application(members, line: application.line, index, self)
            let (service, name) = importer.makeService()
            if let service {
                result.add(service, named: name)
            } else {
                for (_, remark) in importer.service.remarks { result.remark(remark) }
            }
        }
    }
}
