"""The shop's web application: small, but a real Flask application under a real uWSGI."""

import os
import socket
import time

from flask import Flask, jsonify, request

app = Flask(__name__)
STARTED = time.time()


@app.route("/")
def index():
    return f"Flask in pod {socket.gethostname()} says hello over {request.headers.get('X-Forwarded-Proto', 'http')}\n"


@app.route("/who")
def who():
    return jsonify(pod=socket.gethostname(), pid=os.getpid(), uid=os.getuid(), started=STARTED)


@app.route("/healthz")
def healthz():
    return "ok\n"


@app.route("/slow")
def slow():
    """Answers after ?seconds=N (at most 60): for tests of graceful ends."""
    time.sleep(min(float(request.args.get("seconds", "1")), 60))
    return "done\n"
