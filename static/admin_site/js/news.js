// A page that waits for work behind it: asks for itself every other second, and takes over the parts
// that tell how far it is. When one of them has ended or another has begun, the whole page is loaded
// anew, unless somebody is writing on it.

const EVERY_MS = 2000;
const SELECTOR = "[data-news]";
// What each part held when it came: drawing on it changes what it holds.
const came = new Map(parts().map((part) => [nameOf(part), part.innerHTML]));

async function ask() {
  if (!came.size) return;
  const page = await pageAsItIsNow();
  if (!page) {
    later();
    return;
  }
  const next = parts(page);
  if (next.map(take).some(Boolean)) document.dispatchEvent(new Event("news"));
  if (!areTheSame(next) && !isWriting()) location.reload();
  else later();
}

/** Fetch this page anew; null where it cannot be had for a moment. */
async function pageAsItIsNow() {
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    if (response.redirected || !response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null; // offline
  }
}

/**
 * Take over a part where it is not as it was. Tells whether it is not.
 * @param {HTMLElement} part
 */
function take(part) {
  const name = nameOf(part);
  const here = document.querySelector(`[data-news="${name}"]`);
  if (!here || part.innerHTML === came.get(name)) return false;
  came.set(name, part.innerHTML);
  const areOpen = [...here.querySelectorAll("details")].map((one) => one.open);
  here.replaceChildren(...part.childNodes);
  here.querySelectorAll("details").forEach((one, i) => (one.open = areOpen[i] ?? one.open));
  return true;
}

/**
 * Whether the page waits for what it waited for when it came.
 * @param {HTMLElement[]} next
 */
function areTheSame(next) {
  const names = new Set(next.map(nameOf));
  return names.size === came.size && [...names].every((name) => came.has(name));
}

/** @returns {HTMLElement[]} */
function parts(page = document) {
  return [...page.querySelectorAll(SELECTOR)].filter((part) => part instanceof HTMLElement);
}

/** @param {HTMLElement} part */
function nameOf(part) {
  return part.dataset.news;
}

function later() {
  setTimeout(ask, EVERY_MS);
}

/** Whether a field of the page holds what it did not hold when it came. */
function isWriting() {
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const fields = document.querySelectorAll("#content-main :is(input, textarea)");
  return [...fields].some((field) => field.value !== field.defaultValue);
}

later();
