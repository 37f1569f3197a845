// The outline of a course by dragging: chapters among chapters, lessons within and across chapters. The order of the
// inputs is what the form sends; the buttons beside each line do the same without scripts.
(() => {
  "use strict";
  let dragged = null;

  const isLesson = (item) => item.matches("[data-lesson]");
  const form = () => document.querySelector("form[data-outline]");

  // Only the grip drags, so that titles can be selected with the mouse.
  document.addEventListener("pointerdown", (event) => {
    const item = event.target.closest?.("[data-grip]")?.closest("[data-lesson], [data-chapter]");
    if (item) item.draggable = true;
  });

  function unmark() {
    document.querySelectorAll(".drop-before, .drop-after").forEach((item) => item.classList.remove("drop-before", "drop-after"));
  }

  // Where it would go: beside a line of its own kind, or into a chapter that has no lessons.
  function targetOf(event) {
    if (!dragged || !event.target.closest?.("form[data-outline]")) return null;
    if (!isLesson(dragged)) return event.target.closest("[data-chapter]");
    const lesson = event.target.closest("[data-lesson]");
    if (lesson) return lesson;
    return event.target.closest("[data-chapter]")?.querySelector("[data-lessons]") || null;
  }

  function isAfter(event, item) {
    const box = item.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  }

  document.addEventListener("dragstart", (event) => {
    const item = event.target.closest?.("form[data-outline] [draggable=true]");
    if (!item) return;
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    item.classList.add("dragging");
  });

  document.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    if (!target) return;
    event.preventDefault();
    unmark();
    if (target !== dragged) target.classList.add(target.matches("[data-lessons]") || isAfter(event, target) ? "drop-after" : "drop-before");
  });

  document.addEventListener("drop", (event) => {
    const target = targetOf(event);
    if (!target) return;
    event.preventDefault();
    if (target === dragged) return;
    if (target.matches("[data-lessons]")) target.append(dragged);
    else if (isAfter(event, target)) target.after(dragged);
    else target.before(dragged);
    form().requestSubmit();
  });

  document.addEventListener("dragend", () => {
    unmark();
    if (!dragged) return;
    dragged.classList.remove("dragging");
    dragged.draggable = false;
    dragged = null;
  });
})();
