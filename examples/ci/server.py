"""Stands in for your server: takes orders, and marks them as paid when Fluxa says so.

Python's standard library alone. Verifies each webhook over its raw bytes before it believes a word of it.
"""

import hashlib
import hmac
import http.server
import json
import os
import time

SECRET = os.environ["FLUXA_WEBHOOK_SECRET"].encode()
ORDERS = {}
SEEN = set()


def is_genuine(header, body):
    """Whether the signature is ours, and not older or newer than five minutes."""
    parts = [part.split("=", 1) for part in header.split(",") if "=" in part]
    sent_at = next((value for name, value in parts if name == "t"), "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > 300:
        return False
    expected = hmac.new(SECRET, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(value, expected) for name, value in parts if name == "v1")


class Merchant(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        order = self.path.removeprefix("/orders/")
        self.answer(200, {"id": order, "state": ORDERS.get(order, "open")})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_genuine(self.headers.get("X-Fluxa-Signature", ""), body):
            return self.answer(400, {"error": "this was not signed by Fluxa"})
        event = json.loads(body)
        if event["id"] not in SEEN:
            SEEN.add(event["id"])
            print(event["type"], flush=True)
            order = event["data"]["object"].get("metadata", {}).get("order_id")
            state = {"payment.settled": "paid", "payment.failed": "unpaid"}.get(event["type"])
            if order and state:
                ORDERS[order] = state
        self.answer(200, {"received": True})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Merchant).serve_forever()
