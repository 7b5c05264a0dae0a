// Has the browser keep a page for when there is no connection, and leaves that page once there is.

// After the page itself: what is loaded and drawn first is what the visitor came for.
const CALM_MS = 2000;

const reconnect = document.getElementById("reconnect");
if (reconnect) addEventListener("online", () => location.reload());

if ("serviceWorker" in navigator) addEventListener("load", () => setTimeout(keep, CALM_MS));

function keep() {
  if (!navigator.onLine) return; // the next page will
  // Private windows refuse it, and so do servers that are just being replaced: nothing is lost.
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
