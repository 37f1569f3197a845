// Films and sounds of what was bought: in encrypted pieces that adapt to the connection where that is possible, else as
// one file, whose address dies in minutes and is asked for anew. Without scripts the one file plays.
(() => {
  "use strict";
  const LIST = "application/vnd.apple.mpegurl", MOST_TRIES = 5;

  function begin(media) {
    const plain = media.getAttribute("src"), { hls, hlsScript, renew, renewSeconds } = media.dataset;
    // The ways to play it, best first; each failure goes on to the next.
    const ways = [];
    if (hls && media.canPlayType(LIST)) ways.push(natively);
    if (hls && window.MediaSource && hlsScript) ways.push(byScript);
    ways.push(asOneFile);
    let asked = Date.now(), tries = 0, pieces = null, way = null;

    function goOn(url) {
      const at = media.currentTime, wasPlaying = !media.paused, speed = media.playbackRate;
      media.src = url;
      media.addEventListener("loadedmetadata", () => {
        if (at) media.currentTime = at;
        media.playbackRate = speed;
        if (wasPlaying) media.play().catch(() => {});
      }, { once: true });
      media.load();
    }

    function next() {
      pieces?.destroy();
      pieces = null;
      way = ways.shift() || asOneFile;
      way();
    }

    function natively() { goOn(hls); }

    function byScript() {
      const tag = document.createElement("script");
      tag.src = hlsScript;
      tag.addEventListener("error", next);
      tag.addEventListener("load", () => {
        if (!window.Hls?.isSupported()) { next(); return; }
        // No worker of its own: the policy of the page allows no scripts from blobs.
        pieces = new window.Hls({ enableWorker: false, startPosition: media.currentTime || -1 });
        pieces.on(window.Hls.Events.ERROR, (_name, trouble) => { if (trouble.fatal) next(); });
        pieces.loadSource(hls);
        pieces.attachMedia(media);
      });
      document.head.append(tag);
    }

    function isOld() { return Date.now() - asked > Number(renewSeconds) * 1000; }

    function asOneFile() {
      if (isOld()) ask(); else if (media.getAttribute("src") !== plain) goOn(plain);
    }

    // A fresh address for the one file, from where it stopped.
    async function ask() {
      if (way !== asOneFile || tries >= MOST_TRIES) return;
      tries += 1;
      const answer = await fetch(renew, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) return;
      const fresh = await answer.json();
      asked = Date.now();
      goOn(fresh.sources[0].url);
    }

    media.addEventListener("error", () => { if (way === asOneFile) ask(); else if (way === natively) next(); });
    ["play", "seeking"].forEach((kind) => { media.addEventListener(kind, () => { if (isOld()) ask(); }); });
    media.addEventListener("timeupdate", () => { tries = 0; });
    next();
  }

  document.querySelectorAll("video[data-renew], audio[data-renew]").forEach(begin);
})();
