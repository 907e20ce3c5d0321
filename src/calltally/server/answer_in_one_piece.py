"""Answers whose head does not travel alone."""

import asyncio


class AnswerInOnePiece:
    """What uvicorn writes an answer to: the head waits for the first part of the body and goes with it.

    Each write is a packet that wakes the sender, who can do nothing with a head.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._begun = False

    def write(self, data: bytes) -> None:
        if not self._begun:
            self._begun, self._head = True, data
        elif self._head is not None:
            self._transport.writelines((self._head, data))
            self._head = None
        else:
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if self._head is not None:
            self._transport.write(self._head)
            self._head = None
        self._transport.close()
