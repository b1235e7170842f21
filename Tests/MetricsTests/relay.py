"""Serves one page: what the upstream URL says at that moment, with its content type or the given one.

Usage: relay.py UPSTREAM [CONTENT-TYPE]

Prints the port that it listens on, on 127.0.0.1, and a line for each request once it is answered, so that who waits for
a scrape need not poll.
"""

import http.server
import sys
import urllib.request

upstream = sys.argv[1]
content_type = sys.argv[2] if len(sys.argv) > 2 else None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {"Accept": self.headers.get("Accept", "*/*")}
        with urllib.request.urlopen(urllib.request.Request(upstream, headers=headers), timeout=60) as response:
            body = response.read()
            kind = content_type or response.headers["Content-Type"]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("answered", self.path, flush=True)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_address[1], flush=True)
server.serve_forever()
