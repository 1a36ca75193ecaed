// The inspector as a developer meets it at two in the morning.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOSTILE, fill, pay, startReceiver } from "./filled.mjs";
import { client, complaints, faintText, launch, shoot, startMock } from "./harness.mjs";

const PATIENCE = { timeout: 15_000 };

let mock, browser, filled;

before(async () => {
  [mock, browser] = await Promise.all([startMock(), launch()]);
  filled = await fill(mock.api);
});

after(async () => {
  await browser?.close();
  await filled?.stop();
  await mock?.stop();
});

/** Waits until the page is live, or says that it is drawn when asked for only. */
const followed = (page) => page.waitForSelector('[data-state="live"], [data-state^="reload"]', PATIENCE);

/** A visitor of a page of the inspector, once it is live. */
async function visit(path, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.found = complaints(page);
  await page.goto(mock.origin + path);
  if (options.javaScriptEnabled !== false) await followed(page);
  return page;
}

/** No script of anybody else ran, and the page complained of nothing. */
async function quiet(page) {
  assert.equal(await page.evaluate(() => window.hacked), undefined, page.url());
  assert.deepEqual(page.found, [], page.url());
}

test("every page that can be reached is there, runs nothing foreign and complains of nothing", async () => {
  const page = await visit("/_mock/");
  const waiting = [page.url()];
  const known = new Set(waiting);
  const seen = new Map();
  while (waiting.length > 0) {
    const url = waiting.shift();
    const answer = await page.goto(url);
    assert.equal(answer.status(), 200, url);
    await followed(page);
    await quiet(page);
    const links = await page.$$eval("main a[href], nav a[href]", (found) => found.map((a) => a.href));
    for (const link of links) {
      const { origin, pathname, search } = new URL(link);
      assert.equal(origin, mock.origin, `${url} links to ${link}`);
      // Of each kind of object and of each filter the first few are enough.
      const section = pathname.split("/").slice(0, 4).join("/") + (search ? "?" : "");
      const enough = (seen.get(section) ?? 0) >= 8;
      if (pathname.startsWith("/_mock/") && !known.has(link) && !enough) {
        known.add(link);
        seen.set(section, (seen.get(section) ?? 0) + 1);
        waiting.push(link);
      }
    }
  }
  assert.ok(known.size > 80, `only ${known.size} pages`);
  await page.context().close();
});

test("hostile text is shown as text", async () => {
  const page = await visit(`/_mock/ui/payments/${filled.settled.id}`);
  assert.ok((await page.textContent("main")).includes(HOSTILE));
  assert.equal(await page.$("main img, main script"), null);
  await quiet(page);
  const { data } = await mock.api.get(`/v1/webhook_endpoints/${filled.endpoint.id}/deliveries?limit=1`);
  await page.goto(`${mock.origin}/_mock/ui/deliveries/${data[0].id}`);
  assert.ok((await page.textContent("main")).includes(HOSTILE), "the receiver's answer");
  await quiet(page);
  await page.context().close();
});

test("what happens appears without a reload, and what was opened, typed and focused stays", async () => {
  const page = await visit("/_mock/ui/payments");
  await page.evaluate(() => (window.sameDocument = true));
  await page.fill('main input[type="search"]', "half a wo");
  await page.evaluate(() => document.querySelector('main input[type="search"]').setSelectionRange(2, 4));
  const payment = await pay(mock.api, { timing: "manual", amount: 777 });
  await page.waitForSelector(`tr#${payment.id}`, PATIENCE);
  const field = await page.evaluate(() => {
    const { activeElement: at } = document;
    return [at.value, at.selectionStart, at.selectionEnd];
  });
  assert.deepEqual(field, ["half a wo", 2, 4]);

  await page.goto(`${mock.origin}/_mock/ui/payments/${payment.id}`);
  await page.evaluate(() => (window.sameDocument = true));
  await page.click("#raw summary");
  await page.evaluate(() => scrollTo(0, 300));
  await mock.api.post(`/v1/sandbox/payments/${payment.id}/advance`, { to: "CAPTURED" });
  await page.waitForSelector(".place-2.reached.here", PATIENCE);
  assert.ok(await page.$("#raw[open]"), "details stay open");
  assert.ok((await page.evaluate(() => scrollY)) > 0, "the scroll position stays");
  assert.ok(await page.evaluate(() => window.sameDocument), "no reload");
  await quiet(page);
  await page.context().close();
});

test("resend makes a delivery to a real receiver", async () => {
  const receiver = await startReceiver();
  const events = ["settlement.completed"];
  const endpoint = await mock.api.post("/v1/webhook_endpoints", { url: receiver.url, events });
  const { data } = await mock.api.get("/v1/events?type=payment.received&limit=1");
  const page = await visit(`/_mock/ui/events/${data[0].id}`);
  await page.selectOption('select[name="endpoint"]', endpoint.id);
  await page.click("text=Resend");
  await page.waitForSelector("text=The event is being sent again.", PATIENCE);
  await page.waitForSelector(`tr:has-text("${endpoint.id}") .state.good`, PATIENCE);
  assert.deepEqual(receiver.received.map(({ event }) => event.id), [data[0].id]);
  assert.ok(!page.url().includes("said="), "a reload does not say it again");
  await quiet(page);
  await page.context().close();
  await receiver.stop();
});

test("a resend is named, and an attempt that was followed says by which", async () => {
  const { data } = await mock.api.get(`/v1/webhook_endpoints/${filled.failing.id}/deliveries?limit=100`);
  const first = data.filter((one) => one.attempt === 1).at(-1);
  const page = await visit(`/_mock/ui/deliveries/${first.id}`);
  assert.equal(await page.textContent("header.title .state"), "retried");
  assert.match(await page.textContent("main .story"), /answered 500\. Attempt 2 followed/);
  await page.click("text=Resend");
  await page.waitForSelector('main tr:has-text("resend 1") .state.bad', PATIENCE);
  await page.click('main tr:has-text("resend 1") a[href*="/deliveries/"]');
  await page.waitForSelector("text=A resend 1 is tried once", PATIENCE);
  await quiet(page);
  await page.context().close();
});

test("a probable double charge is flagged, and leads to both requests and their keys", async () => {
  const page = await visit(`/_mock/ui/customers/${filled.customer.id}`);
  const warning = page.getByRole("region", { name: "Probable double charge" });
  const text = await warning.textContent();
  for (const part of ["Probably charged twice", "£49.99", "retry-with-another-key", "Judged by"]) {
    assert.ok(text.includes(part), `${part}: ${text}`);
  }
  assert.deepEqual(await faintText(page), []);
  await warning.locator('tr:has-text("retry-with-another-key") a[href*="/requests/"]').click();
  await page.waitForSelector("h2:text-is('Parameters sent')", PATIENCE);
  assert.ok((await page.textContent("main")).includes(filled.twice.id), "the answer names the payment");
  await quiet(page);
  await page.context().close();
});

test("requests are found by their key, and a replay is told from what was carried out", async () => {
  const once = { "Idempotency-Key": "order-77" };
  for (const _ of [1, 2]) await mock.api.post("/v1/customers", { email: "twice@example.com" }, once);
  const page = await visit("/_mock/ui/requests");
  await page.fill('main input[type="search"]', "order-77");
  await page.press('main input[type="search"]', "Enter");
  await page.waitForFunction(() => document.querySelectorAll("main tbody tr").length === 2);
  await page.locator('main tr:has-text("replayed") td.path a').click();
  await page.waitForSelector("text=nothing was carried out", PATIENCE);
  await quiet(page);
  await page.context().close();
});

test("accounts are listed, and switching to one shows its own payments alone", async () => {
  const own = await startMock({ flags: ["--auto-accounts"] });
  const key = `sk_test_${"b".repeat(32)}`;
  const [first, second] = [await pay(own.api), await pay(client(own.origin, key))];
  const context = await browser.newContext();
  const page = await context.newPage();
  page.found = complaints(page);
  await page.goto(`${own.origin}/_mock/ui/payments`);
  assert.ok((await page.textContent("main")).includes(first.id));
  await page.click("nav a.account");
  await page.locator('main tr:has-text("…bbbb")').getByText("Switch to it").click();
  await page.getByRole("link", { name: "Payments", exact: true }).first().click();
  await page.waitForSelector(`tr#${second.id}`, PATIENCE);
  const label = new URL(page.url()).searchParams.get("account");
  assert.ok((await page.textContent(".brand")).includes(label), "the page says whose it is");
  assert.equal(await page.$(`tr#${first.id}`), null, "the other account's payment");
  await page.click("nav a.account");
  await page.click('main a:text-is("primary")');
  await page.waitForSelector(`text=${first.id}`, PATIENCE);
  await quiet(page);
  await context.close();
  await own.stop();
});

test("the buttons of the clock move time", async () => {
  const page = await visit("/_mock/ui/clock");
  const now = async () => Date.parse((await mock.api.get("/v1/sandbox/clock")).now);
  await page.click("text=Freeze");
  await page.waitForSelector(".pace.frozen", PATIENCE);
  const start = await now();
  await page.click("text=+1 h");
  await page.waitForSelector("text=The clock was set.", PATIENCE);
  assert.equal((await now()) - start, 3_600_000);
  const due = Date.parse(await page.getAttribute("main table time", "datetime"));
  await page.click("text=Until the next timer");
  await page.waitForFunction((due) => Number(document.querySelector("[data-now]")?.dataset.now) >= due, due);
  assert.equal(await now(), due);
  await page.click("text=Real time");
  await page.waitForSelector(".pace.real", PATIENCE);
  await quiet(page);
  await page.context().close();
});

test("an id is copied by its button", async () => {
  const page = await visit(`/_mock/ui/payments/${filled.manual.id}`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click("h1 .copy");
  await page.waitForSelector("h1 .copy.copied", PATIENCE);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), filled.manual.id);
  await page.context().close();
});

test("without JavaScript every page reads and every button works", async () => {
  const payment = await pay(mock.api, { timing: "manual" });
  const page = await visit(`/_mock/ui/payments/${payment.id}`, { javaScriptEnabled: false });
  await page.click("text=Advance to CAPTURED");
  assert.ok((await page.textContent(".said")).includes("The payment was moved."));
  assert.equal(await page.textContent("header.title .state"), "CAPTURED");
  assert.equal(await page.isVisible(".copy"), false, "no button that does nothing");
  assert.equal(await page.isVisible("[data-status]"), false, "nothing claims to be live");
  await page.fill(".find input", filled.settled.id);
  await page.press(".find input", "Enter");
  assert.ok(page.url().endsWith(filled.settled.id));
  await page.context().close();
});

test("the keyboard alone finds a payment and refunds it", async () => {
  const payment = await pay(mock.api, { timing: "instant", amount: 4_200 });
  const page = await visit("/_mock/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("/");
  await page.keyboard.type(payment.id);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/payments/${payment.id}`, PATIENCE);
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => document.activeElement.textContent.trim());
    if (at.startsWith("Refund £")) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=The payment was moved.", PATIENCE);
  assert.equal((await mock.api.get(`/v1/payments/${payment.id}`)).state, "REFUNDED");
  await quiet(page);
  await page.context().close();
});

test("pages fit from 320 to 1440 pixels, light and dark, and are photographed", async () => {
  const { data } = await mock.api.get(`/v1/webhook_endpoints/${filled.failing.id}/deliveries?limit=1`);
  const [request] = (await mock.api.get("/v1/request_logs?limit=100")).data
    .filter(({ path }) => path.endsWith("/complete"));
  const pages = {
    overview: "/_mock/",
    payments: "/_mock/ui/payments",
    payment: `/_mock/ui/payments/${filled.settled.id}`,
    returned: `/_mock/ui/payments/${filled.returned.id}`,
    events: "/_mock/ui/events",
    delivery: `/_mock/ui/deliveries/${data[0].id}`,
    customer: `/_mock/ui/customers/${filled.customer.id}`,
    subscription: `/_mock/ui/subscriptions/${filled.subscription.id}`,
    dispute: `/_mock/ui/disputes/${filled.dispute.id}`,
    faults: "/_mock/ui/faults",
    ledger: "/_mock/ui/ledger",
    keys: "/_mock/ui/keys",
    accounts: "/_mock/ui/accounts",
    requests: "/_mock/ui/requests",
    request: `/_mock/ui/requests/${request.id}`,
    refund: `/_mock/ui/refunds/${filled.pending.id}`,
    clock: "/_mock/ui/clock",
  };
  for (const width of [320, 768, 1440]) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await visit("/_mock/", { colorScheme, viewport: { width, height: 900 } });
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(mock.origin + path);
        await shoot(page, `inspector-${name}-${width}-${colorScheme}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${path} is ${wide} pixels wider than ${width}`);
        const shown = await page.locator("main dl.facts:visible").count();
        assert.equal(shown, await page.locator("main dl.facts").count(), `${path} hides facts at ${width}`);
        await quiet(page);
      }
      await page.context().close();
    }
  }
});

test("a restarted or reset sandbox is found again", async () => {
  const own = await startMock();
  const context = await browser.newContext();
  const page = await context.newPage();
  await pay(own.api, { timing: "manual" });
  await page.goto(`${own.origin}/_mock/`);
  await page.waitForSelector('[data-state="live"]', PATIENCE);
  await own.api.post("/_mock/reset");
  await page.waitForSelector("text=Begin here", PATIENCE);
  await page.waitForSelector('[data-state="live"]', PATIENCE);
  await pay(own.api, { timing: "manual" });
  await page.waitForSelector("text=Newest events", PATIENCE);
  await own.stop();
  await page.waitForSelector('[data-state="reconnecting"]', PATIENCE);
  await context.close();
});
