// Niceties of the inspector: live update, copying, a clock that ticks. Every page works without.
(() => {
  "use strict";
  const root = document.querySelector(".ins");
  if (!root) return;
  root.classList.add("js");

  // What an action said is said once: a reload does not repeat it.
  const address = new URL(location.href);
  if (address.searchParams.has("said")) {
    address.searchParams.delete("said");
    history.replaceState(history.state, "", address);
  }
  const said = root.querySelector("[data-said]");
  if (said && said.textContent) setTimeout(() => said.replaceChildren(), 8000);

  // ----- Copying
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const field = document.createElement("textarea");
      field.value = button.dataset.copy;
      field.className = "offscreen";
      root.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1200);
  });

  // "/" leads to the search, as everywhere.
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.nodeName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    root.querySelector("[data-find]").focus();
  });

  // ----- The clock, and times relative to it
  let seen = performance.now();
  const virtualNow = () => {
    const chip = root.querySelector("[data-now]");
    return Number(chip.dataset.now) + (performance.now() - seen) * Number(chip.dataset.pace);
  };
  const relative = (difference) => {
    const seconds = Math.floor(Math.abs(difference) / 1000);
    if (seconds === 0) return "now";
    const span =
      seconds < 60 ? `${seconds} s`
      : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
      : seconds < 172800 ? `${Math.floor(seconds / 3600)} h`
      : `${Math.floor(seconds / 86400)} d`;
    return difference > 0 ? `in ${span}` : `${span} ago`;
  };
  const put = (node, text) => {
    if (node && node.textContent !== text) node.textContent = text;
  };
  const tick = () => {
    const now = virtualNow();
    const shown = new Date(now).toISOString();
    const chip = root.querySelector("[data-now]");
    put(chip.querySelector(".date"), shown.slice(0, 10));
    put(chip.querySelector("[data-ticks]"), shown.slice(11, 19));
    for (const time of root.querySelectorAll("time[data-at]")) {
      put(time.querySelector(".ago"), relative(Number(time.dataset.at) - now));
    }
  };
  setInterval(tick, 1000);

  // ----- Exchanging what changed, and only that: focus, selection, scroll position, open details and
  // text being typed stay, because their elements stay.
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id : "");
  const alike = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

  const attributes = (from, to) => {
    for (const { name } of [...from.attributes]) {
      const own = name === "open" || name === "class";
      if (!own && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (name === "open" || name === "value") continue;
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
  };

  const exchange = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    attributes(from, to);
    if (from.nodeName === "SELECT" && from === document.activeElement) return;
    const keyed = new Map();
    for (const child of from.children) if (child.id) keyed.set(child.id, child);
    let place = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const key = keyOf(wanted);
      let match = key ? keyed.get(key) : null;
      if (!key && place && alike(place, wanted)) match = place;
      if (!match) {
        if (wanted.nodeName === "TR" && key) wanted.classList.add("fresh");
        from.insertBefore(wanted, place);
        continue;
      }
      if (match === place) place = place.nextSibling;
      else from.insertBefore(match, place);
      exchange(match, wanted);
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  };

  // ----- Live
  const status = root.querySelector("[data-status]");
  const show = (state) => {
    status.hidden = false;
    status.dataset.state = state;
    put(status, state);
  };
  let looking = false;
  let again = false;
  const look = async () => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    const begun = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const text = await answer.text();
      // A page that has gone (after a reset, say) is shown as such; a server in trouble is not.
      if (answer.status < 500) {
        const page = new DOMParser().parseFromString(text, "text/html");
        const parts = [...page.querySelectorAll("[data-part]")];
        seen = performance.now();
        for (const part of parts) {
          const own = root.querySelector(`[data-part="${part.dataset.part}"]`);
          if (own) exchange(own, part);
        }
        if (parts.length) document.title = page.title;
        tick();
      }
    } catch {
      show("reconnecting");
    } finally {
      // A page that is slow to draw is drawn less often: it must not keep the server from its work.
      setTimeout(
        () => {
          looking = false;
          if (!again) return;
          again = false;
          look();
        },
        4 * (performance.now() - begun),
      );
    }
  };

  let stream = null;
  const connect = () => {
    if (stream) return;
    stream = new EventSource(root.dataset.live);
    stream.addEventListener("tick", () => {
      if ("still" in root.dataset) return show("reload to see changes");
      show("live");
      look();
    });
    stream.addEventListener("error", () => {
      show("reconnecting");
      // The browser gives up after an answer that is no stream: a server that restarts.
      if (stream && stream.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(connect, 1000);
      }
    });
  };
  const disconnect = () => {
    if (stream) stream.close();
    stream = null;
  };
  // A browser opens six connections to a server: hidden tabs give theirs back.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", () => !document.hidden && connect());
  if (!document.hidden) connect();
})();
