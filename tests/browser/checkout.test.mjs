// The checkout as a cardholder meets it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { complaints, launch, shoot, startMerchant, startMock } from "./harness.mjs";

let mock, browser, merchant;

before(async () => {
  [mock, browser, merchant] = await Promise.all([startMock(), launch(), startMerchant()]);
});

after(async () => {
  await browser?.close();
  await merchant?.stop();
  await mock?.stop();
});

test("a session has a page", async () => {
  const session = await mock.api.session();
  const page = await browser.newPage();
  const found = complaints(page);
  await page.goto(session.url);
  await shoot(page, "checkout-first");
  assert.equal(found.filter((text) => !text.includes("501")).length, 0, found.join("\n"));
});
