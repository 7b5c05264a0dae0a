// The row under the paper, and the keys that do the same.

/**
 * @param {import("./pad.js").Pad} pad
 * @param {{read: () => void, clear: () => void}} actions
 */
export function connectTools(pad, { read, clear }) {
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
  clearing.addEventListener("click", clear);
  button("read").addEventListener("click", read);
  eraser.addEventListener("click", () => {
    pad.isErasing = !pad.isErasing;
    refresh();
  });
  width.addEventListener("click", () => {
    pad.width = (pad.width + 1) % widths.length;
    refresh();
  });
  pad.addEventListener("change", refresh);
  document.addEventListener("keydown", (event) => onKey(event, pad, { read, clear }));
  refresh();
}

/**
 * @param {KeyboardEvent} event
 * @param {import("./pad.js").Pad} pad
 * @param {{read: () => void, clear: () => void}} actions
 */
function onKey(event, pad, { read, clear }) {
  const isOnControl = event.target instanceof Element && event.target.closest("a, button, input, summary");
  const withControl = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  /** @type {Record<string, () => void>} */
  const keys = {
    "ctrl+z": () => pad.undo(),
    "ctrl+shift+z": () => pad.redo(),
    "ctrl+y": () => pad.redo(),
    ...(isOnControl ? {} : { enter: read, delete: clear, backspace: clear }),
  };
  const action = keys[`${withControl ? "ctrl+" : ""}${event.shiftKey ? "shift+" : ""}${key}`];
  if (!action || event.altKey || event.isComposing) return;
  event.preventDefault();
  action();
}
