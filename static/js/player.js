// The player of a lesson: goes on where one was, tells the server where one is, speed, keyboard, jumps. No words in here.
//
// What others may rely on: the film or sound is the one in data-player. Its sources may be replaced at any time
// (address renewed, another quality): whenever new ones have loaded, the place, the speed and the playing go on. Without
// scripts the element plays by itself and the forms around it do the rest.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const room = $("[data-player]");
  if (!room) return;
  const media = $("video, audio", room), speed = $("#speed"), keys = $("#player-keys");
  const EVERY = 5000, loadedAt = Date.now();
  let place = Number(room.dataset.start || 0), isPlaying = false, sent = -1, sentAt = 0;

  function read(name, otherwise) {
    try { return localStorage.getItem(name) || otherwise; } catch { return otherwise; }
  }

  function write(name, value) {
    try { localStorage.setItem(name, value); } catch { /* Storage may be forbidden; it holds for this page. */ }
  }

  // ---- Where one is. The moment is told by the server's own clock: when it made the page, and how long ago that was.

  function report(isLeaving) {
    const seconds = Math.floor(place), { report: address, token, opened } = room.dataset;
    if (!address || seconds === sent) return;
    sent = seconds;
    sentAt = Date.now();
    const body = new URLSearchParams({ csrf_token: token, opened, elapsed: sentAt - loadedAt, seconds });
    if (isLeaving && navigator.sendBeacon?.(address, body)) return;
    fetch(address, { method: "POST", body, keepalive: true }).catch(() => { sent = -1; });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") report(true);
  });
  window.addEventListener("pagehide", () => report(true));
  report(false);

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-seek]");
    if (!link || !media) return;
    event.preventDefault();
    seek(Number(link.dataset.seek));
    media.scrollIntoView({ block: "nearest" });
    media.focus({ preventScroll: true });
  });

  if (!media) return;

  // ---- Place and speed

  function seek(seconds) {
    place = Math.max(0, Math.min(seconds, media.duration || seconds));
    media.currentTime = place;
  }

  media.addEventListener("loadedmetadata", () => {
    if (Math.abs(media.currentTime - place) > 1) media.currentTime = Math.min(place, media.duration || place);
    media.playbackRate = Number(speed.value);
    if (isPlaying) media.play().catch(() => { isPlaying = false; });
  });
  media.addEventListener("timeupdate", () => {
    // An element that was just emptied stands at 0, which is nowhere.
    if (media.readyState < 1 || media.seeking) return;
    place = media.currentTime;
    if (Date.now() - sentAt >= EVERY) report(false);
  });
  media.addEventListener("play", () => { isPlaying = true; });
  ["pause", "seeked", "ended"].forEach((name) => media.addEventListener(name, () => {
    if (media.readyState < 1) return;
    isPlaying = !media.paused && !media.ended;
    place = media.currentTime;
    report(false);
  }));

  function setSpeed(value) {
    if (![...speed.options].some((option) => option.value === value)) return;
    speed.value = value;
    media.playbackRate = media.defaultPlaybackRate = Number(value);
  }

  setSpeed(read("speed", "1"));
  speed.addEventListener("change", () => { setSpeed(speed.value); write("speed", speed.value); });
  media.addEventListener("ratechange", () => {
    const value = String(media.playbackRate);
    if (value !== speed.value) { setSpeed(value); write("speed", speed.value); }
  });

  // ---- Keyboard: nothing that the buttons of the element can't; can be switched off

  const toggle = () => { if (media.paused) media.play().catch(() => {}); else media.pause(); };
  const by = (seconds) => () => seek(media.currentTime + seconds);
  const acts = { " ": toggle, k: toggle, j: by(-10), l: by(10), ArrowLeft: by(-5), ArrowRight: by(5) };

  // The element itself knows space and arrows; elsewhere they belong to what has the focus.
  function isTaken(event) {
    const target = event.target, isLetter = event.key.length === 1 && event.key !== " ";
    if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
    return !isLetter && Boolean(target.closest("a, button, summary, dialog, audio, video"));
  }

  document.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.isComposing || !keys.checked || isTaken(event)) return;
    event.preventDefault();
    act();
  });
  keys.checked = read("player-keys", "on") === "on";
  keys.addEventListener("change", () => write("player-keys", keys.checked ? "on" : "off"));

  // ---- A note begins where the film is

  function clock(seconds) {
    const whole = Math.floor(seconds), pad = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  }

  document.addEventListener("focusin", (event) => {
    const at = event.target.id === "note" && $("[data-now]", event.target.form);
    if (at && !at.value && place >= 1) at.value = clock(place);
  });
})();
