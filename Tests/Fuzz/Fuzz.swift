// Everything of Cadre's that reads bytes from outside, driven by libFuzzer (https://llvm.org/docs/LibFuzzer.html), which
// is part of the Swift toolchain. Tests/fuzz builds and runs it.
//
// A trap is a finding, as is a property that doesn't hold, an input that takes longer than ten seconds, and one that
// takes 2 GiB.

import Glibc

/// What `CADRE_FUZZ` names.
private let parser: Parser = {
    let names = Parser.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = getenv("CADRE_FUZZ").map({ String(cString: $0) }), let parser = Parser(rawValue: name) else {
        fatalError("CADRE_FUZZ must be one of \(names)")
    }
    return parser
}()

/// What libFuzzer calls for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    parser.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// A property that must hold for every input.
func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { fatalError(what()) }
}
