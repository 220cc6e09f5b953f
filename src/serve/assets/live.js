// Keeps a page up to date: when its run has new events, the same page is fetched again and the sections that changed are put in
// place. What is shown is made by the server alone, so a page that is loaded late shows what one that was open all the time shows.
"use strict";

const PAUSE = 500; // ms between two looks, however fast events come
const PULSE = 3000; // ms after which a living page looks without being told: logs and clocks go on without events

const body = document.body;
const link = document.getElementById("link");
let looking = false, again = false, last = 0;

function tell(text) {
  if (link.textContent !== text) link.textContent = text;
}

// The element that has the focus in the old section, found again in the new one by its id or its address.
function refocus(section, focused) {
  const name = focused.id ? "#" + CSS.escape(focused.id) : focused.getAttribute("href") && `a[href="${CSS.escape(focused.getAttribute("href"))}"]`;
  const found = name && section.querySelector(name);
  if (found) found.focus({ preventScroll: true });
}

function hasSelection(section) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && section.contains(selection.anchorNode);
}

function replace(old, made) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const details of made.querySelectorAll("details[id]")) {
    const known = document.getElementById(details.id);
    if (known) details.open = known.open;
  }
  const scrolled = [...old.querySelectorAll(".scroll, pre")].map((box) => [box.scrollLeft, box.scrollTop, box.scrollTop + box.clientHeight >= box.scrollHeight - 4]);
  old.replaceWith(made);
  made.querySelectorAll(".scroll, pre").forEach((box, at) => {
    const [left, top, atEnd] = scrolled[at] || [0, 0, true];
    box.scrollLeft = left;
    box.scrollTop = atEnd && "end" in box.dataset ? box.scrollHeight : top;
  });
  if (focused) refocus(made, focused);
}

function renew(page) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = page.getElementById(old.id);
    if (!made || hasSelection(old) || made.outerHTML === old.dataset.shown) continue;
    const shown = made.outerHTML;
    replace(old, made);
    made.dataset.shown = shown;
  }
  if (!page.body.hasAttribute("data-events")) stop();
}

async function look() {
  if (looking) { again = true; return; }
  looking = true;
  await new Promise((go) => setTimeout(go, Math.max(0, last + PAUSE - Date.now())));
  again = false;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.status);
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    tell("");
  } catch {
    tell("No answer from bgh serve; what you see is the last that was known.");
  }
  last = Date.now();
  looking = false;
  if (again) look();
}

let source = null, pulse = null;

function start() {
  if (pulse || document.hidden) return;
  pulse = setInterval(look, PULSE);
  if (!body.dataset.events) return;
  source = new EventSource(body.dataset.events);
  source.onmessage = look;
  source.addEventListener("end", () => { source.close(); look(); });
}

function pause() {
  clearInterval(pulse);
  if (source) source.close();
  source = pulse = null;
}

function stop() {
  pause();
  delete body.dataset.events;
}

// The token has become a cookie; it need not stay where shoulders and screenshots see it.
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

document.querySelectorAll("pre[data-end]").forEach((box) => { box.scrollTop = box.scrollHeight; });

// Arrow keys follow the links to the previous and the next page.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest(".scroll, pre")) return;
  const way = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const to = way && document.querySelector(`a[rel="${way}"]`);
  if (to) to.click();
});

if ("events" in body.dataset) {
  document.addEventListener("visibilitychange", () => { if (document.hidden) pause(); else { start(); look(); } });
  start();
}
