// What htmx leaves to us. No words in here: they come translated in data attributes.
(() => {
  "use strict";
  const root = document.documentElement;
  const words = root.dataset;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const on = (name, action, capture) => document.addEventListener(name, action, capture);

  // ---- Saying something

  let clearing;

  function announce(text) {
    const region = $("#status");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 60);
    clearLater(region);
  }

  // Each announcement is said once; what was on the page from the start was read with it.
  function takeAnnouncements() {
    return $$("[data-announce]").map((element) => {
      const text = element.dataset.announce;
      element.removeAttribute("data-announce");
      return text;
    });
  }

  // With something to press it stays longer.
  function clearLater(region) {
    clearTimeout(clearing);
    clearing = setTimeout(function check() {
      if (region.matches(":hover, :focus-within")) clearing = setTimeout(check, 4000);
      else region.textContent = "";
    }, $("a, button", region) ? 15000 : 7000);
  }

  function button(text, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => { hideAlert(); action(); });
    return made;
  }

  function showAlert(text, retry) {
    const message = document.createElement("p");
    message.textContent = text;
    $("#alert").replaceChildren(message, button(words.msgRetry, retry), button(words.msgClose, () => {}));
  }

  function hideAlert() { $("#alert").textContent = ""; }

  // ---- Errors: nothing is swapped, one can try again

  function again(ctx) {
    const element = ctx.sourceElement, event = ctx.sourceEvent || {};
    if (!element || element === document.body) location.reload();
    else if (event.type === "submit") element.requestSubmit(ctx.request.submitter || undefined);
    else if (event.type === "click") element.click();
    else htmx.trigger(element, event.type);
  }

  // What loads by itself (name, cart count) fails quietly: nobody asked for it.
  function isAsked(ctx) {
    return !/^(load|every|revealed|intersect)$/.test(ctx.sourceEvent?.type);
  }

  function failed(ctx, text) {
    if (isAsked(ctx)) showAlert(text, () => { again(ctx); });
  }

  on("htmx:before:response", (event) => {
    const ctx = event.detail.ctx, status = ctx.response.status;
    if (status !== 429 && status < 500) return;
    event.preventDefault();
    failed(ctx, status === 429 ? words.msgBusy : words.msgServer);
  });
  on("htmx:error", (event) => {
    if (event.detail.ctx) failed(event.detail.ctx, words.msgNetwork);
  });

  // ---- One answer for one click

  function mark(form, isSending) {
    if (isSending) form.dataset.sending = "1"; else delete form.dataset.sending;
    // A button that was disabled before stays so.
    for (const control of form.elements) {
      if (control.type !== "submit" || (control.ariaDisabled && !control.dataset.held)) continue;
      control.ariaDisabled = control.dataset.held = isSending || null;
      if (!isSending) delete control.dataset.held;
    }
  }

  // The form that a request of htmx sends, unless it only asks, or queues what comes meanwhile.
  function sentForm(ctx) {
    const form = ctx.request.form;
    return ctx.request.method === "GET" || !form || /queue/.test(form.getAttribute("hx-sync")) ? null : form;
  }

  on("submit", (event) => {
    if (!event.target.dataset.sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  on("submit", (event) => {
    const form = event.target;
    delete form.dataset.dirty;
    if (event.defaultPrevented || form.method !== "post") return;
    mark(form, true);
    // An answer that is a file leaves us on this page: give the button back.
    setTimeout(mark, 10000, form, false);
  });
  on("htmx:before:request", (event) => {
    const ctx = event.detail.ctx, form = sentForm(ctx), dirty = $("form[data-dirty]");
    if (dirty && dirty !== form && ctx.target === document.body && !window.confirm(dirty.dataset.warnUnsaved)) event.preventDefault();
    else if (form) mark(form, true);
  });
  on("htmx:finally:request", (event) => {
    const ctx = event.detail.ctx, form = sentForm(ctx);
    if (form && !ctx.hx?.redirect) mark(form, false);
  });
  window.addEventListener("pageshow", () => {
    $$("form[data-sending]").forEach((form) => mark(form, false));
  });

  // ---- Focus

  let before;

  function give(element) {
    if (!element) return false;
    if (!element.matches("a, button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
    element.focus({ preventScroll: element.matches("h1") });
    return true;
  }

  on("htmx:before:swap", () => {
    const active = document.activeElement, near = active?.closest("[data-focus-fallback]");
    before = active && active !== document.body ? { element: active, fallback: near?.dataset.focusFallback } : null;
  });

  on("htmx:after:swap", (event) => {
    const ctx = event.detail.ctx;
    const target = typeof ctx.target === "string" ? $(ctx.target) : ctx.target;
    const isPage = target === document.body;
    takeAnnouncements().forEach(announce);
    if (isPage) ready();
    const said = ctx.response?.headers.get("X-Announce");
    if (said) announce(decodeURIComponent(said));
    else if ($("#status").textContent) clearLater($("#status"));
    hideAlert();
    if (ctx.response?.status === 422 && give($("main [aria-invalid=true]") || $(".error-summary"))) return;
    if (isPage) { give($("main [autofocus]") || $("main h1")); return; }
    if (!before || before.element.isConnected || document.activeElement !== document.body) return;
    give(before.fallback && $(before.fallback)) || give(target?.isConnected ? target : $("main h1"));
  });

  // ---- Theme

  function showTheme() {
    const current = root.dataset.theme || "system";
    $$("[data-theme-choice]").forEach((choice) => choice.setAttribute("aria-pressed", choice.dataset.themeChoice === current));
  }

  function chooseTheme(choice) {
    root.dataset.theme = choice;
    try { localStorage.setItem("theme", choice); } catch { /* Storage may be forbidden; it holds for this page. */ }
    showTheme();
  }

  // ---- Quantities: sent when the clicking stops

  let counting;

  function step(button) {
    const input = $("input", button.parentNode), limits = input.dataset;
    const wished = (parseInt(input.value, 10) || 0) + Number(button.value);
    input.value = Math.max(Number(limits.min), Math.min(wished, Number(limits.max || Infinity)));
    if ("send" in limits) sendSoon(input);
  }

  function sendSoon(input) {
    const id = input.id, value = input.value;
    clearTimeout(counting);
    counting = setTimeout(() => {
      // An answer may have brought a new field meanwhile.
      const current = document.getElementById(id);
      if (!current) return;
      current.value = value;
      current.form.requestSubmit();
    }, 400);
  }

  on("change", (event) => {
    if (event.target.matches(".stepper__input[data-send]")) sendSoon(event.target);
  });

  // ---- Copying, unsaved forms, folds

  function copy(trigger) {
    const source = $(trigger.dataset.copy);
    // Without the clipboard (no https) the text is at least selected.
    if (!navigator.clipboard) { getSelection().selectAllChildren(source); return; }
    navigator.clipboard.writeText(source.textContent.trim()).then(() => announce(trigger.dataset.copied));
  }

  on("click", (event) => {
    const trigger = event.target.closest?.("[data-copy], [data-theme-choice], [aria-disabled=true], .stepper__button");
    if (!trigger) return;
    if (trigger.getAttribute("aria-disabled")) event.preventDefault();
    else if (trigger.matches(".stepper__button")) { event.preventDefault(); step(trigger); }
    else if (trigger.dataset.copy) copy(trigger);
    else chooseTheme(trigger.dataset.themeChoice);
  });

  on("input", (event) => {
    const form = event.target.form;
    if (form && "warnUnsaved" in form.dataset) form.dataset.dirty = "1";
  });
  window.addEventListener("beforeunload", (event) => {
    if ($("form[data-dirty]")) event.preventDefault();
  });

  function ready() {
    showTheme();
    if (matchMedia("(min-width: 60rem)").matches) $$("details[data-open-wide]").forEach((fold) => { fold.open = true; });
  }

  ready();
  takeAnnouncements();
  // A form that came back with errors: to the first field that needs another look.
  give($("main [aria-invalid=true]") || $(".error-summary"));
})();

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
