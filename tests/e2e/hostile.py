#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server that answers probes as badly as it can: the path says how. hostile.py ADDRESS PORT [CERTIFICATE KEY]"""
import socket
import ssl
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"


def drip(c, head, piece, pause):
    c.sendall(head)
    while True:
        c.sendall(piece)
        time.sleep(pause)


def redirect(c):
    c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/agent\r\nContent-Length: 4\r\n\r\nthat")


ANSWERS = {
    "ok": lambda c: c.sendall(OK + b"Content-Length: 2\r\n\r\nok"),
    "broken": lambda c: c.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    "away": redirect,
    "endless": lambda c: drip(c, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n", 0),
    "slow-body": lambda c: drip(c, OK + b"Content-Length: 100000\r\n\r\n", b"x", 1),
    "slow-head": lambda c: drip(c, b"HTTP/1.1 200 OK\r\nX: ", b"x", 1),
    "long-head": lambda c: drip(c, OK, b"X-Long: " + b"x" * 8000 + b"\r\n", 0),
    "one-long-header": lambda c: c.sendall(OK + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n"),
    "never": lambda c: time.sleep(600),
    "nothing": lambda c: None,
    "garbage": lambda c: c.sendall(bytes(range(256)) * 64),
    "http09": lambda c: c.sendall(b"<p>no status line</p>\n" * 1000),
}


def serve(c):
    try:
        request = b""
        while b"\r\n\r\n" not in request:
            request += c.recv(65536) or b"\r\n\r\n"
        words = request.split(b"\r\n")[0].split()
        ANSWERS.get(words[1].decode(errors="replace").strip("/") if len(words) > 1 else "", ANSWERS["broken"])(c)
    except OSError:
        pass
    finally:
        c.close()


def main(address, port, *tls):
    listener = socket.create_server((address, int(port)), backlog=128)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
    if tls:
        context.load_cert_chain(*tls)
    print("listening", flush=True)
    while True:
        c, _ = listener.accept()
        try:
            c = context.wrap_socket(c, server_side=True) if context else c
        except OSError:
            continue
        threading.Thread(target=serve, args=(c,), daemon=True).start()


main(*sys.argv[1:])
