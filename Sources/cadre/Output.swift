import FoundationEssentials
import Glibc

/// Prints a value as JSON with sorted keys.
func printJSON(_ value: some Encodable, isPretty: Bool = true) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Hands over what was printed so far, for one who goes on printing. If nobody reads it any more it ends the process as
/// SIGPIPE does, which is ignored in processes that speak HTTP.
func flushOutput() {
    if fflush(nil) != 0, errno == EPIPE { SignalDefault.perform(SIGPIPE) }
}
