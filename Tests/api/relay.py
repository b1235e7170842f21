#!/usr/bin/env python3
"""Lets programs that only speak TCP reach a control socket: a relay from a loopback port, printed first, to the socket.

Each connection is handed on as it is, with one exception: a stream of events, which never ends, ends after its first
event, so that what reads it gets to its end.

Usage: relay.py SOCKET
"""

import asyncio
import re
import sys


async def relay(path, reader, writer):
    try:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(path)
    except OSError:
        writer.close()
        return
    requests = asyncio.create_task(copy(reader, upstream_writer))
    try:
        await answers(upstream_reader, writer)
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        requests.cancel()
        upstream_writer.close()
        writer.close()


async def copy(reader, writer):
    """Hands on what comes, and its end."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        pass


async def answers(reader, writer):
    """Hands answers on, up to the first that is a stream of events."""
    while data := await reader.read(65536):
        head_end = data.find(b"\r\n\r\n")
        if b"content-type: text/event-stream\r\n" not in data[: head_end + 2].lower():
            writer.write(data)
            await writer.drain()
            continue
        head, data = data[: head_end + 2], data[head_end + 4 :]
        # The body of the answer that goes on ends with the connection.
        head = re.sub(b"(?i)transfer-encoding: chunked\r\n", b"", head) + b"Connection: close\r\n\r\n"
        while b"\r\n" not in data:
            data += await reader.readexactly(1)
        size, data = data.split(b"\r\n", 1)
        size = int(size, 16)
        if len(data) < size:
            data += await reader.readexactly(size - len(data))
        writer.write(head + data[:size])
        await writer.drain()
        return


async def main():
    path = sys.argv[1]
    running = set()  # the event loop holds tasks weakly

    def connected(reader, writer):
        task = asyncio.create_task(relay(path, reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
