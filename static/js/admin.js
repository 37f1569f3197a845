// The owner's extras: uploads that show how far they are, and lists put in order by dragging.
// Without scripts the same forms and buttons do the same.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));

  function make(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  // ---- Uploads: <form data-upload>, one request for each file

  function isFitting(file, accept) {
    return !accept || accept.split(",").some((rule) => {
      rule = rule.trim().toLowerCase();
      if (rule[0] === ".") return file.name.toLowerCase().endsWith(rule);
      return rule.endsWith("/*") ? file.type.startsWith(rule.slice(0, -1)) : file.type === rule;
    });
  }

  function refusal(file, input) {
    const limit = Number(input.dataset.maxBytes);
    if (!isFitting(file, input.accept)) return input.dataset.wrongType;
    return limit && file.size > limit ? input.dataset.tooBig : "";
  }

  function listOf(form) {
    let list = $(".uploads", form);
    if (!list) {
      list = make("ul", "uploads");
      list.setAttribute("role", "list");
      form.append(list);
    }
    return list;
  }

  // The row of one file: name, what can be done, bar, and words read out at most every ten per cent.
  function rowFor(form, file) {
    const row = make("li", "upload"), side = make("span");
    const bar = make("progress"), said = make("span", "progress__text"), spoken = make("span", "visually-hidden");
    bar.max = 100;
    bar.setAttribute("aria-label", file.name);
    spoken.setAttribute("role", "status");
    side.append(said, " ");
    row.append(make("span", "", file.name), side, bar, spoken);
    listOf(form).append(row);
    let tenth = 0;
    return {
      element: row,
      act: (text, action) => {
        const old = $("button", side), button = make("button", "link-button", text);
        if (old) old.remove();
        if (!text) return;
        button.type = "button";
        button.setAttribute("aria-label", text + ": " + file.name);
        button.addEventListener("click", action);
        side.append(button);
      },
      show: (percent) => {
        bar.value = percent;
        said.textContent = percent + " %";
        if (Math.floor(percent / 10) > tenth) {
          tenth = Math.floor(percent / 10);
          spoken.textContent = file.name + ": " + percent + " %";
        }
      },
      end: (text, isError) => {
        bar.remove();
        said.textContent = isError ? "" : text;
        spoken.textContent = file.name + ": " + text;
        if (isError) row.append(make("span", "upload__error", text));
      },
      again: () => { row.remove(); }
    };
  }

  function send(form, input, file) {
    return new Promise((done) => {
      const words = form.dataset, row = rowFor(form, file), wrong = refusal(file, input);
      if (wrong) { row.end(wrong, true); done(null); return; }
      const request = new XMLHttpRequest(), body = new FormData(form), large = window.shopParts?.(form, file, row.show);
      body.delete(input.name);
      request.upload.addEventListener("progress", (event) => {
        if (!large && event.lengthComputable) row.show(Math.round(event.loaded * 100 / event.total));
      });
      request.addEventListener("abort", () => { row.again(); done(null); });
      request.addEventListener("error", () => { fail(words.msgFailed); });
      request.addEventListener("load", () => {
        if (request.status >= 400) { fail(reason(request) || words.msgFailed); return; }
        row.end(words.msgDone);
        row.act("");
        done(request);
      });
      function fail(text) {
        row.end(text, true);
        row.act(words.msgRetry, () => { row.again(); sendAll(form, input, [file]); });
        done(null);
      }
      function submit(name, value) {
        body.append(name, value);
        row.act(words.msgCancel, () => { request.abort(); });
        request.open("POST", form.action);
        request.setRequestHeader("Accept", "text/html");
        request.send(body);
      }
      row.show(0);
      if (!large) { submit(input.name, file); return; }
      // In parts (uploads.js): the form goes last, with the name of the upload in place of the file.
      row.act(words.msgCancel, () => { large.cancel(); row.again(); done(null); });
      large.sent.then((id) => { submit("upload", id); }, (text) => { if (!large.isCancelled()) fail(text || words.msgFailed); });
    });
  }

  function reason(request) {
    const error = $(".field__error, .error-summary li, #refusal p", new DOMParser().parseFromString(request.responseText, "text/html"));
    return error?.textContent.trim();
  }

  async function sendAll(form, input, files) {
    form.dataset.uploading = "1";
    let last = null;
    for (const file of files) last = (await send(form, input, file)) || last;
    delete form.dataset.uploading;
    input.value = "";
    if (last) show(form, last);
  }

  // Puts the answer where the form wants it; files that were refused stay listed.
  function show(form, request) {
    const selector = form.dataset.uploadTarget;
    const fresh = selector && $(selector, new DOMParser().parseFromString(request.responseText, "text/html"));
    if (!fresh) { if (!$(".upload__error", form)) location.assign(request.responseURL); return; }
    const refused = $$(".upload", form).filter((row) => $(".upload__error", row));
    const formId = form.id, old = $(selector), isInside = old.contains(form);
    old.replaceWith(fresh);
    htmx.process(fresh);
    const home = isInside ? (formId && document.getElementById(formId)) || $("form[data-upload]", fresh) : form;
    $$(".upload", form).forEach((row) => { row.remove(); });
    if (home && refused.length) listOf(home).append.apply(listOf(home), refused);
    if (isInside && home) $("input[type=file]", home).focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-upload]")) return;
    const input = $("input[type=file]", form);
    if (form.dataset.uploading) { event.preventDefault(); return; }
    if (!input.files.length) return;
    event.preventDefault();
    sendAll(form, input, Array.from(input.files));
  }, true);

  // Choosing is enough where scripts run.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-upload]");
    if (form && event.target.type === "file" && event.target.files.length) form.requestSubmit();
  });

  ["dragenter", "dragover", "dragleave", "drop"].forEach((kind) => {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.("[data-dropzone]");
      if (!zone || !event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.toggle("dropzone--over", kind === "dragenter" || kind === "dragover");
      if (kind !== "drop") return;
      const input = $("input[type=file]", zone), files = Array.from(event.dataTransfer.files);
      sendAll(input.form, input, input.multiple ? files : files.slice(0, 1));
    });
  });

  window.addEventListener("beforeunload", (event) => {
    if ($("form[data-uploading]")) event.preventDefault();
  });

  // On a phone the navigation scrolls sideways: bring the current page into view.
  const here = $(".admin-nav [aria-current]");
  if (here) here.closest("ul").scrollLeft = here.offsetLeft - 16;

  // ---- Order by dragging: <form data-reorder> with draggable items

  let dragged = null;

  function itemAt(event) {
    const item = event.target.closest?.("[data-reorder] [draggable=true]");
    return item && dragged && item.parentNode === dragged.parentNode ? item : null;
  }

  function isAfter(event, item) {
    const box = item.getBoundingClientRect();
    // Items beside one another (pictures) are compared by x, items below one another by y.
    const isRow = item.parentNode.classList.contains("thumbs");
    return isRow ? event.clientX > box.left + box.width / 2 : event.clientY > box.top + box.height / 2;
  }

  function unmark() {
    $$(".drop-before, .drop-after").forEach((item) => { item.classList.remove("drop-before", "drop-after"); });
  }

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-reorder] [draggable=true]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("dragging");
  });
  document.addEventListener("dragover", (event) => {
    const item = itemAt(event);
    if (!item) return;
    event.preventDefault();
    unmark();
    if (item !== dragged) item.classList.add(isAfter(event, item) ? "drop-after" : "drop-before");
  });
  document.addEventListener("drop", (event) => {
    const item = itemAt(event);
    if (!item || item === dragged) return;
    event.preventDefault();
    if (isAfter(event, item)) item.after(dragged); else item.before(dragged);
    dragged.closest("form").requestSubmit();
  });
  document.addEventListener("dragend", () => {
    unmark();
    if (dragged) dragged.classList.remove("dragging");
    dragged = null;
  });

  // ---- Autosave: what the server has saved need not be warned about ------------------------------

  document.addEventListener("htmx:after:swap", (event) => {
    const ctx = event.detail.ctx;
    if (!ctx.response || !ctx.response.headers.get("X-Saved")) return;
    document.querySelectorAll("form[data-dirty]").forEach((form) => { delete form.dataset.dirty; });
  });
})();
