// A page that moves with what happens: its parts are asked for again, so that no number is made here.
"use strict";

const line = document.querySelector("[data-live]");
const says = line?.querySelector("[data-live-says]");
const reload = line?.querySelector("[data-live-reload]");
const sweep = line?.dataset.sweep;
// A page that is dear has its moving parts at an address of their own.
const partsFrom = line?.dataset.partsFrom;
const KINDS = [
  "sweep.started", "sweep.finished", "run.announced", "run.reported", "run.abandoned", "tester.registered",
];
const LEAST_MS = 1000;
const AGAIN_MS = 4000;

let stream = null;
let last = line?.dataset.after ?? "0";
let wanted = false;
let busy = false;

function tell(text, over) {
  says.textContent = text;
  reload.hidden = !over;
}

// Where the keyboard is must not be lost: what has the same address has the same place.
function keepFocus(part, change) {
  const here = document.activeElement;
  const address = part.contains(here) ? here.getAttribute("href") : null;
  change();
  if (!address) return;
  for (const link of part.querySelectorAll("a")) {
    if (link.getAttribute("href") === address) {
      link.focus({ preventScroll: true });
      return;
    }
  }
}

async function renew() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const begun = performance.now();
    try {
      const answer = await fetch(partsFrom ?? location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (other && other.innerHTML !== part.innerHTML) {
          keepFocus(part, () => part.replaceChildren(...other.childNodes));
        }
      }
      tell(`Live, as of ${new Date().toISOString().slice(11, 19)} UTC.`, false);
      // Where another sweep has begun already, this one has ended as well.
      const other = fresh.querySelector("[data-live]");
      if (!other || (partsFrom && other.dataset.sweep !== sweep)) {
        close();
        if (partsFrom) {
          // What stands beside those parts is as it was.
          document.querySelectorAll("[data-part]").forEach((part) => part.replaceChildren());
          // Who has the keyboard somewhere in the page is asked; a screen on a wall shows what has come.
          if (document.activeElement === document.body) location.reload();
        }
        tell("This sweep has ended.", Boolean(partsFrom));
        wanted = false;
      }
    } catch {
      tell("The collector does not answer; it is asked again.", true);
      wanted = Boolean(stream);
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    // A slow answer is not asked for all the time.
    await new Promise((done) => setTimeout(done, Math.max(LEAST_MS, 3 * (performance.now() - begun))));
  }
  busy = false;
}

function open() {
  if (stream) return;
  stream = new EventSource(`/api/v1/events?after=${encodeURIComponent(last)}`);
  // What happened while there was no stream is asked for.
  stream.addEventListener("open", () => renew());
  stream.addEventListener("error", () => {
    // It comes back by itself, unless it was refused.
    const over = stream?.readyState === EventSource.CLOSED;
    tell(over ? "Not live any more." : "The stream was cut off; it is tried again.", over);
  });
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => {
      last = event.lastEventId || last;
      if (!sweep || JSON.parse(event.data).sweep_id === sweep) renew();
    });
  }
}

function close() {
  stream?.close();
  stream = null;
}

if (line) {
  // A browser holds few connections to one collector: a page that nobody sees needs none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      renew();
      open();
    }
  });
  addEventListener("pagehide", close);
  if (!document.hidden) open();
}
