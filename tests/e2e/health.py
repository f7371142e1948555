#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real gRPC server with a health service of its own making. health.py ADDRESS PORT
Services: "" SERVING, "down" NOT_SERVING, "slow" never answers; others are not found."""
import sys
import time
from concurrent import futures

import grpc

STATUS = {"": 1, "down": 2}


def check(request, context):
    service = request[2:].decode()
    if service == "slow":
        time.sleep(30)
    if service not in STATUS:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, STATUS[service]])


class Handler(grpc.GenericRpcHandler):
    def service(self, call):
        if call.method != "/grpc.health.v1.Health/Check" or "bare" in sys.argv:
            return None
        return grpc.unary_unary_rpc_method_handler(check)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=(Handler(),))
port = server.add_insecure_port(f"{sys.argv[1]}:{sys.argv[2]}")
server.start()
print(port, flush=True)
server.wait_for_termination()
