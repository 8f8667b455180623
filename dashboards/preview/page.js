// Asks for the page again and puts its panels in place of these: scroll and focus stay.
setInterval(async () => {
  if (document.hidden) return;
  const at = document.activeElement;
  const old = document.getElementById("panels");
  const number = old.contains(at) ? [...old.querySelectorAll("a, summary, [tabindex]")].indexOf(at) : -1;
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  const scrolled = [...old.querySelectorAll(".box")].map((one) => one.scrollTop);
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(60000) });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("panels");
    [...fresh.querySelectorAll("details")].forEach((one, n) => { one.open = open[n]; });
    old.replaceWith(fresh);
    [...fresh.querySelectorAll(".box")].forEach((one, n) => { one.scrollTop = scrolled[n]; });
    if (number >= 0) fresh.querySelectorAll("a, summary, [tabindex]")[number]?.focus({ preventScroll: true });
    document.getElementById("stale").hidden = true;
  } catch {
    document.getElementById("stale").hidden = false;
  }
}, 10000);
