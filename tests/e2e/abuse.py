#!/usr/bin/env python3
"""What no client should do, against the API's socket (safety T27): attaches that go at once, resizes to a terminal that
nobody reads, output without end.

    abuse.py SOCKET PODS-PATH POD [--attaches N] [--resizes N] [--bytes N]
"""
import argparse
import socket
import struct
import time

HANDSHAKE = (
    "GET {} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"
)


class Client:
    def __init__(self, path, target):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.socket.sendall(HANDSHAKE.format(target).encode())
        self.early = b""
        while b"\r\n\r\n" not in self.early:
            got = self.socket.recv(4096)
            if not got:
                raise SystemExit(f"{target}: the connection was closed: {self.early}")
            self.early += got
        head, self.early = self.early.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def send(self, channel, data):
        message = bytes([channel]) + data
        head = bytes([0x82, 0x80 | len(message)]) if len(message) < 126 else struct.pack("!BBH", 0x82, 0xFE, len(message))
        self.socket.sendall(head + b"\0\0\0\0" + message)

    def close(self):
        self.socket.close()


def attach(options):
    """A stream that must be free again: others may just be going."""
    for _ in range(200):
        client = Client(options.socket, f"{options.pods}/{options.pod}/attach?stdin=true&tty=true")
        if client.status == 101:
            return client
        client.close()
        time.sleep(0.02)
    raise SystemExit(f"attach: {client.status} {client.early}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("pods")
    parser.add_argument("pod")
    parser.add_argument("--attaches", type=int, default=5000)
    parser.add_argument("--resizes", type=int, default=10000)
    parser.add_argument("--bytes", type=int, default=4 << 30)
    options = parser.parse_args()

    for i in range(options.attaches):
        client = Client(options.socket, f"{options.pods}/{options.pod}/attach?tty=true")
        if i % 2:
            client.send(4, b'{"Width":80,"Height":24}')
        client.close()

    # Its output is not read, and so neither is the terminal's.
    client = attach(options)
    client.socket.setblocking(False)
    sent = 0
    until = time.monotonic() + 60
    while sent < options.resizes and time.monotonic() < until:
        try:
            client.send(4, b'{"Width":%d,"Height":24}' % (80 + sent % 100))
            sent += 1
        except BlockingIOError:
            time.sleep(0.001)
    client.close()
    if sent < options.resizes:
        raise SystemExit(f"only {sent} resizes were taken")

    client = Client(options.socket, f"{options.pods}/{options.pod}/exec?command=cat&command=/dev/zero")
    got = 0
    buffer = bytearray(1 << 20)
    while got < options.bytes:
        n = client.socket.recv_into(buffer)
        if not n:
            raise SystemExit("exec: ended early")
        got += n
    client.close()


main()
