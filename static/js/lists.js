// The owner's lists by keyboard: / search, j k or arrows move, Enter opens, x chooses, ? helps.
// Moving is the focus itself, so Enter is the browser's; without scripts Tab does the same. No words in here.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const help = $("#keys-help"), choice = $("#keys-on");

  function isOn() {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  }

  const rows = () => $$("[data-list] > li");
  const linkOf = (row) => $(".rows__main a[href]", row) || $("a[href], button", row);
  const rowOf = (element) => element?.closest?.("[data-list] > li");

  function move(by) {
    const all = rows(), here = all.indexOf(rowOf(document.activeElement));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by], link = next && linkOf(next);
    if (!link) return false;
    link.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function pick() {
    const box = $("input[type=checkbox]", rowOf(document.activeElement) || document.createElement("li"));
    if (box) box.click();
    return Boolean(box);
  }

  function find() {
    const field = $("main input[type=search]");
    if (field) { field.focus(); field.select(); }
    return Boolean(field);
  }

  function showHelp() {
    if (!help || help.open) return false;
    choice.checked = isOn();
    help.showModal();
    return true;
  }

  const keys = { "/": find, j: () => move(1), k: () => move(-1), x: pick };
  // Arrows scroll the page, unless one is in the list already.
  const arrows = { ArrowDown: 1, ArrowUp: -1 };

  function isTyping(target) {
    return target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|button|submit)$/.test(target.type));
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || $("dialog[open]")) return;
    if (event.key === "?") { if (showHelp()) event.preventDefault(); return; }
    if (!isOn()) return;
    const inList = event.key in arrows && rowOf(event.target);
    const act = inList ? () => move(arrows[event.key]) : keys[event.key];
    if (act && act()) event.preventDefault();
  });

  // ---- Choosing: all of a page at once, and how many are chosen

  function boxes() { return $$("[data-list] .row-pick input"); }

  function count() {
    const said = $("[data-chosen-count]");
    if (said) said.textContent = said.dataset.chosenCount.replace("%(count)s", boxes().filter((box) => box.checked).length);
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest(".row-pick")) count();
    if (event.target === choice) {
      try { localStorage.setItem("keys", choice.checked ? "on" : "off"); } catch { /* It holds for nobody else. */ }
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) showHelp();
    if (!event.target.closest("[data-choose-all]")) return;
    event.preventDefault();
    const all = boxes(), isOff = all.some((box) => !box.checked);
    all.forEach((box) => { box.checked = isOff; });
    count();
  });
  document.addEventListener("htmx:after:swap", count);
  count();
})();
