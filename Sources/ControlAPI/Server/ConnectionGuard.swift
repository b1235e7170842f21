import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Sees to it that no connection stays for nothing: one that sends no request, or only a part, or doesn't take its
/// answer, is told so if that is possible, and ended. What is no HTTP is answered with a problem, and ended.
///
/// It stands behind the decoder of HTTP on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What the connection is waited for to do.
    private enum Wait {
        case request
        case takeAnswer
        /// To hang up: it has its answer, and there is going to be no other.
        case end
        /// Nothing: there is nothing to tell on a stream of events, until it is told that it is still there.
        case silence
    }

    /// How long a request may take to come, or an answer to be taken.
    static let patience = TimeAmount.seconds(10)
    /// How long to go on reading after the last answer. Closing a socket of which something is unread destroys on TCP
    /// what was sent and not yet received.
    private static let farewell = TimeAmount.seconds(2)
    /// How long a stream of events may be silent before a comment is sent: nobody in between takes it for dead then,
    /// and we notice if there is nobody any more.
    private static let heartbeat = TimeAmount.seconds(15)
    /// How long the reader of a stream of events may make a pause. It is dropped before if much happens, and told so.
    private static let pause = TimeAmount.seconds(60)

    private var wait: Wait?
    private var deadline: Scheduled<Void>?
    /// Requests of which the answer isn't complete.
    private var unanswered = 0
    /// Whether a request began and hasn't come whole.
    private var isRequestPartial = false
    /// Whether an answer began and isn't complete.
    private var isAnswerPartial = false
    private var isStream = false
    private var answered = 0
    /// Whether the last answer was given here; whatever else comes, or is answered, is dropped.
    private var isOver = false

    // MARK: Inbound

    func handlerAdded(context: ChannelHandlerContext) {
        renew(context, restart: true)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isRequestPartial = true
            renew(context, restart: true)
        case .body: break
        case .end:
            isRequestPartial = false
            renew(context)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isOver { return }
        let problem: Problem
        switch error {
        case HTTPParserError.headerOverflow:
            problem = Problem(.headersTooLarge, "the request's path and headers are longer than 16 KiB")
        case is HTTPParserError, is HTTP1TypeConversionError:
            problem = Problem(.malformed, "this is no HTTP/1.1 request (\(error))")
        default:
            context.fireErrorCaught(error)
            return context.close(promise: nil)
        }
        answer(problem, context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        renew(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isOver {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        context.write(data, promise: promise)
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind == .informational { break }
            isAnswerPartial = true
            isStream = head.headerFields[.contentType] == "text/event-stream"
        case .body: if isStream { renew(context, restart: true) }
        case .end:
            isAnswerPartial = false
            isStream = false
            unanswered -= 1
            answered += 1
            renew(context, restart: true)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.close(mode: mode, promise: promise)
        if mode == .output {
            isOver = true
            renew(context)
        }
    }

    // MARK: Deadlines

    /// Waits for what the connection has to do now, if anything.
    private func renew(_ context: ChannelHandlerContext, restart: Bool = false) {
        let next: Wait? =
            if isOver {
                .end
            } else if !context.channel.isWritable {
                .takeAnswer
            } else if isStream {
                .silence
            } else if isRequestPartial || unanswered == 0 {
                .request
            } else {
                nil
            }
        if next == wait && !(restart && (next == .request || next == .silence)) { return }
        wait = next
        deadline?.cancel()
        deadline = nil
        guard let next else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let time =
            switch next {
            case .request: Self.patience
            case .takeAnswer: isStream ? Self.pause : Self.patience
            case .end: Self.farewell
            case .silence: Self.heartbeat
            }
        deadline = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.expired(next, context)
        }
    }

    private func expired(_ wait: Wait, _ context: ChannelHandlerContext) {
        deadline = nil
        switch wait {
        case .request where !isRequestPartial && answered > 0:
            // A client that keeps its connection for a next request and has none; it expects this.
            context.close(promise: nil)
        case .request: answer(Problem(.timeout, "the request did not come within 10 s"), context)
        case .takeAnswer, .end: context.close(promise: nil)
        case .silence:
            context.writeAndFlush(wrapOutboundOut(.body(ByteBuffer(staticString: ": still here\n\n"))), promise: nil)
            renew(context, restart: true)
        }
    }

    /// Answers in place of everybody else, unless an answer to something else is on its way, and ends the connection.
    private func answer(_ problem: Problem, _ context: ChannelHandlerContext) {
        guard !isAnswerPartial, unanswered == (isRequestPartial ? 1 : 0) else { return context.close(promise: nil) }
        let (head, body) = problem.response
        var closing = head
        closing.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(closing)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        close(context: context, mode: .output, promise: nil)
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
