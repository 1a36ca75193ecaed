"""A merchant's endpoint with nothing but Python's standard library.

Verifies each webhook's signature over the raw bytes, as the developers' page tells it, and writes
a line of JSON per request. Usage: merchant.py SECRET PORT_FILE OUTPUT
"""

import hashlib
import hmac
import http.server
import json
import os
import sys
import time

SECRET, PORT_FILE, OUTPUT = sys.argv[1:]


def verified(header, body):
    """Whether one v1 of the header is the HMAC-SHA256 of `t.body`, and t is less than 5 minutes off."""
    parts = [part.split("=", 1) for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1 or abs(time.time() - int(times[0])) > 300:
        return False
    wanted = hmac.new(SECRET.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and hmac.compare_digest(value, wanted) for name, value in parts)


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = verified(self.headers.get("X-Fluxa-Signature", ""), body)
        event = json.loads(body)
        with open(OUTPUT, "a", encoding="utf-8") as output:
            output.write(json.dumps({"verified": good, "id": event["id"], "type": event["type"]}) + "\n")
        self.send_response(200 if good else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
with open(PORT_FILE + ".new", "w", encoding="utf-8") as port_file:
    port_file.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
