// A page that waits for work behind it: asks for itself every other second, and takes over the parts
// that tell how far it is. When one of them has ended or another has begun, the whole page is loaded
// anew, unless somebody is writing on it.

const EVERY_MS = 2000;
const SELECTOR = "[data-news]";
// What each part held when it came: drawing on it changes what it holds.
const came = new Map(parts().map((part) => [part.dataset.news, part.innerHTML]));

async function ask() {
  if (!came.size) return;
  let page = null;
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    if (response.redirected || !response.ok) return later();
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return later(); // offline for a moment
  }
  const next = parts(page);
  if (next.map(take).some(Boolean)) document.dispatchEvent(new Event("news"));
  if (!areTheSame(next) && !isWriting()) return location.reload();
  later();
}

/** Take over a part where it is not as it was. Tells whether it is not. */
function take(part) {
  const name = part.dataset.news;
  const here = document.querySelector(`[data-news="${name}"]`);
  const isNew = here && part.innerHTML !== came.get(name);
  if (isNew) {
    came.set(name, part.innerHTML);
    const areOpen = [...here.querySelectorAll("details")].map((one) => one.open);
    here.replaceChildren(...part.childNodes);
    here.querySelectorAll("details").forEach((one, i) => (one.open = areOpen[i] ?? one.open));
  }
  return isNew;
}

/** Whether the page waits for what it waited for when it came. */
function areTheSame(next) {
  const names = new Set(next.map((part) => part.dataset.news));
  return names.size === came.size && [...names].every((name) => came.has(name));
}

function parts(page = document) {
  return [...page.querySelectorAll(SELECTOR)];
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
