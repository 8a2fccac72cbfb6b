// Refreshes the parts marked data-live while the page is in view. Without it the page is the same,
// only as old as it was when opened. Says that nobody asked, so that a session can still end.
const EVERY_MS = 15_000;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { "x-larum-live": "1" }, redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      // Whoever is in the middle of reading or using a part keeps it as it is.
      const busy = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (next && !busy && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
    }
  } catch {
    // The hub is away for a moment; the page stays as it is.
  }
}

setInterval(refresh, EVERY_MS);
