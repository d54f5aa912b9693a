// The little that HTML and htmx cannot say. No inline code, no eval: the pages' CSP forbids both.
"use strict";

const byId = (id) => document.getElementById(id);

// A morph changes attributes, not what a visitor has ticked or typed since: after each answer the
// inputs in it follow the page again. The one being typed in is left alone; and what is swapped elsewhere, as news of
// an index run is, takes nothing back that waits to be sent.
document.addEventListener("htmx:after:swap", (event) => {
  const answer = byId("answer");
  if (!answer || !event.detail.ctx?.target?.contains(answer)) return;
  for (const input of document.querySelectorAll("#answer input, #answer option")) {
    if (input === document.activeElement) continue;
    if (input.tagName === "OPTION") input.selected = input.defaultSelected;
    else if (input.type === "checkbox") input.checked = input.defaultChecked;
    else input.value = input.defaultValue;
  }
});

// Empty inputs say nothing: leave them out of what is asked.
document.addEventListener("htmx:config:request", (event) => {
  const asked = event.detail.ctx.request.body;
  if (!(asked instanceof FormData)) return;
  for (const [name, value] of [...asked]) if (value === "") asked.delete(name);
});

// --- a server that is away ---------------------------------------------------------------------

const AGAIN_MS = 3000;
let unanswered = null; // the form or link whose request failed: asked again until the server is back
let again = 0;

function isAway(source) {
  byId("offline")?.removeAttribute("hidden");
  if (source?.matches?.("a, form")) unanswered = source;
  again ||= setTimeout(askAgain, AGAIN_MS); // what fails meanwhile, as a poll does, puts nothing off
}

function isBack() {
  byId("offline")?.setAttribute("hidden", "");
  clearTimeout(again);
  again = 0;
}

function askAgain() {
  const asked = unanswered;
  again = 0;
  unanswered = null;
  if (!asked?.isConnected) return;
  if (asked.matches("a")) asked.click();
  else asked.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}

document.addEventListener("htmx:error", (event) => event.detail.ctx && isAway(event.detail.ctx.sourceElement));
document.addEventListener("htmx:sse:error", () => isAway());
document.addEventListener("htmx:sse:after:connection", () => { isBack(); askAgain(); });
document.addEventListener("htmx:after:request", (event) => {
  isBack();
  // What a visitor asks takes the place of what was not answered; what the page asks by itself does not.
  if (event.detail.ctx?.sourceElement?.matches?.("a, form")) unanswered = null;
  else askAgain();
});

// --- histograms: drag over bars to pick a range -------------------------------------------------

let drag = null;

function barAt(histogram, x) {
  const bars = [...histogram.querySelectorAll("g")];
  const box = histogram.getBoundingClientRect();
  const place = Math.floor(((x - box.left) / box.width) * bars.length);
  return Math.min(Math.max(place, 0), bars.length - 1);
}

function showDrag() {
  const [first, last] = [drag.from, drag.to].sort((a, b) => a - b);
  drag.histogram.querySelectorAll("g").forEach((bar, n) => bar.classList.toggle("picked", n >= first && n <= last));
  return [first, last];
}

document.addEventListener("pointerdown", (event) => {
  const histogram = event.target.closest?.(".histogram");
  if (!histogram || event.button !== 0) return;
  const at = barAt(histogram, event.clientX);
  drag = { histogram, from: at, to: at };
  showDrag();
  event.preventDefault();
});
document.addEventListener("mousedown", (event) => drag && event.preventDefault()); // no text is selected meanwhile
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.to = barAt(drag.histogram, event.clientX);
  showDrag();
});
document.addEventListener("pointercancel", () => endDrag(false));
document.addEventListener("pointerup", () => endDrag(true));

function endDrag(pick) {
  if (!drag) return;
  const [first, last] = showDrag();
  const { histogram } = drag;
  const bars = histogram.querySelectorAll("g");
  bars.forEach((bar) => bar.classList.remove("picked"));
  drag = null;
  if (!pick) return;
  const low = byId(`${histogram.dataset.for}-min`);
  const high = byId(`${histogram.dataset.for}-max`);
  low.value = bars[first].dataset.low;
  high.value = bars[last].dataset.high;
  high.dispatchEvent(new Event("input", { bubbles: true }));
}

// --- forms that change something -------------------------------------------------------------------

// A second click before the next page is there would make a second token, or end a second session.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.defaultPrevented) return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("form").forEach((form) => sent.delete(form)));

// --- copying a link --------------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = byId(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.nextElementSibling.textContent = "Copied";
    } catch {
      button.nextElementSibling.textContent = "Press Ctrl+C to copy";  // pages that are not served over HTTPS may not
    }
  });
}

// --- the keyboard -----------------------------------------------------------------------------

// What takes the focused element off the page takes the focus too: the keyboard goes on at the card where it was.
let at = "";
document.addEventListener("focusin", (event) => { at = event.target.closest(".card")?.id ?? ""; });
const card = () => (document.activeElement === document.body ? byId(at) : document.activeElement?.closest(".card"));

function move(step) {
  const links = [...document.querySelectorAll(".card h3 a")];
  if (!links.length) return;
  const now = links.indexOf(card()?.querySelector("h3 a"));
  const next = links[Math.min(Math.max(now + step, 0), links.length - 1)];
  next.focus();
  next.closest(".card").scrollIntoView({ block: "nearest" });
}

function openFirst(selector) {
  const summary = document.querySelector(selector);
  if (!summary) return;
  summary.parentElement.open = true;
  summary.focus();
}

const shortcuts = {
  "/": () => { byId("q")?.focus(); byId("q")?.select(); },
  "?": () => byId("help")?.togglePopover(),
  j: () => move(1),
  k: () => move(-1),
  w: () => { const why = card()?.querySelector(".why"); if (why) why.open = !why.open; },
  c: () => card()?.querySelector(".pick")?.click(),
  m: () => card()?.querySelector(".alike")?.click(),
  e: () => openFirst("#understood summary"),
  f: () => {
    const shown = byId("show-panel");
    if (shown && getComputedStyle(shown).display !== "none") shown.checked = true;
    document.querySelector("#panel summary")?.focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") {
    const open = document.querySelector(".understood details[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    else if (typing) event.target.blur();
    return;
  }
  if (typing || !(event.key in shortcuts)) return;
  event.preventDefault();
  shortcuts[event.key]();
});
