// The preview beside the words of a mail follows what is typed. Without scripts its button does the same.
(() => {
  "use strict";
  const form = document.querySelector("[data-mail-words]");
  if (!form) return;
  let timer;

  function show() {
    // A frame of its own for each look: what is loaded first into a new one is no step for the Back button.
    const old = document.getElementById("mail-preview"), frame = old.cloneNode();
    frame.removeAttribute("src");
    old.replaceWith(frame);
    const copy = document.createElement("form");
    copy.method = "post";
    copy.action = form.dataset.mailWords;
    copy.target = frame.name;
    copy.hidden = true;
    for (const [name, value] of new FormData(form)) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      copy.append(field);
    }
    document.body.append(copy);
    copy.submit();
    copy.remove();
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 600);
  });
  form.querySelector("[formtarget]").addEventListener("click", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    show();
  });
})();
