// Has the browser keep a page for when there is no connection, and leaves that page once there is.

const reconnect = document.getElementById("reconnect");
if (reconnect) addEventListener("online", () => location.reload());

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    // Private windows refuse it, and so do servers that are just being replaced: nothing is lost.
    navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  });
}
