"""Many connections that are slow on purpose, as a program of its own: a test starts it beside its own, quick clients.

    slow_clients.py PORT KIND COUNT     KIND: head, body, reader, idle

Each connection that the server ends is opened again, until standard input ends. Says `open N` once all are there, and
at the end how many were opened in all.
"""

import errno
import os
import resource
import select
import socket
import sys
import time

READ_SIZE = 4096
DRIP_SECONDS = 2.0
PIECE = {
    "head": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "body": b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b" " * 20_000,
    "reader": b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
    "idle": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}
DRIP = {"head": b"X-A: b\r\n", "body": b" ", "reader": b"", "idle": b""}


class Slow:
    def __init__(self, port: int, kind: str, count: int):
        self.port, self.kind, self.count = port, kind, count
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.opened = 0

    def open_missing(self, at_once: int = 200):
        for _ in range(min(at_once, self.count - len(self.sockets))):
            connection = socket.socket()
            if self.kind == "reader":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.setblocking(False)
            # Many addresses of this machine, since one has only so many ports.
            connection.bind((f"127.0.0.{2 + self.opened % 200}", 0))
            try:
                connection.connect(("127.0.0.1", self.port))
            except BlockingIOError:
                pass
            except OSError:
                connection.close()
                return
            self.opened += 1
            self.sockets[connection.fileno()] = connection
            self.poll.register(connection.fileno(), select.EPOLLOUT | select.EPOLLRDHUP)

    def drop(self, number: int):
        self.poll.unregister(number)
        self.sockets.pop(number).close()

    def handle_events(self):
        for number, events in self.poll.poll(0.05):
            connection = self.sockets[number]
            if events & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                self.drop(number)
            elif events & select.EPOLLOUT:
                self.send(number, connection, PIECE[self.kind])
                if number in self.sockets:
                    self.poll.modify(number, select.EPOLLRDHUP)

    def send(self, number: int, connection: socket.socket, text: bytes):
        try:
            connection.send(text)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
                self.drop(number)

    def drip(self):
        for number, connection in list(self.sockets.items()):
            self.send(number, connection, DRIP[self.kind])

    def run(self):
        told, next_drip = False, time.monotonic() + DRIP_SECONDS
        os.set_blocking(0, False)
        while True:
            try:
                if os.read(0, 100) == b"":
                    break
            except BlockingIOError:
                pass
            self.open_missing()
            self.handle_events()
            if not told and len(self.sockets) >= self.count * 0.95:
                print(f"open {len(self.sockets)}", flush=True)
                told = True
            if time.monotonic() >= next_drip and DRIP[self.kind]:
                self.drip()
                next_drip = time.monotonic() + DRIP_SECONDS
        print(f"opened {self.opened}", flush=True)


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Slow(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run()
