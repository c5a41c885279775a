"use strict";
// Takes the page anew now and then, and leaves the reader where he is: what he has opened, focused, and scrolled to.
const EVERY = 5000;
const by = (id) => id && document.getElementById(id);

/** What is seen first, and how far below the window's edge it stands. */
function place() {
  for (const element of document.querySelectorAll("main [id]")) {
    const { top, height } = element.getBoundingClientRect();
    if (height > 0 && top >= 0) return { id: element.id, top };
  }
  return null;
}

function take(next) {
  const [before, seen, focused] = [scrollY, place(), document.activeElement?.id];
  const open = [...document.querySelectorAll("details[open]")].map(({ id }) => id);
  const sideways = [...document.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
  document.querySelector("main").replaceWith(next.querySelector("main"));
  document.querySelector("footer").replaceWith(next.querySelector("footer"));
  for (const id of open) by(id)?.setAttribute("open", "");
  document.querySelectorAll(".scroll").forEach((element, index) => { element.scrollLeft = sideways[index] ?? 0; });
  by(focused)?.focus({ preventScroll: true });
  const still = seen && by(seen.id);
  scrollTo(0, before);
  if (still && before > 0) scrollBy(0, still.getBoundingClientRect().top - seen.top);
  // It is read aloud where it is another, and only then.
  const [state, now] = [by("state"), next.getElementById("state")];
  if (state.textContent !== now.textContent) state.textContent = now.textContent;
  state.className = now.className;
}

async function refresh() {
  // Somebody copies a command.
  if (getSelection().isCollapsed) {
    try {
      const answer = await fetch(".", { cache: "no-store", signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (getSelection().isCollapsed) take(next);
      by("lost").hidden = true;
    } catch {
      by("lost").hidden = false;
    }
  }
  setTimeout(refresh, EVERY);
}
setTimeout(refresh, EVERY);
