// The checkout as a cardholder meets it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { complaints, faintText, launch, shoot, startMerchant, startMock } from "./harness.mjs";

const SUCCESS = "4242424242424242";
const CHALLENGE = "4000000000003220";
const CHALLENGE_FAILS = "4000000000003238";
const DECLINES = [
  ["4000000000000002", "card_declined", "Your card was declined"],
  ["4000000000009995", "insufficient_funds", "not enough money"],
  ["4000000000000069", "expired_card", "has expired"],
  ["4000000000009979", "fraud_suspected", "Do not try this card again"],
];

let mock, browser, merchant, foreign, other;

before(async () => {
  [mock, browser, merchant, foreign, other] = await Promise.all([
    startMock(),
    launch(),
    startMerchant(),
    // Another site than the mock's: localhost against 127.0.0.1.
    startMerchant({ host: "localhost" }),
    startMerchant({ host: "localhost" }),
  ]);
});

after(async () => {
  await browser?.close();
  await Promise.all([merchant?.stop(), foreign?.stop(), other?.stop(), mock?.stop()]);
});

/** Opens a session that comes back to the merchant's site, and a visitor on its page. */
async function visit({ site = merchant, fields = {}, ...options } = {}) {
  const session = await mock.api.session({
    success_url: `${site.origin}/done`,
    cancel_url: `${site.origin}/cancel`,
    ...fields,
  });
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const found = complaints(page);
  await page.goto(session.url);
  return { session, page, context, found };
}

/** Fills the form in and sends it; `at` is a page or a frame. */
async function pay(at, number, { expiry = "12 / 34", cvc = "123" } = {}) {
  await at.getByLabel("Card number").fill(number);
  await at.getByLabel("Expiry date").fill(expiry);
  await at.getByLabel("Security code").fill(cvc);
  await at.getByRole("button", { name: "Pay £49.99" }).click();
}

const at = (site, path) => (url) => url.href === site.origin + path;
const status = async (session) => (await mock.api.get(`/v1/checkout/sessions/${session.id}`)).status;
const states = async (session) => (await mock.api.attempts(session.id)).map((one) => one.state);

test("a card pays, the cardholder is sent on, and the payment settles", async () => {
  const { session, page, found } = await visit();
  await pay(page, SUCCESS);
  await page.waitForURL(at(merchant, "/done"));
  assert.equal(await status(session), "complete");
  assert.deepEqual(await states(session), ["CAPTURED"]);
  await mock.api.advance(60);
  assert.deepEqual(await states(session), ["SETTLED"]);
  assert.deepEqual(found, []);
});

test("each declining card says why, and another card pays", async () => {
  const { session, page } = await visit();
  for (const [number, code, says] of DECLINES) {
    await pay(page, number);
    const alert = page.getByRole("alert").filter({ hasText: code });
    await alert.waitFor();
    assert.match(await alert.innerText(), new RegExp(says));
    assert.match(await page.title(), /^Error: /);
    // The script may come after the text.
    await page.waitForFunction(() => document.activeElement.id === "declined");
    for (const label of ["Card number", "Expiry date", "Security code"]) {
      assert.equal(await page.getByLabel(label).inputValue(), "", label);
    }
    // Looking again pays nothing.
    await page.reload();
  }
  await shoot(page, "checkout-declined");
  assert.deepEqual(await states(session), DECLINES.map(() => "FAILED"));
  await pay(page, SUCCESS);
  await page.waitForURL(at(merchant, "/done"));
  assert.equal((await states(session)).at(-1), "CAPTURED");
  assert.equal((await states(session)).length, DECLINES.length + 1);
});

test("a challenge is passed: the payment waits for it, then goes through", async () => {
  const { session, page, found } = await visit();
  await pay(page, CHALLENGE);
  await page.getByRole("heading", { name: "Confirm it’s you" }).waitFor();
  await shoot(page, "challenge");
  const [waiting] = await mock.api.attempts(session.id);
  assert.equal(waiting.state, "PAYMENT_RECEIVED");
  assert.equal(waiting.three_d_secure, null);
  assert.equal(await status(session), "open");
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await page.waitForURL(at(merchant, "/done"));
  const [paid] = await mock.api.attempts(session.id);
  assert.equal(paid.state, "CAPTURED");
  assert.equal(paid.three_d_secure.result, "authenticated");
  assert.deepEqual(found, []);
});

test("a challenge is failed, or cannot be passed: the session stays open", async () => {
  const { session, page } = await visit();
  for (const [number, button] of [
    [CHALLENGE, "Fail authentication"],
    [CHALLENGE_FAILS, "Complete authentication"],
    [CHALLENGE_FAILS, "Fail authentication"],
  ]) {
    await pay(page, number);
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("alert").filter({ hasText: "three_d_secure_failed" }).waitFor();
    const last = (await mock.api.attempts(session.id)).at(-1);
    assert.equal(last.failure_code, "three_d_secure_failed");
    assert.equal(last.three_d_secure.result, "failed");
  }
  assert.equal(await status(session), "open");
  await pay(page, SUCCESS);
  await page.waitForURL(at(merchant, "/done"));
});

test("a challenge is left: it waits, and fails when another card is tried", async () => {
  const { session, page } = await visit();
  await pay(page, CHALLENGE);
  await page.getByRole("link", { name: "Use another card" }).click();
  await page.getByRole("link", { name: "Confirm it" }).waitFor();
  await shoot(page, "challenge-waiting");
  assert.deepEqual(await states(session), ["PAYMENT_RECEIVED"]);
  await pay(page, SUCCESS);
  await page.waitForURL(at(merchant, "/done"));
  assert.deepEqual(await states(session), ["FAILED", "CAPTURED"]);
  // Back from the merchant's page to the challenge: it has been dealt with.
  await page.goto(`${mock.origin}/pay/${session.id}/challenge`);
  await page.getByRole("heading", { name: "Payment complete" }).waitFor();
});

test("cancel leads to the cancel_url and charges nothing", async () => {
  const { session, page } = await visit();
  await page.getByRole("link", { name: /Cancel and return/ }).click();
  await page.waitForURL(at(merchant, "/cancel"));
  assert.deepEqual(await states(session), []);
  assert.equal(await status(session), "open");
});

test("a double click charges once", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { session, page } = await visit({ javaScriptEnabled });
    await page.getByLabel("Card number").fill(SUCCESS);
    await page.getByLabel("Expiry date").fill("12 / 34");
    await page.getByLabel("Security code").fill("123");
    await page.getByRole("button", { name: "Pay £49.99" }).dblclick({ noWaitAfter: true });
    await page.waitForURL(at(merchant, "/done"));
    assert.deepEqual(await states(session), ["CAPTURED"]);
  }
});

test("back, reload and a second tab after paying charge nothing more", async () => {
  const { session, page, context } = await visit();
  const second = await context.newPage();
  await second.goto(session.url);
  await pay(page, SUCCESS);
  await page.waitForURL(at(merchant, "/done"));
  await page.goBack();
  await page.reload();
  await page.getByRole("heading", { name: "Payment complete" }).waitFor();
  await shoot(page, "complete");
  await pay(second, SUCCESS);
  await second.waitForURL(at(merchant, "/done"));
  assert.deepEqual(await states(session), ["CAPTURED"]);
  await page.getByRole("link", { name: /Continue to/ }).click();
  await page.waitForURL(at(merchant, "/done"));
});

test("without JavaScript everything works: mistakes, a decline, a challenge, paying", async () => {
  const { session, page } = await visit({ javaScriptEnabled: false });
  await page.getByLabel("Name on card").fill("Ada Lovelace");
  await pay(page, "4111111111111111", { expiry: "13/34", cvc: "1" });
  const summary = page.getByRole("alert");
  assert.equal(await summary.getByRole("listitem").count(), 3);
  await shoot(page, "mistakes-without-javascript");
  assert.equal(await page.getByLabel("Name on card").inputValue(), "Ada Lovelace");
  assert.equal(await page.getByLabel("Card number").inputValue(), "");
  assert.equal(await page.getByLabel("Card number").getAttribute("aria-invalid"), "true");
  assert.deepEqual(await states(session), []);
  await summary.getByRole("link").first().click();
  assert.equal(new URL(page.url()).hash, "#number");
  await pay(page, "4000000000000002");
  await page.getByRole("alert").filter({ hasText: "card_declined" }).waitFor();
  await pay(page, CHALLENGE);
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await page.waitForURL(at(merchant, "/done"));
  assert.deepEqual(await states(session), ["FAILED", "CAPTURED"]);
});

test("with the keyboard alone: the banner fills the form in, and Enter pays", async () => {
  const { session, page, found } = await visit();
  const focused = () =>
    page.evaluate(() => (document.activeElement.getAttribute("aria-label") || document.activeElement.textContent).trim());
  const tabTo = async (text) => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press("Tab");
      const seen = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
      });
      assert.ok(seen, `the focus cannot be seen on ${await focused()}`);
      if ((await focused()).includes(text)) return;
    }
    assert.fail(`Tab never comes to ${text}`);
  };
  await tabTo("Test cards");
  await page.keyboard.press("Enter");
  await shoot(page, "banner-open");
  await tabTo("ending 3220");
  await page.keyboard.press("Enter");
  assert.equal(await page.getByLabel("Card number").inputValue(), "4000 0000 0000 3220");
  assert.equal(await focused(), "Pay £49.99");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Confirm it’s you" }).waitFor();
  await tabTo("Complete authentication");
  await page.keyboard.press("Enter");
  await page.waitForURL(at(merchant, "/done"));
  assert.deepEqual(await states(session), ["CAPTURED"]);
  assert.deepEqual(found, []);
});

test("digits are grouped as they are typed, wherever the caret is, and mistakes are told at once", async () => {
  const { session, page, found } = await visit();
  const number = page.getByLabel("Card number");
  await number.pressSequentially("42424242");
  assert.equal(await number.inputValue(), "4242 4242");
  await number.press("Home");
  await number.pressSequentially("55");
  assert.equal(await number.inputValue(), "5542 4242 42");
  assert.equal(await number.evaluate((input) => input.selectionStart), 2);
  const expiry = page.getByLabel("Expiry date");
  await expiry.pressSequentially("134");
  assert.equal(await expiry.inputValue(), "13 / 4");
  await expiry.fill("");
  await expiry.pressSequentially("1/30");
  assert.equal(await expiry.inputValue(), "01 / 30");
  for (let presses = 0; presses < 7; presses++) await expiry.press("Backspace");
  assert.equal(await expiry.inputValue(), "");
  await page.getByRole("button", { name: "Pay £49.99" }).click();
  const summary = page.getByRole("alert");
  assert.equal(await summary.getByRole("listitem").count(), 3);
  assert.equal(await page.evaluate(() => document.activeElement.id), "faults");
  await shoot(page, "mistakes");
  await summary.getByRole("link", { name: "Enter the security code" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "cvc");
  assert.deepEqual(await states(session), []);
  assert.deepEqual(found, []);
});

const HOST_SCRIPT = `<script>
  window.heard = [];
  addEventListener("message", (event) => heard.push([event.origin, event.data]));
</script>`;

/** A merchant's page with the checkout in a frame, on `site`. */
async function frame(site, session) {
  site.pages["/shop"] = `<!doctype html><title>Shop</title>${HOST_SCRIPT}
    <iframe title="Checkout" src="${session.url}" width="600" height="760"></iframe>`;
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${site.origin}/shop`);
  return { page, inside: page.frameLocator("iframe") };
}

const embedded = (fields = {}) =>
  mock.api.session({
    ui_mode: "embedded",
    success_url: `${foreign.origin}/done`,
    cancel_url: `${foreign.origin}/cancel`,
    ...fields,
  });

test("embedded in a merchant's page of another site: decline, challenge and end stay in the frame", async () => {
  const session = await embedded();
  const { page, inside } = await frame(foreign, session);
  await pay(inside, "4000000000000002");
  await inside.getByRole("alert").filter({ hasText: "card_declined" }).waitFor();
  await pay(inside, CHALLENGE);
  await inside.getByRole("heading", { name: "Confirm it’s you" }).waitFor();
  await shoot(page, "embedded-challenge");
  await inside.getByRole("button", { name: "Complete authentication" }).click();
  await inside.getByRole("heading", { name: "Payment complete" }).waitFor();
  await page.waitForFunction(() => window.heard.length > 0);
  const { payment } = await mock.api.get(`/v1/checkout/sessions/${session.id}`);
  const message = { type: "fluxa.checkout.complete", session: session.id, payment };
  assert.deepEqual(await page.evaluate(() => window.heard), [[mock.origin, message]]);
  await inside.getByRole("link", { name: /Continue to/ }).click();
  await page.waitForURL(at(foreign, "/done"));
});

test("embedded: giving up is told to the page around, and paying stays possible", async () => {
  const session = await embedded();
  const { page, inside } = await frame(foreign, session);
  await inside.getByRole("link", { name: "Cancel" }).click();
  await page.waitForFunction(() => window.heard.length > 0);
  const message = { type: "fluxa.checkout.cancel", session: session.id, payment: null };
  assert.deepEqual(await page.evaluate(() => window.heard), [[mock.origin, message]]);
  await inside.getByRole("link", { name: "Pay after all" }).click();
  await inside.getByLabel("Card number").waitFor();
  await inside.getByRole("link", { name: "Cancel" }).click();
  await inside.getByRole("link", { name: /Back to/ }).click();
  await page.waitForURL(at(foreign, "/cancel"));
});

test("nobody may frame a hosted session, and only its own sites an embedded one", async () => {
  const hosted = await mock.api.session({ success_url: `${foreign.origin}/done` });
  for (const [site, session] of [
    [foreign, hosted],
    [other, await embedded()],
  ]) {
    const refused = [];
    site.pages["/shop"] = `<!doctype html><title>Shop</title><iframe src="${session.url}"></iframe>`;
    const page = await browser.newPage();
    page.on("console", (message) => refused.push(message.text()));
    const said = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await page.goto(`${site.origin}/shop`);
    await said;
    const shown = page.frames()[1];
    assert.equal(await shown?.getByLabel("Card number").count(), 0, refused.join("\n"));
    await page.close();
  }
});

test("the demonstration shows an embedded session and prints what it says", async () => {
  const session = await embedded();
  const page = await (await browser.newContext()).newPage();
  const found = complaints(page);
  await page.goto(`${mock.origin}/_mock/embed?session=${session.id}`);
  const inside = page.frameLocator("iframe");
  await inside.getByLabel("Card number").waitFor();
  await shoot(page, "demonstration");
  await pay(inside, SUCCESS);
  await page.getByText("fluxa.checkout.complete").waitFor();
  assert.match(await page.locator("#messages").innerText(), new RegExp(session.id));
  assert.deepEqual(found, []);
});

test("another site's form cannot pay", async () => {
  const session = await mock.api.session();
  foreign.pages["/trap"] = `<!doctype html><form method="post" action="${session.url}">
    <input name="number" value="${SUCCESS}"><input name="expiry" value="12/34"><input name="cvc" value="123">
    <button>Win a prize</button></form>`;
  const page = await browser.newPage();
  await page.goto(`${foreign.origin}/trap`);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url() === session.url),
    page.getByRole("button").click(),
  ]);
  assert.equal(answer.status(), 403);
  assert.deepEqual(await states(session), []);
});

test("a success_url that redirects further is reached", async () => {
  other.pages["/there"] = "<!doctype html><title>There</title>";
  const { session, page } = await visit({ fields: { success_url: `${merchant.origin}/moved` } });
  merchant.redirects["/moved"] = `${other.origin}/there`;
  await pay(page, SUCCESS);
  await page.waitForURL(at(other, "/there"));
  assert.equal(await status(session), "complete");
});

test("the pages fit narrow and wide screens and can be read, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 768, 1280]) {
      const { session, page } = await visit({ colorScheme, viewport: { width, height: 800 } });
      const fits = async (name) => {
        await shoot(page, `${name}-${width}-${colorScheme}`);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.equal(overflow, 0, `${name} scrolls sideways at ${width}`);
        assert.deepEqual(await faintText(page), [], `${name}, ${colorScheme}`);
      };
      await fits("pay");
      await page.locator("details summary").click();
      await fits("banner");
      await page.locator("details summary").click();
      await pay(page, "4000000000009995");
      await page.getByRole("alert").filter({ hasText: "insufficient_funds" }).waitFor();
      await fits("declined");
      await pay(page, CHALLENGE);
      await page.getByRole("heading", { name: "Confirm it’s you" }).waitFor();
      await fits("challenge");
      await mock.api.post(`/v1/checkout/sessions/${session.id}/expire`);
      await page.goto(session.url);
      await page.getByRole("heading", { name: "This checkout has expired" }).waitFor();
      await fits("expired");
    }
  }
});
