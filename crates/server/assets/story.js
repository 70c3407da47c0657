// Moves through a story without loading the page again. Without this script the links and the form do it.
"use strict";
(() => {
  const place = document.getElementById("moment");
  const path = "/story/" + place.dataset.order;
  const seen = new Map();
  let wanted = Number(place.querySelector("#step").value);
  let replaying = null;

  async function read(step) {
    if (!seen.has(step)) {
      const answer = await fetch(`${path}?step=${step}`, { headers: { "X-Requested-With": "story" } });
      if (!answer.ok) throw answer.status;
      seen.set(step, await answer.text());
    }
    return seen.get(step);
  }

  async function show(step) {
    wanted = step;
    let text;
    try {
      text = await read(step);
    } catch {
      location.href = `${path}?step=${step}`;
      return;
    }
    // Somebody has moved on meanwhile.
    if (step !== wanted) return;
    const held = place.contains(document.activeElement) ? focused() : null;
    const slider = place.querySelector("#step");
    const fresh = new DOMParser().parseFromString(text, "text/html").body;
    if (document.activeElement === slider) {
      // The slider itself stays, or a thumb that is being dragged would be lost.
      const next = fresh.querySelector("#step");
      slider.setAttribute("aria-valuetext", next.getAttribute("aria-valuetext"));
      next.replaceWith(slider);
    }
    place.replaceChildren(...fresh.childNodes);
    place.querySelector("#step").value = step;
    if (held) place.querySelector(held)?.focus();
    dress();
    for (const link of document.querySelectorAll(".contents a")) {
      if (Number(link.dataset.step) === step) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
    history.replaceState(null, "", `${path}?step=${step}`);
  }

  function focused() {
    const element = document.activeElement;
    if (element.id) return "#" + element.id;
    if (element.rel) return `a[rel=${element.rel}]`;
    return element.classList.contains("replay") ? ".replay" : null;
  }

  function dress() {
    place.querySelector(".go").hidden = true;
    const button = place.querySelector(".replay");
    button.hidden = false;
    button.textContent = replaying ? "Pause" : "Replay";
  }

  function pause() {
    clearInterval(replaying);
    replaying = null;
    dress();
  }

  function replay() {
    const last = Number(place.querySelector("#step").max);
    if (wanted >= last) show(1);
    replaying = setInterval(() => (wanted < last ? show(wanted + 1) : pause()), 700);
    dress();
  }

  place.addEventListener("input", (event) => {
    if (event.target.id !== "step") return;
    if (replaying) pause();
    show(Number(event.target.value));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".replay")) return replaying ? pause() : replay();
    const link = event.target.closest("a[data-step]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (replaying) pause();
    show(Number(link.dataset.step));
    if (link.closest(".contents")) place.scrollIntoView({ block: "start" });
  });
  dress();
})();
