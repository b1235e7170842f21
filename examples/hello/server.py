#!/usr/bin/env python3
"""A web server as it may run under Cadre: it takes its listening socket from Cadre (LISTEN_FDS), says when it is
ready (sd_notify), and at SIGTERM finishes what it has begun."""

import http.server
import os
import signal
import socket
import threading


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        worker = f"{os.environ['CADRE_SERVICE']}/{os.environ['CADRE_WORKER']}"
        body = f"hello from {worker}, process {os.getpid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        print(f"{self.command} {self.path}", flush=True)


class Server(http.server.ThreadingHTTPServer):
    # Wait for requests under way when closing.
    daemon_threads = False

    def __init__(self):
        super().__init__(("", 0), Hello, bind_and_activate=False)
        self.socket.close()
        # The first passed socket; sd_listen_fds(3).
        self.socket = socket.socket(fileno=3)
        # It is the other workers' as well: who is told of a connection may find it taken, and must not wait for the next.
        self.socket.setblocking(False)


def notify(message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(message.encode(), os.environ["NOTIFY_SOCKET"])


server = Server()


# SIGTERM is for a thread that waits for it, as shutdown() waits for the loop. (A handler that started that thread would
# interrupt the loop anywhere, even where it holds a lock that a new thread needs.)
def stop():
    signal.sigwait([signal.SIGTERM])
    server.shutdown()


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
threading.Thread(target=stop, daemon=True).start()
notify("READY=1")
server.serve_forever()
server.server_close()
