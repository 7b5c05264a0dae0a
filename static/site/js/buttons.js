// The buttons that depend on what lies on the paper and on its answer.

import { words } from "./words.js";

/**
 * @typedef {object} State
 * @property {import("./client.js").Reading | null} reading what is shown
 * @property {boolean} isKept
 * @property {boolean} isEmpty
 * @property {boolean} mayBeKept
 */

export class Buttons {
  /**
   * @param {object} buttons
   * @param {HTMLButtonElement} buttons.keep
   * @param {HTMLButtonElement} buttons.clear
   * @param {HTMLButtonElement} buttons.why
   * @param {HTMLButtonElement} buttons.steps
   * @param {HTMLElement} buttons.paper has the focus of a button that cannot be pressed any more
   */
  constructor({ keep, clear, why, steps, paper }) {
    this.paper = paper;
    this.keep = keep;
    this.keepWords = /** @type {HTMLElement} */ (keep.querySelector("span"));
    this.clear = clear;
    this.why = why;
    this.steps = steps;
  }

  /** @param {State} state */
  show({ reading, isKept, isEmpty, mayBeKept }) {
    const isSpent = isKept || !mayBeKept;
    if (isSpent && document.activeElement === this.keep) this.paper.focus({ preventScroll: true });
    this.keep.disabled = isSpent;
    this.keep.classList.toggle("is-kept", isKept);
    this.keepWords.textContent = isKept ? words.kept : words.keep;
    this.clear.disabled = isEmpty;
    this.why.hidden = !reading || reading.parts.length > 1;
    this.steps.hidden = !reading || !isKept;
  }
}
