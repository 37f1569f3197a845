// What htmx leaves to us: focus, announcements, errors one can act on, one answer for one click.
// No words in here: they come translated in data attributes.
(function () {
  "use strict";
  var root = document.documentElement;
  var words = root.dataset;
  var $ = function (selector, from) { return (from || document).querySelector(selector); };
  var $$ = function (selector, from) { return Array.from((from || document).querySelectorAll(selector)); };

  // ---- Saying something -------------------------------------------------------------------

  var clearing;

  function announce(text) {
    var region = $("#status");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(function () { region.textContent = text; }, 60);
    clearLater(region);
  }

  // With something to press it stays longer, and as long as someone is at it.
  function clearLater(region) {
    clearTimeout(clearing);
    clearing = setTimeout(function check() {
      if (region.matches(":hover, :focus-within")) clearing = setTimeout(check, 4000);
      else region.textContent = "";
    }, $("a, button", region) ? 15000 : 7000);
  }

  function button(text, action) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", function () { hideAlert(); action(); });
    return made;
  }

  function showAlert(text, retry) {
    var message = document.createElement("p");
    message.textContent = text;
    $("#alert").replaceChildren(message, button(words.msgRetry, retry), button(words.msgClose, function () {}));
  }

  function hideAlert() { $("#alert").textContent = ""; }

  // ---- Errors: nothing is swapped, what was entered stays, one can try again -------------------

  function again(ctx) {
    var element = ctx.sourceElement, event = ctx.sourceEvent || {};
    if (!element || element === document.body) location.reload();
    else if (event.type === "submit") element.requestSubmit(ctx.request.submitter || undefined);
    else if (event.type === "click") element.click();
    else htmx.trigger(element, event.type);
  }

  // What loads by itself (name, cart count) fails quietly: nobody asked for it.
  function isAsked(ctx) {
    return !/^(load|every|revealed|intersect)$/.test(ctx.sourceEvent && ctx.sourceEvent.type);
  }

  function failed(ctx, text) {
    if (isAsked(ctx)) showAlert(text, function () { again(ctx); });
  }

  document.addEventListener("htmx:before:response", function (event) {
    var ctx = event.detail.ctx, status = ctx.response.status;
    if (status !== 429 && status < 500) return;
    event.preventDefault();
    failed(ctx, status === 429 ? words.msgBusy : words.msgServer);
  });
  document.addEventListener("htmx:error", function (event) {
    if (event.detail.ctx) failed(event.detail.ctx, words.msgNetwork);
  });

  // ---- One answer for one click --------------------------------------------------------------

  function mark(form, isSending) {
    if (isSending) form.dataset.sending = "1"; else delete form.dataset.sending;
    Array.from(form.elements).forEach(function (control) {
      if (control.type !== "submit") return;
      if (isSending) control.setAttribute("aria-disabled", "true"); else control.removeAttribute("aria-disabled");
    });
  }

  // The form that a request of htmx sends, unless it only asks for something.
  function sentForm(ctx) {
    return ctx.request.method === "GET" ? null : ctx.request.form;
  }

  document.addEventListener("submit", function (event) {
    if (!event.target.dataset.sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  document.addEventListener("submit", function (event) {
    var form = event.target;
    delete form.dataset.dirty;
    if (event.defaultPrevented || form.method !== "post") return;
    mark(form, true);
    // An answer that is a file leaves us on this page: give the button back.
    setTimeout(mark, 10000, form, false);
  });
  document.addEventListener("htmx:before:request", function (event) {
    var ctx = event.detail.ctx, form = sentForm(ctx), dirty = $("form[data-dirty]");
    if (dirty && dirty !== form && ctx.target === document.body && !window.confirm(dirty.dataset.warnUnsaved)) event.preventDefault();
    else if (form) mark(form, true);
  });
  document.addEventListener("htmx:finally:request", function (event) {
    var ctx = event.detail.ctx, form = sentForm(ctx);
    if (form && !(ctx.hx && ctx.hx.redirect)) mark(form, false);
  });
  window.addEventListener("pageshow", function () {
    $$("form[data-sending]").forEach(function (form) { mark(form, false); });
  });

  // ---- Focus ---------------------------------------------------------------------------------

  var before;

  function give(element) {
    if (!element) return false;
    if (!element.matches("a, button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
    element.focus({ preventScroll: element.matches("h1") });
    return true;
  }

  document.addEventListener("htmx:before:swap", function () {
    var active = document.activeElement, near = active && active.closest("[data-focus-fallback]");
    before = active && active !== document.body ? { element: active, fallback: near && near.dataset.focusFallback } : null;
  });

  document.addEventListener("htmx:after:swap", function (event) {
    var ctx = event.detail.ctx, target = ctx.target;
    if (typeof target === "string") target = $(target);
    var isPage = target === document.body;
    if (isPage) ready();
    $$("[data-announce]", isPage || !target || !target.isConnected ? document : target.parentNode).forEach(function (element) {
      announce(element.dataset.announce);
      element.removeAttribute("data-announce");
    });
    var said = ctx.response && ctx.response.headers.get("X-Announce");
    if (said) announce(decodeURIComponent(said));
    else if ($("#status").textContent) clearLater($("#status"));
    hideAlert();
    if (ctx.response && ctx.response.status === 422 && give($("main [aria-invalid=true]") || $(".error-summary"))) return;
    if (isPage) { give($("main [autofocus]") || $("main h1")); return; }
    if (!before || before.element.isConnected || document.activeElement !== document.body) return;
    give(before.fallback && $(before.fallback)) || give(target && target.isConnected ? target : $("main h1"));
  });

  // ---- Theme ---------------------------------------------------------------------------------

  function showTheme() {
    var current = root.dataset.theme || "system";
    $$("[data-theme-choice]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.themeChoice === current)); });
  }

  function chooseTheme(choice) {
    if (choice === "system") delete root.dataset.theme; else root.dataset.theme = choice;
    try {
      if (choice === "system") localStorage.removeItem("theme"); else localStorage.setItem("theme", choice);
    } catch (error) { /* Storage may be forbidden; the choice holds for this page. */ }
    showTheme();
  }

  // ---- Copying, unsaved forms, folds -------------------------------------------------------------

  function copy(trigger) {
    var source = $(trigger.dataset.copy);
    // Without the clipboard (no https) the text is at least selected.
    if (!navigator.clipboard) { getSelection().selectAllChildren(source); return; }
    navigator.clipboard.writeText(source.textContent.trim()).then(function () { announce(trigger.dataset.copied); });
  }

  document.addEventListener("click", function (event) {
    var trigger = event.target.closest && event.target.closest("[data-copy], [data-theme-choice], [aria-disabled=true]");
    if (!trigger) return;
    if (trigger.getAttribute("aria-disabled")) event.preventDefault();
    else if (trigger.dataset.copy) copy(trigger);
    else chooseTheme(trigger.dataset.themeChoice);
  });

  document.addEventListener("input", function (event) {
    var form = event.target.form;
    if (form && "warnUnsaved" in form.dataset) form.dataset.dirty = "1";
  });
  window.addEventListener("beforeunload", function (event) {
    if ($("form[data-dirty]")) event.preventDefault();
  });
  function ready() {
    showTheme();
    if (matchMedia("(min-width: 60rem)").matches) $$("details[data-open-wide]").forEach(function (fold) { fold.open = true; });
  }

  ready();
  // A form that came back with errors: to the first field that needs another look.
  if ($(".error-summary")) give($("main [aria-invalid=true]") || $(".error-summary"));
})();
