import CLinux
import Reactor
import Testing

/// The programs of others that judge our metrics; `make test-tools` gets them.
enum Tools {
    /// The root of the source tree.
    static let source: String = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    static let examples = "\(source)/examples/prometheus"
    static let promtool: String = tool("root/usr/bin/promtool")
    static let prometheus: String = tool("root/usr/bin/prometheus")
    static let python: String = tool("python/bin/python3")

    static let areThere = [promtool, prometheus, python].allSatisfy { (path: String) in access(path, X_OK) == 0 }

    private static func tool(_ path: String) -> String { "\(source)/.build/test-tools/\(path)" }
}

extension Trait where Self == ConditionTrait {
    static var needsTools: Self {
        .enabled(if: Tools.areThere, "needs promtool, prometheus and prometheus-client: make test-tools")
    }
}
