// "Try again" that sleeps until the limit is over. Without it the link is there, and is told to wait.

// The limit counts whole seconds, the last one included.
const MARGIN_S = 1;

const again = document.getElementById("again");

if (again instanceof HTMLAnchorElement) {
  const words = /** @type {HTMLElement} */ (again.querySelector("span"));
  const awake = words.textContent;
  const told = Number(again.dataset.seconds);
  const until = performance.now() + (told + MARGIN_S) * 1000;
  const timer = setInterval(tell, 250);
  again.addEventListener("click", (event) => {
    if (again.ariaDisabled === "true") event.preventDefault();
  });
  tell();

  function tell() {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    const isOver = seconds <= 0;
    again?.setAttribute("aria-disabled", String(!isOver));
    const waiting = again?.dataset.waiting ?? "";
    words.textContent = isOver ? awake : waiting.replace("{seconds}", String(Math.min(seconds, told)));
    if (isOver) clearInterval(timer);
  }
}
