// Shows the pulse anew every two seconds, while somebody looks. Without this script the page does it.
"use strict";
(() => {
  const place = document.getElementById("pulse");
  let busy = false;
  async function beat() {
    if (busy || document.hidden) return;
    // What somebody has reached with the keyboard, or selected, stays under his hands.
    if (place.contains(document.activeElement) || String(getSelection()) !== "") return;
    busy = true;
    try {
      const answer = await fetch("/pulse", { headers: { "X-Requested-With": "pulse" } });
      if (answer.status === 401) location.reload();
      if (answer.ok) place.innerHTML = await answer.text();
      place.classList.toggle("faint", !answer.ok);
    } catch {
      place.classList.add("faint");
    }
    busy = false;
  }
  setInterval(beat, 2000);
})();
