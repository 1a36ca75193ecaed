// What the checkout does better with JavaScript; without it every page works all the same.
"use strict";

const form = document.getElementById("card");
const digits = (text) => text.replace(/\D/g, "");

// A form is sent once: a second click would only wait for the same answer.
for (const once of document.querySelectorAll("form[data-once]")) {
  once.addEventListener("submit", (event) => {
    if (once.dataset.sent) return event.preventDefault();
    if (once === form && !isFilledIn()) return event.preventDefault();
    once.dataset.sent = "yes";
    // After the form was read: a disabled button would not be part of it.
    setTimeout(() => setBusy(once, true));
  });
}

function setBusy(once, busy) {
  for (const button of once.querySelectorAll("button")) {
    button.setAttribute("aria-disabled", String(busy));
    if (!button.dataset.busy) continue;
    button.dataset.label ??= button.textContent;
    button.textContent = busy ? button.dataset.busy : button.dataset.label;
  }
  const status = document.getElementById("busy");
  if (status && once === form) status.textContent = busy ? "Your payment is being processed." : "";
}

// Back from the merchant's page, perhaps out of the browser's memory: the form may be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const once of document.querySelectorAll("form[data-once]")) {
    delete once.dataset.sent;
    setBusy(once, false);
  }
});

if (form) {
  const { number, expiry, cvc } = form.elements;

  // Keeps the caret behind the digit it was behind.
  const rewrite = (input, write) => {
    const before = digits(input.value.slice(0, input.selectionStart)).length;
    const atEnd = input.selectionStart === input.value.length;
    const text = write(input.value);
    if (text === input.value) return;
    input.value = text;
    let place = 0;
    for (let seen = 0; seen < before && place < text.length; place++) {
      if (/\d/.test(text[place])) seen++;
    }
    if (atEnd) place = text.length;
    if (document.activeElement === input) input.setSelectionRange(place, place);
  };

  const showBrand = () => {
    const first = digits(number.value)[0];
    number.closest(".box").dataset.brand = { 4: "visa", 5: "mastercard" }[first] ?? "";
  };
  number.addEventListener("input", () => {
    rewrite(number, (text) => digits(text).slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 "));
    showBrand();
  });
  expiry.addEventListener("input", (event) => {
    rewrite(expiry, (text) => {
      let plain = digits(text).slice(0, 6);
      if (/^[2-9]/.test(plain)) plain = `0${plain}`;
      // "1/30" is January.
      if (/^1\s*\/$/.test(text)) plain = "01";
      const whole = plain.length > 2 || (plain.length === 2 && event.inputType !== "deleteContentBackward");
      return whole ? `${plain.slice(0, 2)} / ${plain.slice(2)}` : plain;
    });
  });
  cvc.addEventListener("input", () => rewrite(cvc, (text) => digits(text).slice(0, 4)));

  for (const button of document.querySelectorAll("button[data-fill]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const year = (new Date().getFullYear() + 3) % 100;
      number.value = button.dataset.fill;
      expiry.value = `12 / ${String(year).padStart(2, "0")}`;
      cvc.value = "123";
      if (!form.elements.name.value) form.elements.name.value = "Ada Lovelace";
      if (!form.elements.postcode.value) form.elements.postcode.value = "SW1A 1AA";
      showBrand();
      for (const name of ["number", "expiry", "cvc"]) setFault(name, "");
      document.getElementById("pay").focus();
    });
  }
  showBrand();
  document.getElementById("declined")?.focus();
}

// The server asks more of a card; these save typing it twice.
function isFilledIn() {
  const { number, expiry, cvc } = form.elements;
  const faults = [];
  const check = (input, right, message) => {
    setFault(input.name, right ? "" : message);
    if (!right) faults.push([input.name, message]);
  };
  const length = digits(number.value).length;
  check(number, length >= 13, length ? "The card number is too short" : "Enter your card number");
  const [month, year] = [digits(expiry.value).slice(0, 2), digits(expiry.value).slice(2)];
  const isDate = month >= 1 && month <= 12 && [2, 4].includes(year.length);
  check(
    expiry,
    isDate,
    expiry.value ? "Enter the expiry as month and year, such as 12/34" : "Enter the expiry date",
  );
  const isCode = digits(cvc.value).length === 3;
  check(
    cvc,
    isCode,
    cvc.value ? "The security code is the three digits on the back" : "Enter the security code",
  );
  const summary = document.getElementById("faults");
  summary.hidden = !faults.length;
  const list = summary.querySelector("ul");
  list.replaceChildren(
    ...faults.map(([name, message]) => {
      const link = Object.assign(document.createElement("a"), { href: `#${name}`, textContent: message });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  summary.querySelector("p")?.remove();
  if (faults.length) summary.focus();
  return !faults.length;
}

function setFault(name, message) {
  const input = form.elements[name];
  document.getElementById(`${name}-fault`).textContent = message;
  input.closest(".field").classList.toggle("wrong", Boolean(message));
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

// A link of the summary puts the caret into its field.
document.getElementById("faults")?.addEventListener("click", (event) => {
  const field = event.target.closest("a")?.hash.slice(1);
  if (!field) return;
  event.preventDefault();
  document.getElementById(field).focus();
});

// The end of an embedded checkout: the page around the frame is told, if it is the merchant's or the
// demonstration's. Nothing else may read it.
const told = document.querySelector("[data-message]");
if (told && parent !== window) {
  const { message: type, session, payment, target } = told.dataset;
  parent.postMessage({ type, session, payment: payment ?? null }, isOwn(parent) ? location.origin : target);
}

function isOwn(other) {
  try {
    return other.location.origin === location.origin;
  } catch {
    return false;
  }
}

// The demonstration prints what it is told. A real page checks the origin just so.
const messages = document.getElementById("messages");
if (messages) {
  addEventListener("message", (event) => {
    if (event.origin !== location.origin) return;
    messages.append(`${JSON.stringify(event.data)}\n`);
  });
}
