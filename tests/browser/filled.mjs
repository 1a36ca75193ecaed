// A sandbox in which everything has happened at least once, for the tests of the inspector: payments in
// all six states, a customer charged twice, endpoints that answer, fail and lie, and hostile text in
// every field that takes text.

import { once } from "node:events";
import { createServer } from "node:http";

/** Text that would run if any page forgot to escape it. */
export const HOSTILE = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'{{7*7}}`;

const GOOD = "4242424242424242";

/** A receiver of webhooks: answers `status` with `body`, counts what came. */
export async function startReceiver({ status = 200, body = "ok" } = {}) {
  const received = [];
  const receiver = { status, body, received };
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part) => (text += part));
    request.on("end", () => {
      received.push({ headers: request.headers, event: JSON.parse(text) });
      response.statusCode = receiver.status;
      response.setHeader("X-Hostile", `"><script>window.hacked=1</script>`);
      response.end(receiver.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  receiver.url = `http://127.0.0.1:${server.address().port}/hook`;
  receiver.stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return receiver;
}

/** Pays a session of `fields`; returns the payment. */
export async function pay(api, { card = GOOD, timing, ...fields } = {}) {
  const headers = timing ? { "X-Fluxa-Sandbox-Timing": timing } : {};
  const session = await api.session(fields, headers);
  const details = { number: card, exp_month: 12, exp_year: 2099, cvc: "123" };
  return api.post(`/v1/sandbox/checkout/sessions/${session.id}/complete`, { card: details });
}

/** Fills the sandbox; returns what the tests name. */
export async function fill(api) {
  const good = await startReceiver({ body: HOSTILE });
  const bad = await startReceiver({ status: 500, body: JSON.stringify({ error: HOSTILE }) });
  const endpoint = await api.post("/v1/webhook_endpoints", {
    url: good.url,
    description: HOSTILE,
    metadata: { [HOSTILE.slice(0, 40)]: HOSTILE },
  });
  const failing = await api.post("/v1/webhook_endpoints", {
    url: bad.url,
    events: ["payment.failed", "customer.created"],
  });
  await api.post("/v1/customers", { email: "probe@example.com", name: HOSTILE, metadata: { note: HOSTILE } });
  const customer = await api.post("/v1/customers", { email: "ada@example.com", name: "Ada Lovelace" });
  const owner = { customer: customer.id };
  const settled = await pay(api, { ...owner, timing: "instant", metadata: { order: "A-1001", note: HOSTILE } });
  const twice = await api.post(
    "/v1/payments",
    { amount: 4999, currency: "GBP", customer: customer.id },
    { "Idempotency-Key": "retry-with-another-key" },
  );
  const manual = await pay(api, { timing: "manual", amount: 12_500 });
  const captured = await pay(api, { timing: "1h", amount: 99_999_999 });
  const settling = await pay(api, { timing: "settling=1s,settled=2h", amount: 2_450 });
  const declined = await pay(api, { card: "4000000000009995" });
  const returned = await pay(api, { card: "4000000000001976", timing: "instant" });
  const refunded = await pay(api, { timing: "instant", amount: 8_000 });
  await api.post("/v1/refunds", { payment: refunded.id, amount: 3_000, reason: HOSTILE.slice(0, 40) });
  await api.session({ amount: 1_000 });
  const subscription = await api.post("/v1/subscriptions", {
    customer: customer.id, amount: 1_000, currency: "GBP", interval: "month", metadata: { note: HOSTILE },
  });
  const disputed = await pay(api, { timing: "instant", amount: 6_100 });
  const dispute = await api.post("/v1/sandbox/disputes", { payment: disputed.id, reason: "duplicate" });
  await api.post(`/v1/disputes/${dispute.id}/evidence`, { additional_information: HOSTILE });
  await api.post("/_mock/faults", { method: "GET", path: "/v1/never*", status: 503, message: HOSTILE });
  await api.post("/v1/api_keys", { kind: "restricted", name: HOSTILE.slice(0, 60), scopes: ["payments:read"] });
  await api.advance(120);
  const pending = await api.post("/v1/refunds", { payment: settled.id, amount: 500 });
  return {
    endpoint, failing, customer, settled, twice, manual, captured, settling, declined, returned,
    refunded, pending, subscription, dispute, good, bad,
    stop: () => Promise.all([good.stop(), bad.stop()]),
  };
}
