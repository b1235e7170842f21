"""A setting for uvicorn: `uvicorn --http patient:Protocol`.

When uvicorn is told to stop it closes the connections that have no request in work. One of them may be a connection that
was just accepted, and whose first request is on its way or already there unread: its client gets no answer. This protocol
answers that first request and then closes the connection. It waits a second for it, as a client that opens connections in
advance may never send one.
"""

from uvicorn.protocols.http.h11_impl import H11Protocol


class Protocol(H11Protocol):
    leaving = False

    def shutdown(self) -> None:
        if self.cycle is not None:
            return super().shutdown()
        self.leaving = True
        self.loop.call_later(1, self.give_up)

    def give_up(self) -> None:
        if self.cycle is None:
            super().shutdown()

    def on_response_complete(self) -> None:
        if self.leaving:
            self.transport.close()
        super().on_response_complete()
