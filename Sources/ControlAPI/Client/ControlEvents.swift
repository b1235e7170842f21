public import Cadre
import NIOCore

/// What happens in a supervisor, as it tells it; see ``ControlClient/withEvents(after:_:)``.
public struct ControlEvents: AsyncSequence {
    /// One thing that is told.
    public enum Element: Sendable {
        /// How everything was when the events began; the kernel's figures are left out.
        case snapshot(Snapshot)
        /// Something that happened after that.
        case event(Event)
    }

    /// Reads one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var body: AnswerBody.Iterator
        private let address: String
        private var buffer = ByteBuffer()

        fileprivate init(_ body: AnswerBody, address: String) {
            self.body = body.makeAsyncIterator()
            self.address = address
        }

        /// Waits for the next one; nil when the supervisor has stopped.
        ///
        /// - Throws: ``ControlError``.
        public mutating func next() async throws -> Element? {
            var (kind, data) = ("", "")
            while let line = try await nextLine() {
                if line.hasPrefix("event: ") { kind = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
                guard line.isEmpty, !data.isEmpty else { continue }
                do {
                    switch kind {
                    case "snapshot": return .snapshot(try JSON.decode(Snapshot.self, from: data.utf8))
                    case "dropped": throw ControlError.dropped(try JSON.decode(Dropped.self, from: data.utf8).detail)
                    default: return .event(try JSON.decode(Event.self, from: data.utf8))
                    }
                } catch let error as DecodingError {
                    throw ControlError.brokenAnswer(address: address, reason: "\(error)")
                }
            }
            return nil
        }

        private mutating func nextLine() async throws -> String? {
            while true {
                if let length = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = buffer.readString(length: length - buffer.readerIndex)
                    buffer.moveReaderIndex(forwardBy: 1)
                    return line
                }
                guard var more = try await body.next() else { return nil }
                buffer.discardReadBytes()
                buffer.writeBuffer(&more)
            }
        }
    }

    private let body: AnswerBody
    private let address: String

    init(_ body: AnswerBody, address: String) {
        self.body = body
        self.address = address
    }

    /// Begins to read; what one iterator has read no other sees.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body, address: address) }
}
