// A page that waits for work behind it: asks for itself every other second, and takes over the part
// that tells how far it is. When the work has ended, the whole page is loaded anew, unless somebody
// is writing on it.

const EVERY_MS = 2000;
const SELECTOR = "[data-news]";

async function ask() {
  const here = document.querySelector(SELECTOR);
  if (!here) return;
  let next = null;
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    if (response.redirected || !response.ok) return later();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    next = page.querySelector(SELECTOR);
  } catch {
    return later(); // offline for a moment
  }
  if (next) {
    if (next.innerHTML !== here.innerHTML) here.replaceChildren(...next.childNodes);
    return later();
  }
  if (!isWriting()) return location.reload();
  later();
}

function later() {
  setTimeout(ask, EVERY_MS);
}

/** Whether a field of the page holds what it did not hold when it came. */
function isWriting() {
  return [...document.querySelectorAll("#content-main :is(input, textarea)")].some(
    (field) => field.value !== field.defaultValue,
  );
}

later();
