"""A rolling restart, and a release that crashes, while clients ask: for those who can replace workers under load."""

import json
import socket
import sys
import threading
import time

from .cadre import Cadre
from .circus import Circus
from .common import HERE, Failure

WORKERS = 4
CLIENTS = 2
# How long a server takes until it is ready.
LOADING = 0.3
# A client that has waited for this long has failed.
PATIENCE = 2
# What clients ask at the most, so that they end whatever happens.
REQUESTS = 50_000
# How long a release that crashes is given to do harm.
HARM = 10


class RollingCadre(Cadre):
    def configuration(self, *more):
        command = [sys.executable, str(HERE / "server.py"), "3", str(LOADING), *more]
        return (
            f"[service.web]\ncommand = {json.dumps(command)}\nworkers = {WORKERS}\n"
            '[service.web.ready]\nby = "notify"\ntimeout = "20s"\n[service.web.log]\nto = "none"\n'
            f'[[service.web.socket]]\nname = "http"\nlisten = "127.0.0.1:{self.port}"\n'
        )

    def restart(self):
        self.request("POST", "/v1/restart?wait=ready&timeout=60s", b'{"names": ["web"]}')

    def release_broken(self):
        (self.directory / "cadre.toml").write_text(self.configuration("crash"))
        self.request("POST", "/v1/apply", accepted=(200, 202))


class RollingCircus(Circus):
    def configuration(self):
        return (
            f"[circus]\nendpoint = {self.endpoint}\npubsub_endpoint = ipc://{self.directory}/events\n"
            "statsd = False\nloglevel = ERROR\n"
            f"check_delay = {self.poll_seconds}\n"
            f"[socket:http]\nhost = 127.0.0.1\nport = {self.port}\nbacklog = 4096\n"
            f"[watcher:web]\ncmd = {sys.executable}\nargs = {self.arguments()}\nnumprocesses = {WORKERS}\n"
            "use_sockets = True\nwarmup_delay = 0\nmax_retry = -1\ngraceful_timeout = 10\n"
        )

    def arguments(self, *more):
        return " ".join([str(HERE / "server.py"), "$(circus.sockets.http)", str(LOADING), *more])

    def restart(self):
        # Successors first; "sequential" would stop each worker before its successor is started.
        self.call("reload", name="web", waiting=True)

    def release_broken(self):
        self.call("set", name="web", options={"args": self.arguments("crash")})
        self.call("reload", name="web")


ROLLING = {"cadre": RollingCadre, "circus": RollingCircus}


def with_port(kind):
    """The kind with a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return type(kind.__name__, (kind,), {"port": port})


class Clients:
    """Ask one after another, each request on a connection of its own, while this is entered."""

    def __init__(self, port):
        self.port = port
        self.failed = 0
        self.answered = 0
        self.longest = 0.0
        # The longest time for which nobody got an answer.
        self.silence = 0.0
        self.last_answer = time.monotonic()
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]

    def run(self):
        for _ in range(REQUESTS // CLIENTS):
            if self.is_over.is_set():
                return
            began = time.monotonic()
            is_answered = ask(self.port)
            took = time.monotonic() - began
            with self.lock:
                self.longest = max(self.longest, took)
                self.silence = max(self.silence, time.monotonic() - self.last_answer)
                if is_answered:
                    self.answered += 1
                    self.last_answer = time.monotonic()
                else:
                    self.failed += 1
            if not is_answered:
                # Where nobody listens, failures are fast; they are counted as often as answers would come.
                self.is_over.wait(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def ask(port):
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.settimeout(PATIENCE)
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while chunk := client.recv(4096):
                answer += chunk
        return answer.endswith(b"hello\n")
    except OSError:
        return False


def roll(surroundings, kind, add):
    """One restart of all workers, then a release that crashes at its start."""
    with with_port(ROLLING[kind.name])(surroundings, WORKERS) as subject:
        deadline = time.monotonic() + 60
        # An answer takes a worker that is ready, and then the others need as long.
        while not ask(subject.port):
            if time.monotonic() > deadline:
                raise Failure(f"{kind.title}: no server was ready within a minute: {subject.said()}")
            time.sleep(0.01)
        time.sleep(LOADING + 1)
        with Clients(subject.port) as clients:
            time.sleep(0.5)
            began = time.monotonic()
            subject.restart()
            add("rolling_time", (time.monotonic() - began) * 1000)
            # What was told to stop may still stop, and what was started may not be ready.
            time.sleep(LOADING + 1)
        if not clients.answered:
            raise Failure(f"{kind.title}: no request was answered")
        add("rolling_failed", clients.failed)
        add("rolling_longest", clients.longest * 1000)
        with Clients(subject.port) as clients:
            time.sleep(0.5)
            subject.release_broken()
            time.sleep(HARM)
        add("broken_silence", clients.silence * 1000)
