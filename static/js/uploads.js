// Large files in parts: straight to the storage where browsers reach it, through the shop where they don't.
// A cut costs one part; the same file chosen again, also after a reload, goes on where it stopped. See docs/uploads.md.
(() => {
  "use strict";
  const FROM = 6 * 1024 * 1024, PATIENCE = [1, 2, 4, 8, 15, 30];
  const wait = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });
  const token = (form) => form.elements.csrf_token.value;

  // fetch() can't say how far a body is; XMLHttpRequest can.
  function post(method, url, body, headers, onProgress, keep) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      keep(request);
      request.open(method, url);
      for (const name in headers) request.setRequestHeader(name, headers[name]);
      request.upload.addEventListener("progress", (event) => { onProgress(event.loaded); });
      request.addEventListener("load", () => { (request.status < 400 ? done : fail)(request); });
      ["error", "abort", "timeout"].forEach((kind) => { request.addEventListener(kind, () => { fail(request); }); });
      request.timeout = 300000;
      request.send(body);
    });
  }

  async function ask(url, options) {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, ...options });
    const told = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(told.error), { status: answer.status });
    return told;
  }

  async function checksum(blob) {
    if (!window.crypto?.subtle) return "";
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // Sends a file in parts; null when it is small enough for one request.
  window.shopParts = (form, file, show) => {
    if (!form.dataset.parts || file.size <= FROM) return null;
    let cancelled = false, direct = true, running = null, upload = null;

    async function sendPart(number, before) {
      const url = upload.address + "/parts/" + number;
      const blob = file.slice((number - 1) * upload.part_size, number * upload.part_size);
      const progress = (loaded) => { show(Math.floor((before + loaded) * 100 / file.size)); };
      const keep = (request) => { running = request; };
      const straight = direct && (await ask(url)).url;
      if (straight) {
        try {
          await post("PUT", straight, blob, {}, progress, keep);
          return;
        } catch (request) {
          // The storage can't be reached from here at all (its rules say nothing of this site): through the shop.
          if (request.status || cancelled || !navigator.onLine) throw request;
          direct = false;
        }
      }
      await post("POST", url, blob, { "X-CSRFToken": token(form), "X-Part-Sha256": await checksum(blob) }, progress, keep);
    }

    const isFinal = (trouble) => trouble.status >= 400 && trouble.status < 500 && ![408, 422, 429].includes(trouble.status);

    async function patiently(work) {
      for (const seconds of [...PATIENCE, 0]) {
        try {
          return await work();
        } catch (trouble) {
          if (cancelled || !seconds || isFinal(trouble)) throw trouble;
          await wait(seconds);
        }
      }
      return null;
    }

    async function send() {
      const body = new FormData();
      const facts = { csrf_token: token(form), name: file.name, size: file.size, mark: file.lastModified, place: new URL(form.action).pathname };
      for (const name in facts) body.append(name, facts[name]);
      upload = await patiently(() => ask(form.dataset.parts, { method: "POST", body }));
      const there = new Set(upload.arrived);
      let done = there.size * upload.part_size;
      for (let number = 1; number <= upload.parts && !cancelled; number += 1) {
        if (there.has(number)) continue;
        await patiently(() => sendPart(number, done));
        done += upload.part_size;
        show(Math.min(100, Math.floor(done * 100 / file.size)));
      }
      if (cancelled) throw new Error("");
      return upload.id;
    }

    return {
      sent: send().catch((trouble) => { throw trouble instanceof Error && trouble.status ? trouble.message : ""; }),
      isCancelled: () => cancelled,
      cancel: () => {
        cancelled = true;
        running?.abort();
        if (!upload) return;
        const body = new FormData();
        body.append("csrf_token", token(form));
        fetch(upload.address + "/cancellation", { method: "POST", body });
      }
    };
  };
})();
