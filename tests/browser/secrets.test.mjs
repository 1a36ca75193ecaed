// Card numbers are never stored and never logged: paid by page and by API, with a database file and with
// everything logged that can be.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SECRET_KEY, startMock } from "./harness.mjs";

const NUMBERS = [
  "4242424242424242",
  "5555555555554444",
  "4000000000000002",
  "4000000000003220",
  "4000000000003238",
  // Real ones typed by mistake, refused.
  "4111111111111111",
  "378282246310005",
];
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

test("no card number is in the database, its log, or anything printed", async () => {
  const mock = await startMock({
    flags: ["--db", "mock.db", "-vvv"],
    env: { RUST_BACKTRACE: "1" },
  });
  try {
    for (const number of NUMBERS) {
      const spaced = number.replace(/(\d{4})(?=\d)/g, "$1 ");
      for (const written of [number, spaced]) {
        await payOnPage(mock, { number: written, expiry: "12/34", cvc: "123" });
        // Wrong in another field: the number comes along and must not stay.
        await payOnPage(mock, { number: written, expiry: "never", cvc: "x" });
        await payByApi(mock, { number: written, exp_month: 12, exp_year: 2034, cvc: "123" });
        await payByApi(mock, { number: written, exp_month: 13, exp_year: 2034, cvc: "123" });
        await payByApi(mock, { number: written, exp_month: 12, exp_year: 2034, cvc: "123", pan: written });
        // Where it does not belong.
        const session = await mock.api.session();
        await fetch(`${mock.origin}/pay/${session.id}?number=${number}`);
        await fetch(`${mock.origin}/pay/${session.id}`, { method: "POST", body: `{"number":"${number}"` });
        await postRaw(mock, session.id, `{"card":{"number":"${number}",`);
        await postRaw(mock, session.id, `card[number]=${number}&card[number]=${number}`, FORM);
      }
    }
    const files = readdirSync(mock.directory).filter((name) => name.startsWith("mock.db"));
    assert.ok(files.includes("mock.db-wal"), files.join());
    const kept = files.map((name) => readFileSync(join(mock.directory, name), "latin1")).join("");
    assert.match(kept, /"last4":"3220"/, "this test looks in the wrong place");
    await mock.terminate();
    const after = readFileSync(join(mock.directory, "mock.db"), "latin1");
    for (const [place, text] of Object.entries({ database: kept + after, output: mock.output() })) {
      for (const number of NUMBERS) {
        const groups = number.match(/\d{1,4}/g);
        for (const separator of ["", " ", "-", "+", "%20"]) {
          assert.ok(!text.includes(groups.join(separator)), `a card number is in the ${place}`);
        }
      }
      for (const name of ['"cvc"', "cvc=", "card%5Bcvc", "card[cvc]="]) {
        assert.ok(!text.includes(name), `${name} is in the ${place}`);
      }
    }
  } finally {
    await mock.stop();
  }
});

async function payOnPage(mock, fields) {
  const session = await mock.api.session();
  const response = await fetch(session.url, {
    method: "POST",
    headers: { ...FORM, Origin: mock.origin },
    body: new URLSearchParams({ form: "f", ...fields }),
    redirect: "manual",
  });
  assert.ok([303, 422].includes(response.status), String(response.status));
}

async function payByApi(mock, card) {
  const session = await mock.api.session();
  await postRaw(mock, session.id, JSON.stringify({ card }), { "Content-Type": "application/json" });
  await postRaw(mock, session.id, new URLSearchParams(
    Object.entries(card).map(([name, value]) => [`card[${name}]`, String(value)]),
  ).toString(), FORM);
}

async function postRaw(mock, session, body, headers = { "Content-Type": "application/json" }) {
  await fetch(`${mock.origin}/v1/sandbox/checkout/sessions/${session}/complete`, {
    method: "POST",
    headers: { Authorization: `Bearer ${SECRET_KEY}`, "Idempotency-Key": crypto.randomUUID(), ...headers },
    body,
  });
}
