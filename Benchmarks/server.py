"""A small HTTP server for the measurements of a rolling restart: python3 server.py DESCRIPTOR SECONDS [crash].

It takes connections from the socket with that number, and is ready after so many seconds, as a server that has to load
something, or fails then. It says so (sd_notify(3)) to who wants to know. At SIGTERM it finishes what it has.
"""

import http.server
import os
import signal
import socket
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    # Its end waits for the threads.
    daemon_threads = False


def notify(text):
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(text)


server = Server(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
# Whoever shares the socket may have taken the connection that poll(2) told of.
server.socket.setblocking(False)


# SIGTERM is for a thread that waits for it, as shutdown() waits for the loop. (A handler that started that thread would
# interrupt the loop anywhere, even where it holds a lock that a new thread needs.)
def stop():
    signal.sigwait([signal.SIGTERM])
    server.shutdown()


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
threading.Thread(target=stop, daemon=True).start()
time.sleep(float(sys.argv[2]))
if "crash" in sys.argv:
    sys.exit(1)
notify(b"READY=1")
server.serve_forever(poll_interval=0.05)
server.server_close()
