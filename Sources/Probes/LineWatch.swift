import Reactor
import Synchronization

/// Waits for a line that contains a text, wherever the lines come from. Any thread may use it.
public final class LineWatch: Sendable {
    private struct State {
        var isOver = false
        var problem: String?
        var atEnd: (@Sendable () -> Void)?
    }

    /// What the line must contain.
    public let text: String
    private let bytes: [UInt8]
    private let found: @Sendable () -> Void
    private let state = Mutex(State())

    /// Waits for `text` and calls `found` once, on any thread.
    public init(text: String, found: @escaping @Sendable () -> Void) {
        self.text = text
        bytes = Array(text.utf8)
        self.found = found
    }

    /// Whether it waits no more.
    public var isOver: Bool { state.withLock(\.isOver) }

    /// Why the line would not be seen if it came; nil if it would.
    public var problem: String? { state.withLock(\.problem) }

    /// Looks at a line.
    public func look(at line: some Collection<UInt8>) {
        guard !isOver, line.contains(bytes), !end() else { return }
        found()
    }

    /// Notes that lines can't be read, for this reason.
    public func fail(_ problem: String) { state.withLock { $0.problem = problem } }

    /// Calls `body` when it waits no more; at once if it doesn't already.
    public func atEnd(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.atEnd = body }
            return state.isOver
        }
        if isOver { body() }
    }

    /// Gives it up; returns whether it was over before.
    @discardableResult
    public func end() -> Bool {
        let (wasOver, body) = state.withLock { state in
            defer {
                state.isOver = true
                state.atEnd = nil
            }
            return (state.isOver, state.atEnd)
        }
        body?()
        return wasOver
    }
}

extension Collection<UInt8> {
    /// Whether `wanted` is part of it.
    func contains(_ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first else { return true }
        var rest = self[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: wanted) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
