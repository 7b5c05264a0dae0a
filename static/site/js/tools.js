// The row under the paper, and the keys that do the same.

/** @typedef {import("./pad.js").Pad} Pad */

/**
 * What the page does for the tools.
 * @typedef {{keep: () => void, clear: () => void, cancel: () => boolean, isCovered: () => boolean}} Actions
 */

/**
 * @param {Pad} pad
 * @param {Actions} actions
 */
export function connectTools(pad, actions) {
  const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
  const [undo, redo, eraser, width, clearing] = ["undo", "redo", "eraser", "width", "clear"].map(button);
  const nib = /** @type {HTMLElement} */ (width.firstElementChild);
  const widths = (width.dataset.labels ?? "").split("|");

  const refresh = () => {
    undo.disabled = !pad.canUndo;
    redo.disabled = !pad.canRedo;
    eraser.setAttribute("aria-pressed", String(pad.isErasing));
    nib.dataset.width = String(pad.width);
    width.setAttribute("aria-label", widths[pad.width]);
  };
  undo.addEventListener("click", () => pad.undo());
  redo.addEventListener("click", () => pad.redo());
  clearing.addEventListener("click", actions.clear);
  button("keep").addEventListener("click", actions.keep);
  eraser.addEventListener("click", () => {
    pad.isErasing = !pad.isErasing;
    refresh();
  });
  width.addEventListener("click", () => {
    pad.width = (pad.width + 1) % widths.length;
    refresh();
  });
  pad.addEventListener("change", refresh);
  document.addEventListener("keydown", (event) => onKey(event, pad, actions));
  refresh();
}

/**
 * @param {KeyboardEvent} event
 * @param {Pad} pad
 * @param {Actions} actions
 */
function onKey(event, pad, { keep, clear, cancel, isCovered }) {
  if (event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (cancel()) event.preventDefault();
    return;
  }
  const isOnControl = event.target instanceof Element && event.target.closest("a, button, input, select, summary");
  const withControl = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  /** @type {Record<string, () => void>} */
  const keys = {
    "ctrl+z": () => pad.undo(),
    "ctrl+shift+z": () => pad.redo(),
    "ctrl+y": () => pad.redo(),
    ...(isOnControl ? {} : { enter: keep, delete: clear, backspace: clear }),
  };
  if (isCovered() && key !== "enter") return; // what lies under it is not seen
  const action = keys[`${withControl ? "ctrl+" : ""}${event.shiftKey ? "shift+" : ""}${key}`];
  if (!action) return;
  event.preventDefault();
  action();
}
