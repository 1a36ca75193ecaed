"""What schemathesis does not know by itself: ids of objects that exist, what an idempotency key promises,
and what a cursor promises."""

import atexit
import collections
import json
import os
import re
import sys
import threading
import urllib.parse
import uuid

import requests
import schemathesis

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from validate_record import Contract  # noqa: E402

BASE = os.environ["CONFORMANCE_BASE"]
KEY = "sk_test_mock0000000000000000000000000000"
EXAMPLE_KEY = "8d8fcb1d-7b8a-4d6c-9a13-1f7c8e9b8c5d"
ID = re.compile(r"^[a-z]{2,3}_[0-9a-f]{16}$")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../openapi.json"), encoding="utf-8") as file:
    contract = Contract(json.load(file))

local = threading.local()


def session():
    """One connection for each worker."""
    if not hasattr(local, "session"):
        local.session = requests.Session()
        local.session.headers["Authorization"] = f"Bearer {KEY}"
    return local.session


def call(method, path, body=None, **headers):
    return session().request(method, BASE + path, json=body, headers=headers, timeout=10)


# --- objects that exist -------------------------------------------------------------------------------

def card():
    """A test card that has not expired, however far the clock has been advanced."""
    year = int(call("GET", "/sandbox/clock").json()["now"][:4])
    return {"number": "4242424242424242", "exp_month": 12, "exp_year": year + 1, "cvc": "123"}


# The id of the key that the run itself uses: revoked or rotated, it would end the run unnoticed.
own_key = None


class Pool:
    """Ids that the server has told of, by prefix; the newest few, and what was made at the start."""

    def __init__(self):
        self.ids = {}

    def learn(self, value):
        if isinstance(value, dict):
            for item in value.values():
                self.learn(item)
        elif isinstance(value, list):
            for item in value:
                self.learn(item)
        elif isinstance(value, str) and ID.match(value) and value != own_key:
            prefix = value.split("_")[0]
            known = self.ids.setdefault(prefix, [])
            if value not in known:
                known.append(value)
                if len(known) > 200:
                    del known[50]

    def like(self, value):
        """An id that exists in the place of one that was generated; one in four stays as it is."""
        number = int(value.split("_")[1], 16) if ID.match(value) else 0
        known = self.ids.get(value.split("_")[0])
        if not known or number % 4 == 3:
            return value
        return known[(number // 4) % len(known)]

    def put(self, value):
        if isinstance(value, dict):
            return {name: self.put(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.put(item) for item in value]
        if isinstance(value, str) and ID.match(value):
            return self.like(value)
        return value


pool = Pool()


def make(path, body, **headers):
    answer = call("POST", path, body, **headers)
    answer.raise_for_status()
    pool.learn(answer.json())
    return answer.json()


def customer():
    return make("/customers", {"email": "ada@example.com", "name": "Ada"})


def checkout(**more):
    return make("/checkout/sessions", {"amount": 4999, "currency": "GBP", "success_url": "https://example.com/done",
                                       "cancel_url": "https://example.com/cancel", **more})


def payment(timing="instant", **more):
    session_id = checkout(**more)["id"]
    return make(f"/sandbox/checkout/sessions/{session_id}/complete", {"card": card()},
                **{"X-Fluxa-Sandbox-Timing": timing})


def refund():
    return make("/refunds", {"payment": payment()["id"], "amount": 100})


subscriptions = []


def retire_subscriptions(identifier):
    """The clock is advanced by years again and again, and each would renew all the way: a few are enough."""
    subscriptions.append(identifier)
    if len(subscriptions) > 4:
        call("POST", f"/subscriptions/{subscriptions.pop(0)}/cancel", {})


def subscription():
    made = make("/subscriptions", {"customer": card_holder(), "amount": 999, "currency": "GBP", "interval": "month"})
    retire_subscriptions(made["id"])
    return made


def dispute():
    return make("/sandbox/disputes", {"payment": payment()["id"]})


def api_key():
    return make("/api_keys", {"kind": "restricted", "name": "seed", "scopes": ["payments:read"]})


def card_holder():
    """A customer with a stored card."""
    payer = customer()["id"]
    payment(customer=payer)
    return payer


def free_card():
    """A stored card that belongs to nobody."""
    stored = call("GET", f"/customers/{card_holder()}/payment_methods").json()["data"][0]["id"]
    return make(f"/payment_methods/{stored}/detach", {})["id"]


# What makes one more object of a list.
MAKERS = {
    "/customers": customer, "/checkout/sessions": checkout, "/payments": payment, "/refunds": refund,
    "/subscriptions": subscription, "/disputes": dispute, "/api_keys": api_key, "/ledger/entries": payment,
    "/events": customer,
}


def every(path):
    """The objects of a list, page by page."""
    cursor = ""
    while cursor is not None:
        page = call("GET", f"{path}?limit=100{cursor and '&after='}{cursor}").json()
        yield from page["data"]
        cursor = page["next_cursor"]


def seed():
    """A few objects of every kind, in several states."""
    global own_key
    own_key = next(key["id"] for key in every("/api_keys") if key["name"] == "Sandbox secret key")

    make("/webhook_endpoints", {"url": "http://127.0.0.1:9/hook"})
    make("/listen_sessions", {})
    api_key()
    for timing in ["instant", "manual", "1h"] * 4:
        checkout()
        payment(timing, customer=customer()["id"])
    for _ in range(4):
        refund()
        subscription()
        dispute()
    call("POST", "/sandbox/settlements/close")
    for path in ["customers", "payments", "refunds", "settlements", "events", "ledger/entries", "api_keys",
                 "webhook_endpoints", "subscriptions", "disputes", "request_logs"]:
        pool.learn(call("GET", f"/{path}?limit=50").json())


@schemathesis.hook
def after_load_schema(context, schema):
    seed()


# Only where the generated id has the right form: a wrong one is there to be refused.
@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return pool.put(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return pool.put(query)


@schemathesis.hook
def map_body(context, body):
    return pool.put(body)


def of(maker):
    """The object in the path is new, hence in the state that the operation needs."""
    def prepare(case):
        case.path_parameters["id"] = maker()["id"]
    return prepare


def paused_subscription():
    return make(f"/subscriptions/{subscription()['id']}/pause", {})


def to_attach(case):
    case.path_parameters["id"] = free_card()
    case.body["customer"] = customer()["id"]


def from_card_holder(case):
    case.body["customer"] = card_holder()
    case.body.pop("payment_method", None)
    case.body.pop("default_payment_method", None)


def with_a_card(case):
    case.path_parameters["id"] = checkout()["id"]
    case.body["card"] = card()
    case.body.pop("payment_method", None)


def to_an_endpoint(case):
    case.path_parameters["id"] = call("GET", "/events?limit=1").json()["data"][0]["id"]
    case.body["endpoint"] = call("GET", "/webhook_endpoints?status=enabled&limit=1").json()["data"][0]["id"]


def of_a_payment(case):
    case.body["payment"] = payment()["id"]


# What generated data alone hardly ever meets: objects in the state that the operation is for.
PREPARED = {
    "payments_create": from_card_holder, "subscriptions_create": from_card_holder,
    "payment_methods_attach": to_attach, "subscriptions_pause": of(subscription),
    "subscriptions_resume": of(paused_subscription), "subscriptions_cancel": of(subscription),
    "disputes_submit_evidence": of(dispute), "disputes_accept": of(dispute), "sandbox_resolve_dispute": of(dispute),
    "sandbox_create_dispute": of_a_payment, "refunds_create": of_a_payment, "checkout_sessions_expire": of(checkout),
    "events_resend": to_an_endpoint, "sandbox_complete_checkout_session": with_a_card,
    "sandbox_advance_payment": of(lambda: payment("manual")),
}
valid_cases = collections.Counter()


def prepare(case):
    """Every third valid request is about objects made for it; the others take what there is."""
    name = case.operation.definition.raw["operationId"]
    if name not in PREPARED or not is_positive(case):
        return
    valid_cases[name] += 1
    if valid_cases[name] % 3 == 1 and isinstance(case.body or {}, dict):
        if not isinstance(case.body, dict):
            case.body = {}
        PREPARED[name](case)


@schemathesis.hook
def before_call(context, case, kwargs):
    prepare(case)
    # The contract's example of a key belongs to one request only; elsewhere each has its own.
    headers = case.headers
    if case.path_parameters and case.path_parameters.get("id") == own_key:
        case.path_parameters["id"] = "key_0000000000000000"
    if is_stream(case) and headers is not None and "after" not in (case.query or {}):
        # From the first event on, so that there is something to read.
        headers.setdefault("Last-Event-ID", pool.ids["evt"][0])
    if case.method.upper() == "POST" and headers is not None:
        if headers.get("Idempotency-Key") in (None, EXAMPLE_KEY):
            headers["Idempotency-Key"] = str(uuid.uuid4())


def is_stream(case):
    return case.path == "/events/stream"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """OpenAPI 3.1 describes a stream as one text, no event of it: `the_stream_carries_events` looks at these."""
    return not (is_stream(case) and "SSE event" in failure.title)


endpoints = []


def retire_endpoints(response):
    """Every event goes to every endpoint, and again for days: hundreds of them would be all that runs."""
    endpoints.append(response.json()["id"])
    if len(endpoints) > 4:
        call("PATCH", f"/webhook_endpoints/{endpoints.pop(0)}", {"status": "disabled"})


# How often each operation was asked, by status: `run` looks at it, since a check that never saw a success
# has checked refusals.
asked = collections.defaultdict(collections.Counter)


@atexit.register
def write_counts():
    with open(os.environ["CONFORMANCE_COUNTS"], "w", encoding="utf-8") as counts:
        json.dump(asked, counts)


@schemathesis.hook
def after_call(context, case, response):
    asked[case.operation.definition.raw["operationId"]][str(response.status_code)] += 1
    if response.status_code == 201 and case.method.upper() == "POST" and case.path == "/webhook_endpoints":
        retire_endpoints(response)
    if response.status_code == 201 and case.method.upper() == "POST" and case.path == "/subscriptions":
        retire_subscriptions(response.json()["id"])
    if response.status_code in (200, 201) and "json" in response.headers.get("content-type", [""])[0]:
        pool.learn(response.json())


# --- checks -------------------------------------------------------------------------------------------

# Refusals of a request that the schema allows: a state, a value that is known but not to be had, an
# object that is not there.
FACTS = {
    "currency_unsupported", "invalid_cursor", "invalid_expand", "expand_too_deep", "invalid_api_version",
    "payment_not_refundable", "refund_exceeds_remaining", "payment_method_missing", "session_not_open",
    "amount_too_large", "dispute_closed", "subscription_not_active", "state_conflict", "webhook_url_not_allowed",
    "resource_missing",
}

# Parameters whose values no schema can list: open enums (the SDK keeps what it does not know, the server
# refuses it), grammars, what is checked against the clock or must belong to the customer.
JUDGED = {
    "expand", "kind", "status", "state", "type", "types", "events", "to", "reason", "interval", "ui_mode", "account",
    "proration_behaviour", "outcome",
    "url", "success_url", "cancel_url", "email", "scopes", "ip_allowlist",
    "payment_method", "default_payment_method", "card[number]", "card[exp_year]", "trial_end", "X-Fluxa-Sandbox-Timing",
}


def error_of(response):
    if response.status_code < 400:
        return {}
    try:
        return response.json()["error"] or {}
    except (ValueError, KeyError, TypeError):
        return {}


def is_positive(case):
    meta = getattr(case, "meta", None)
    return meta is not None and meta.generation.mode.value == "positive"


def no_form_can_say(case):
    """A form nests by brackets, so that no key of metadata in it can have one."""
    if case.media_type != "application/x-www-form-urlencoded" or not isinstance(case.body, dict):
        return False
    metadata = case.body.get("metadata")
    return isinstance(metadata, dict) and any("[" in key or "]" in key for key in metadata)


@schemathesis.check
def a_valid_request_is_not_called_invalid(ctx, response, case):
    """400 for a request that the contract allows names a fact, not a form."""
    if response.status_code != 400 or not is_positive(case) or no_form_can_say(case):
        return
    error = error_of(response)
    judged = error.get("code") == "parameter_invalid" and error.get("param") in JUDGED
    assert judged or error.get("code") in FACTS, f"a valid request was refused: {error}"


NOT_STORED = {"body_malformed", "body_too_large", "invalid_idempotency_key", "invalid_api_version",
              "route_missing", "method_not_allowed", "idempotency_key_in_use", "idempotency_key_reused"}


def may_hold_a_card(request):
    """As many digits as the shortest card number has, however they are set apart."""
    body = request.body or b""
    body = body if isinstance(body, str) else body.decode("utf-8", "replace")
    text = urllib.parse.unquote_plus(f"{request.url}\n{body}")
    return re.search(r"\d(?:[^0-9A-Za-z]{0,3}\d){11,}", text) is not None


@schemathesis.check
def a_post_is_replayed_by_its_key(ctx, response, case):
    """The same POST with the same key: the same answer, marked. Another body: 409."""
    request = response.request
    if request is None or request.method != "POST" or "Idempotency-Key" not in request.headers:
        return
    if response.status_code in (401, 403, 405, 429) or response.status_code >= 500:
        return
    if error_of(response).get("code") in NOT_STORED:
        return
    if response.status_code == 400 and (case.path.endswith("/complete") or may_hold_a_card(request)):
        # With a number that may be somebody's card nothing is kept, no fingerprint either (decision 13).
        return
    again = session().send(request, timeout=10)
    assert again.status_code == response.status_code, f"replayed as {again.status_code}: {again.text}"
    assert again.content == response.content, f"the replayed body differs: {again.text}"
    assert again.headers.get("X-Fluxa-Idempotent-Replayed") == "true", "the replay is not marked"
    other = request.copy()
    other.prepare_body(None, None, json={"another": str(uuid.uuid4())})
    other.headers["Content-Type"] = "application/json"
    conflict = session().send(other, timeout=10)
    code = error_of(conflict).get("code")
    assert (conflict.status_code, code) == (409, "idempotency_key_reused"), conflict.text


@schemathesis.check
def the_stream_carries_events(ctx, response, case):
    """What was read of the stream before it was left: whole events, each as the contract has it."""
    if not is_stream(case) or response.status_code != 200:
        return
    blocks = response.content.decode().split("\n\n")[:-1]
    for block in blocks:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if not fields:
            continue
        event = json.loads(fields["data"])
        assert (event["id"], event["type"]) == (fields["id"], fields["event"]), block
        faults = list(contract.faults({"$ref": "#/components/schemas/Event"}, event, "event"))
        assert not faults, faults


# What changes under a list that is filtered by it.
MOVING = {"status", "state", "settled_at", "settlement_reference", "default_payment_method"}


@schemathesis.check
def a_cursor_neither_skips_nor_repeats(ctx, response, case):
    """Between two pages an object of the same list is inserted; the pages still join."""
    if response.status_code != 200 or case.method.upper() != "GET":
        return
    if "json" not in response.headers.get("content-type", [""])[0]:
        return
    page = response.json()
    if not isinstance(page, dict) or not page.get("has_more"):
        return
    query = dict(case.query or {})
    if any(name.split("[")[0] in MOVING for name in query):
        return
    url = response.request.url.split("?")[0]
    MAKERS.get(case.path, customer)()

    def fetch(**change):
        answer = session().get(url, params={**query, **change}, timeout=10)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["data"]]

    first = [item["id"] for item in page["data"]]
    assert page["next_cursor"] == first[-1]
    second = fetch(after=page["next_cursor"])
    assert not set(first) & set(second), "a page repeats what the one before had"
    if second and len(first) > 1:
        both = (first[1:] + second)[:100]
        joined = fetch(after=first[0], limit=len(both))
        assert joined == both, "the pages skip what one longer page has"
