#!/usr/bin/env python3
"""The validator finds each kind of fault. Usage: test_validate_record.py openapi.json"""

import copy
import json
import sys

from validate_record import Contract, check

with open(sys.argv[1], encoding="utf-8") as file:
    contract = Contract(json.load(file))

REQUEST_ID = "req_5f8b2c1e2a4b4d8c"
CUSTOMER = {
    "id": "cus_5f8b2c1e2a4b4d8c", "object": "customer", "livemode": False,
    "created_at": "2026-05-19T10:23:14.572Z", "metadata": {}, "email": "ada@example.com",
    "name": None, "phone": None, "default_payment_method": None,
}
GOOD = {
    "at": "2026-05-19T10:23:14.572Z", "account": "primary",
    "request": {
        "method": "POST", "path": "/v1/customers", "query": "expand[]=default_payment_method",
        "headers": {"content-type": "application/json", "idempotency-key": "one"},
        "body": {"email": "ada@example.com"},
    },
    "response": {
        "status": 201,
        "headers": {
            "content-type": "application/json", "x-fluxa-request-id": REQUEST_ID,
            "fluxa-version": "2026-05-19", "x-ratelimit-limit": "100", "x-ratelimit-remaining": "199",
            "x-ratelimit-reset": "1779186195",
        },
        "body": CUSTOMER,
    },
}
ERROR = {"error": {"type": "not_found", "code": "resource_missing", "message": "No.",
                   "doc_url": "https://docs.fluxapay.co.uk/resource_missing", "request_id": REQUEST_ID}}


def changed(change):
    line = copy.deepcopy(GOOD)
    change(line["request"], line["response"])
    return line


def error(request, response, status=400, **fields):
    response.update(status=status, body={"error": {**ERROR["error"], **fields}})


good = [
    GOOD,
    changed(lambda request, response: error(request, response)),
    changed(lambda request, response: request.update(path="/_mock/health")),
    changed(lambda request, response: (request.update(path="/v1/nonsense"), error(request, response, 404))),
    # What was refused may be anything.
    changed(lambda request, response: (request.update(body={"x": 1}), error(request, response))),
]
for line in good:
    assert list(check(contract, line)) == [], list(check(contract, line))


def drop(name):
    return lambda request, response: response["headers"].pop(name)


def field(name, value):
    return lambda request, response: response["body"].update({name: value})


bad = {
    "status": lambda request, response: response.update(status=202),
    "status of another operation": lambda request, response: error(request, response, 404),
    "status of no operation": lambda request, response: request.update(path="/v1/nonsense"),
    "content type": lambda request, response: response["headers"].update({"content-type": "text/html"}),
    "no content type": drop("content-type"),
    "id": field("id", "pay_5f8b2c1e2a4b4d8c"),
    "time": field("created_at", "yesterday"),
    "type": field("livemode", "no"),
    "missing field": lambda request, response: response["body"].pop("email"),
    "body": lambda request, response: response.update(body="hello"),
    "error body": lambda request, response: response.update(status=400, body={"error": "no"}),
    "other id in the error": lambda request, response: error(request, response, request_id="req_0000000000000000"),
    "odd request id": lambda request, response: response["headers"].update({"x-fluxa-request-id": "1"}),
    "odd limit": lambda request, response: response["headers"].update({"x-ratelimit-limit": "many"}),
    "429 without retry-after": lambda request, response: error(request, response, 429),
    "unknown field of the request": lambda request, response: request["body"].update(colour="red"),
    "type in the request": lambda request, response: request["body"].update(email=1),
    "no body": lambda request, response: request.update(body=None),
    "media type of the request": lambda request, response: request["headers"].update({"content-type": "text/plain"}),
    "unknown query": lambda request, response: request.update(query="colour=red"),
    "idempotency key": lambda request, response: request["headers"].update({"idempotency-key": "a b"}),
    **{f"no {name}": drop(name) for name in GOOD["response"]["headers"] if name != "content-type"},
}
for name, change in bad.items():
    assert list(check(contract, changed(change))), f"not found: {name}"
print(f"the validator passes {len(good)} good exchanges and finds {len(bad)} kinds of fault")
