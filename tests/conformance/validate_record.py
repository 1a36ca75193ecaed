#!/usr/bin/env python3
"""Checks a recording of requests and responses against the contract, with a validator that is not ours
(python-jsonschema). Usage: validate_record.py FILE.ndjson… openapi.json

Each line is {"at", "account", "request": {method, path, query, headers, body}, "response": {status,
headers, body}}; a body is a JSON value, a text, or null for none. Reported is every response that the
contract does not document: its status, media type, body, headers; and every request that it does not
allow but the server carried out."""

import json
import re
import sys
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ALWAYS = ["x-fluxa-request-id", "fluxa-version", "x-ratelimit-limit", "x-ratelimit-remaining",
          "x-ratelimit-reset"]


class Contract:
    def __init__(self, document):
        self.document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:contract", resource)
        self.validators = {}
        self.paths = []
        for template, methods in document["paths"].items():
            pattern = "".join(
                "[^/]+" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]*\})", template)
            )
            self.paths.append((template.count("{"), re.compile(f"/v1{pattern}"), methods))
        # A literal path beats a template.
        self.paths.sort(key=lambda path: path[0])

    def resolve(self, value):
        while "$ref" in value:
            node = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
            value = node
        return value

    def operation(self, method, path):
        for _, pattern, methods in self.paths:
            if pattern.fullmatch(path):
                return methods.get(method.lower())
        return None

    def faults(self, schema, value, where):
        name = json.dumps(schema, sort_keys=True)
        if name not in self.validators:
            absolute = json.loads(name.replace('"#/', '"urn:contract#/'))
            self.validators[name] = Draft202012Validator(
                absolute, registry=self.registry, format_checker=FormatChecker()
            )
        for error in self.validators[name].iter_errors(value):
            yield f"{where}{error.json_path[1:]}: {error.message[:300]}"


def lowered(headers):
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {name.lower(): value for name, value in pairs}


def media_of(headers):
    return (headers.get("content-type") or "").split(";")[0].strip().lower()


def is_integer(text):
    return re.fullmatch(r"-?[0-9]+", text) is not None


def check_response(contract, operation, response):
    status, headers = response["status"], lowered(response["headers"])
    for name in ALWAYS:
        if name not in headers:
            yield f"the response lacks {name}"
    if "x-fluxa-request-id" in headers and not re.fullmatch(
        r"req_[0-9a-f]{16}", headers["x-fluxa-request-id"]
    ):
        yield f"the request id is {headers['x-fluxa-request-id']!r}"
    for name in ALWAYS[2:]:
        if name in headers and not is_integer(headers[name]):
            yield f"{name} is {headers[name]!r}"
    if status == 429 and "retry-after" not in headers:
        yield "a 429 lacks retry-after"
    media, body = media_of(headers), response.get("body")
    if operation is None:
        documented = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        if status < 400:
            yield f"status {status} for what the contract does not have"
    else:
        responses = operation["responses"]
        documented = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if documented is None:
            yield f"status {status} is not documented"
            return
        documented = contract.resolve(documented)
    for name, header in documented.get("headers", {}).items():
        if contract.resolve(header).get("required") and name.lower() not in headers:
            yield f"the response lacks {name}"
    content = documented.get("content", {})
    if media not in content:
        yield f"content type {media!r} is not documented for {status}"
        return
    if media == "application/json":
        if isinstance(body, str):
            # A recording may keep every body as text.
            try:
                body = json.loads(body)
            except ValueError:
                yield "the body is not JSON"
                return
        yield from contract.faults(content[media]["schema"], body, "response")
        if status >= 400 and isinstance(body, dict):
            error = body.get("error")
            if isinstance(error, dict) and error.get("request_id") != headers.get("x-fluxa-request-id"):
                yield "the error's request_id is not the header's"
    elif body is not None and not isinstance(body, str):
        yield f"the body of {media} is no text"


def check_request(contract, operation, request):
    """Of a request that was carried out."""
    headers = lowered(request["headers"])
    query = request.get("query") or ""
    names = [name for name, _ in (parse_qsl(query, keep_blank_values=True) if isinstance(query, str) else
                                  query.items())]
    parameters = [contract.resolve(parameter) for parameter in operation.get("parameters", [])]
    known = set()
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query":
            known.add(name.split("[")[0])
            if parameter.get("required") and name not in names:
                yield f"the required parameter {name} is absent"
        elif parameter["in"] == "header" and name.lower() in headers:
            yield from contract.faults(parameter["schema"], headers[name.lower()], f"header {name}")
    for name in names:
        if name.split("[")[0] not in known:
            yield f"the query has {name}, which the contract does not know"
    described, body = operation.get("requestBody"), request.get("body")
    if body in (None, ""):
        if described is not None and contract.resolve(described).get("required"):
            yield "the required body is absent"
        return
    if described is None:
        if body != {}:
            yield "a body, and the contract has none"
        return
    content = contract.resolve(described)["content"]
    media = media_of(headers) or "application/json"
    if media not in content:
        yield f"the request's content type {media!r} is not documented"
    elif media == "application/json":
        if isinstance(body, str):
            body = json.loads(body)
        if isinstance(body, dict) and list(body.get("card") or []) == ["last4"]:
            # The recording keeps no card: what was sent in its place cannot be judged.
            body = {**body, "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}}
        yield from contract.faults(content[media]["schema"], body, "request")


def check(contract, line):
    request, response = line["request"], line["response"]
    if not request["path"].startswith("/v1/"):
        return
    if response["status"] is None:
        # Nobody waited for the answer.
        return
    operation = contract.operation(request["method"], request["path"])
    yield from check_response(contract, operation, response)
    if operation is not None and response["status"] < 300:
        yield from check_request(contract, operation, request)


def main(arguments):
    *files, document = arguments
    with open(document, encoding="utf-8") as file:
        contract = Contract(json.load(file))
    lines, faults, operations = 0, 0, set()
    for name in files:
        with open(name, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith("\n"):
                    # The process was killed while it wrote this one.
                    continue
                line = json.loads(text)
                lines += 1
                found = contract.operation(line["request"]["method"], line["request"]["path"])
                if found:
                    operations.add(found["operationId"])
                for fault in check(contract, line):
                    faults += 1
                    request = line["request"]
                    print(f"{name}:{number}: {request['method']} {request['path']} "
                          f"{line['response']['status']}: {fault}")
    print(f"{lines} exchanges, {len(operations)} operations, {faults} faults")
    return 1 if faults or not lines else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
