"""What the servers of the load tests serve: `wsgi` for gunicorn, `asgi` for uvicorn.

Each answer tells who gave it: the worker, its incarnation, the process and the release. `/slow` takes its time, so that a
server which is stopped always has something to finish. The release "bad" doesn't come up, and "bad-1" doesn't come up in
worker 1.
"""

import asyncio
import os
import socket
import time

SLOW = 0.05

if os.environ.get("RELEASE") in ("bad", f"bad-{os.environ.get('CADRE_WORKER')}"):
    raise SystemExit("this release is a bad one")


def answer() -> bytes:
    environment = os.environ
    worker = f"{environment.get('CADRE_SERVICE', '-')}/{environment.get('CADRE_WORKER', '-')}"
    incarnation = environment.get("CADRE_INCARNATION", "-")
    return f"{worker} {incarnation} {os.getpid()} {environment.get('RELEASE', '-')}\n".encode()


def notify(state: str) -> None:
    """Tells the supervisor, as sd_notify(3) does."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.connect("\0" + path[1:] if path.startswith("@") else path)
        connection.sendall(state.encode())


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(SLOW)
    body = answer()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
                notify("READY=1")
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return
    if scope["path"] == "/slow":
        await asyncio.sleep(SLOW)
    body = answer()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
