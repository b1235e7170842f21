import CLinux
import Cadre
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Reactor
import Specification
import Synchronization
import SystemPackage

/// The question that a worker answers at its `introspect` URL.
///
/// It all happens on the event loop and its timers: no other way to wait, such as that of the standard executor, comes
/// without threads that wake an idle supervisor.
struct IntrospectionRequest {
    /// How long it may take in all.
    static let timeLimit = TimeAmount.seconds(2)
    /// How much of an answer is taken.
    static let mostBytes = 64 << 10

    let eventLoop: any EventLoop

    /// Asks, and fills in what was answered, or why nothing was.
    func perform(_ question: IntrospectionAnswer) async -> IntrospectionAnswer {
        var answer = question
        let deadline = NIODeadline.now() + Self.timeLimit
        do throws(any Error) {
            let target = try IntrospectionURL.parse(question.url)
            var problem: any Error = IntrospectionError.late
            for address in try await addresses(of: target, until: deadline) {
                do {
                    return try await ask(target, at: address, until: deadline, answer)
                } catch {
                    problem = error
                }
            }
            throw problem
        } catch let error as IntrospectionError {
            answer.problem = error.description
        } catch let error as IOError {
            answer.problem = "nobody answers there: \(SystemCallError(error).description)"
        } catch ChannelError.connectTimeout {
            answer.problem = IntrospectionError.late.description
        } catch {
            answer.problem = "there is no answer: \(error)"
        }
        return answer
    }

    private func ask(
        _ target: IntrospectionURL.Target, at address: NIOCore.SocketAddress, until deadline: NIODeadline,
        _ answer: IntrospectionAnswer
    ) async throws -> IntrospectionAnswer {
        let promise = eventLoop.makePromise(of: IntrospectionAnswer.self)
        // The context reads the system's certificates, which isn't for an event loop.
        let encryption = target.isEncrypted ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
        let handler = NIOLoopBoundBox.makeBoxSendingValue(
            IntrospectionHandler(target: target, answer: answer, deadline: deadline, promise: promise),
            eventLoop: eventLoop)
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(max(deadline - .now(), .milliseconds(1)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let encryption {
                        try pipeline.addHandler(
                            try NIOSSLClientHandler(context: encryption, serverHostname: target.serverName))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(handler.value)
                }
            }
            .connect(to: address)
        // What has no connection has no handler that would keep the promise.
        connected.whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }

    /// Where the worker may be, by the system's resolver, which blocks and therefore has a thread.
    private func addresses(
        of target: IntrospectionURL.Target, until deadline: NIODeadline
    ) async throws -> [NIOCore.SocketAddress] {
        switch target.address {
        case .unix(let path): return [try NIOCore.SocketAddress(unixDomainSocketPath: path)]
        case .internet(let host, let port):
            let host = host ?? "localhost"
            if let known = try? NIOCore.SocketAddress(ipAddress: host, port: Int(port)) { return [known] }
            let promise = eventLoop.makePromise(of: [NIOCore.SocketAddress].self)
            let isKept = Mutex(false)
            let keep: @Sendable (Result<[NIOCore.SocketAddress], any Error>) -> Void = { result in
                if !isKept.withLock({ exchange(&$0, with: true) }) { promise.completeWith(result) }
            }
            let timer = eventLoop.scheduleTask(deadline: deadline) { keep(.failure(IntrospectionError.late)) }
            try startThread(name: "cadre-resolve") { keep(Result { try resolve(host, port) }) }
            defer { timer.cancel() }
            return try await promise.futureResult.get()
        }
    }
}

/// One exchange on a connection of its own.
private final class IntrospectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let target: IntrospectionURL.Target
    private let deadline: NIODeadline
    private var answer: IntrospectionAnswer
    private var body: [UInt8] = []
    private var promise: EventLoopPromise<IntrospectionAnswer>?
    private var timer: Scheduled<Void>?

    init(
        target: IntrospectionURL.Target, answer: IntrospectionAnswer, deadline: NIODeadline,
        promise: EventLoopPromise<IntrospectionAnswer>
    ) {
        self.target = target
        self.answer = answer
        self.deadline = deadline
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.end(context, IntrospectionError.late)
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.path)
        head.headers.add(name: "Host", value: target.host)
        head.headers.add(name: "Accept", value: "*/*")
        head.headers.add(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer.status = Int(head.status.code)
            answer.contentType = head.headers.first(name: "Content-Type")
        case .body(let buffer):
            body += buffer.readableBytesView.prefix(IntrospectionRequest.mostBytes + 1 - body.count)
            if body.count > IntrospectionRequest.mostBytes {
                body.removeLast()
                answer.isCut = true
                end(context, nil)
            }
        case .end: end(context, nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, IntrospectionError.hungUp)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, error)
    }

    /// Keeps the promise, once. Of an answer whose end is missing there is what came.
    private func end(_ context: ChannelHandlerContext, _ error: (any Error)?) {
        guard let promise else { return }
        self.promise = nil
        timer?.cancel()
        answer.text = answer.status == nil ? nil : String(decoding: body, as: UTF8.self)
        if let error, answer.status != nil {
            answer.isCut = true
            answer.problem = (error as? IntrospectionError)?.description ?? "\(error)"
        }
        if let error, answer.status == nil { promise.fail(error) } else { promise.succeed(answer) }
        context.close(promise: nil)
    }
}

/// Why a worker's answer isn't there, or isn't whole.
private enum IntrospectionError: Error, CustomStringConvertible {
    case late
    case hungUp
    case unknownHost(String, reason: String)

    var description: String {
        switch self {
        case .late: "it did not answer within 2 s"
        case .hungUp: "it hung up before the answer was whole"
        case .unknownHost(let host, let reason): "the host \(host) isn't found: \(reason)"
        }
    }
}

/// The addresses of a host.
private func resolve(_ host: String, _ port: UInt16) throws(IntrospectionError) -> [NIOCore.SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &found)
    guard code == 0 else { throw .unknownHost(host, reason: String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(found) }
    var addresses: [NIOCore.SocketAddress] = []
    var next = found
    while let entry = next?.pointee {
        next = entry.ai_next
        guard let address = entry.ai_addr else { continue }
        switch entry.ai_family {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                addresses.append(NIOCore.SocketAddress($0.pointee, host: host))
            }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                addresses.append(NIOCore.SocketAddress($0.pointee, host: host))
            }
        default: break
        }
    }
    return addresses
}

extension IntrospectionURL.Target {
    /// The host and the port, as the header `Host` wants them.
    fileprivate var host: String {
        switch address {
        case .internet(let host?, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .internet(nil, _), .unix: "localhost"
        }
    }

    /// The name that the certificate must have; nil for an address, which a TLS client can't send.
    fileprivate var serverName: String? {
        guard case .internet(let host?, _) = address else { return nil }
        return (try? NIOCore.SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}

extension SystemCallError {
    fileprivate init(_ error: IOError) {
        self.init(call: "connect", errno: Errno(rawValue: error.errnoCode))
    }
}
