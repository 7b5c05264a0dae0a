// The keys of the review page, and the buttons that do the same for fingers.

/** @type {Record<string, string>} */
const KEYS = { Enter: "agree", u: "undo", ArrowRight: "skip", p: "play", "?": "help" };
/** @type {Record<string, string>} */
const LABELS = { n: "not_a_digit", s: "several", b: "bad_image" };

/**
 * Do what a key or a button says.
 * @param {HTMLDialogElement} help lists the keys; they rest while it is open
 * @param {object} to
 * @param {(label: string) => void} to.decide
 * @param {Record<string, () => void>} to.actions by name
 */
export function takeKeys(help, { decide, actions }) {
  /**
   * Decide, where there is a label; else do what has this name.
   * @param {string | undefined} label
   * @param {string | undefined} name
   */
  function act(label, name = "") {
    if (label) decide(label);
    else actions[name]();
  }

  addEventListener("keydown", (event) => {
    const isTyping = help.open || around(event, "input, select, textarea");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    // Enter on a link or on a button that the reviewer went to presses that.
    if (event.key === "Enter" && around(event, "a, button")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const label = /^[0-9]$/.test(key) ? key : LABELS[key];
    if (!label && !KEYS[key]) return;
    event.preventDefault();
    act(label, KEYS[key]);
  });

  document.addEventListener("click", (event) => {
    const button = around(event, "[data-label], [data-do]");
    if (!button) return;
    act(button.dataset.label, button.dataset.do);
    if (event.detail > 0) button.blur(); // pressed by a finger: Enter is for agreeing again
  });

  // Else its button has the keys until the next frame.
  help.addEventListener("close", () => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
}

/**
 * Give the element of this kind in which something happened.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function around(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}
