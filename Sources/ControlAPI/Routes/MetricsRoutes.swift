import Cadre
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Specification

extension RouteTable {
    /// The figures of all, for Prometheus and the like.
    mutating func addMetrics(_ supervisor: Supervisor, version: String) {
        get("/metrics") { call in
            let format = MetricsFormat(accept: call.request.headers[.accept])
            let aliases = await supervisor.metrics.aliases
            let survey = await supervisor.survey(leaders: MetricsText.leaders(for: aliases))
            let text = MetricsText.metrics(of: survey, format: format, aliases: aliases, version: version)
            return Response(
                status: .ok, headers: [.contentType: format.contentType, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
        }
    }
}
