// Has the browser keep a page for when there is no connection, and leaves that page once there is.

// After the page itself: what is loaded and drawn first is what the visitor came for.
const CALM_MS = 2000;

// A connection that is back for the system may take a while longer for the site.
const RETRY_MS = 3000;

const reconnect = document.getElementById("reconnect");
const own = reconnect?.dataset.page ?? ""; // the page's own address: there is nothing behind it
if (own && location.pathname !== own) {
  setInterval(comeBack, RETRY_MS);
  addEventListener("online", comeBack);
}

async function comeBack() {
  if (navigator.onLine && (await isAnswered(own))) location.reload();
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} whether the site can be reached again
 */
async function isAnswered(url) {
  try {
    return (await fetch(url, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

if ("serviceWorker" in navigator) addEventListener("load", () => setTimeout(keep, CALM_MS));

function keep() {
  if (!navigator.onLine) return; // the next page will
  // Private windows refuse it, and so do servers that are just being replaced: nothing is lost.
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
