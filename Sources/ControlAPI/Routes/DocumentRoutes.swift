import COpenAPI
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// The document that describes these routes.
    mutating func addDocument() {
        let document = ByteBuffer(bytes: openAPIDocument())
        get("/v1/openapi.json") { _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: document))
        }
    }
}

/// The text of `openapi.json`.
func openAPIDocument() -> [UInt8] {
    var size = 0
    let document = cadre_openapi(&size)
    return Array(UnsafeRawBufferPointer(start: document, count: size))
}
