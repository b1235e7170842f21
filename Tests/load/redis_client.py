"""Counts in several Redis servers, each over one connection that is never opened again.

Usage: redis_client.py [--report N] SOCKET...

Redis keeps the count in memory, so that one answer that is missing or out of order shows: a server that was restarted
begins anew, and one that was merely unreachable breaks the connection. It prints "answered" when each has counted N times
(--report), and again for each SIGUSR1. At SIGTERM it prints one line of JSON.
"""

import argparse
import asyncio
import json
import signal
import time

parser = argparse.ArgumentParser()
parser.add_argument("--report", type=int, default=100)
parser.add_argument("sockets", nargs="+")
options = parser.parse_args()

stopping = asyncio.Event()
failures: list[str] = []
answered = 0
awaited: dict[str, int] = {}
longest = 0.0


def wait_for_more() -> None:
    # One may be on its way.
    awaited.update({path: options.report + 1 for path in options.sockets})


async def count(path: str) -> None:
    global answered, longest
    last = 0
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        while not stopping.is_set():
            start = time.monotonic()
            writer.write(b"INCR requests\r\n")
            answer = await reader.readline()
            longest = max(longest, time.monotonic() - start)
            if answer != f":{last + 1}\r\n".encode():
                raise ValueError(f"{answer!r} after {last}")
            last += 1
            answered += 1
            if awaited[path]:
                awaited[path] -= 1
                if not any(awaited.values()):
                    print("answered", flush=True)
        writer.close()
    except (OSError, ValueError) as error:
        failures.append(f"{path}: {error!r}")


async def main() -> None:
    wait_for_more()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, wait_for_more)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await asyncio.gather(*(count(path) for path in options.sockets))
    print(json.dumps({
        "asked": answered + len(failures), "answered": answered, "failed": len(failures), "failures": failures,
        "longest_ms": round(longest * 1000, 1),
    }), flush=True)


asyncio.run(main())
