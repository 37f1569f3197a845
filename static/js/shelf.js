// What this browser knows of the visitor and pages don't: the hearts of what is saved, and what was looked at lately.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));

  // ---- Hearts: a pressed one takes the product off the list

  function fillHearts() {
    const saved = new Set(($("#saved")?.dataset.saved || "").split(" "));
    $$(".heart").forEach((heart) => {
      const isSaved = saved.has(heart.value);
      heart.ariaPressed = isSaved;
      heart.name = isSaved ? "unwanted" : "product";
    });
  }

  // ---- Looked at lately: kept here only, nothing of it is sent anywhere

  const KEY = "recent", MOST = 12;
  const isUnwanted = navigator.globalPrivacyControl || navigator.doNotTrack === "1";

  function read() {
    try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; }
  }

  function write(seen) {
    try {
      if (seen.length) localStorage.setItem(KEY, JSON.stringify(seen)); else localStorage.removeItem(KEY);
    } catch { /* Storage may be forbidden or full. */ }
  }

  function card(template, one) {
    const made = template.content.cloneNode(true), link = $("a", made);
    link.textContent = one.title;
    link.href = $("#recent").dataset.root + one.path;
    if (one.picture) {
      const image = new Image();
      Object.assign(image, { alt: "", decoding: "async", loading: "lazy", src: one.picture });
      image.addEventListener("error", () => image.remove());
      $(".frame", made).append(image);
    }
    return made;
  }

  function showRecent() {
    const section = $("#recent");
    if (!section) return;
    const here = section.dataset, seen = read().filter((one) => one.path !== here.path);
    const shown = seen.slice(0, 4);
    $("ul", section).replaceChildren(...shown.map((one) => card($("template", section), one)));
    section.hidden = !shown.length;
    if (here.path) write([{ path: here.path, title: here.title, picture: here.picture }, ...seen].slice(0, MOST));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-forget-recent]")) return;
    write([]);
    $("#recent").hidden = true;
    const heading = $("main h1");
    heading.tabIndex = -1;
    heading.focus();
  });

  function ready() {
    fillHearts();
    if (isUnwanted) write([]); else showRecent();
  }

  ["htmx:after:swap", "htmx:finally:request"].forEach((name) => document.addEventListener(name, (event) => {
    const target = event.detail.ctx?.target;
    if (name === "htmx:after:swap" && target === document.body) ready(); else fillHearts();
  }));
  ready();
})();
