"""Python's http.server on the socket that is passed as descriptor 3.

Usage: server.py [--plain] [--leak BYTES]

At SIGTERM it takes no more connections and finishes what it has; with --plain it is as http.server is by itself: it dies,
whatever it is doing. With --leak each request takes so many bytes and never gives them back.
"""

import argparse
import http.server
import signal
import socket
import threading
import time

import application

leaked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(application.SLOW)
        if options.leak:
            leaked.append(b"x" * options.leak)
        body = application.answer()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    # Its end waits for the threads.
    daemon_threads = False


parser = argparse.ArgumentParser()
parser.add_argument("--plain", action="store_true")
parser.add_argument("--leak", type=int, default=0)
options = parser.parse_args()

server = Server(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
# Whoever shares the socket may have taken the connection that poll(2) told of.
server.socket.setblocking(False)


# SIGTERM is for a thread that waits for it, as shutdown() waits for the loop. (A handler that started that thread would
# interrupt the loop anywhere, even where it holds a lock that a new thread needs.)
def stop() -> None:
    signal.sigwait([signal.SIGTERM])
    server.shutdown()


if not options.plain:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    threading.Thread(target=stop, daemon=True).start()
application.notify("READY=1")
server.serve_forever(poll_interval=0.05)
server.server_close()
