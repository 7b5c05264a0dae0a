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
   */
  constructor({ keep, clear, why, steps }) {
    this.keep = keep;
    this.keepWords = /** @type {HTMLElement} */ (keep.querySelector("span"));
    this.clear = clear;
    this.why = why;
    this.steps = steps;
  }

  /** @param {State} state */
  show({ reading, isKept, isEmpty, mayBeKept }) {
    this.keep.disabled = isKept || !mayBeKept;
    this.keep.classList.toggle("is-kept", isKept);
    this.keepWords.textContent = isKept ? words.kept : words.keep;
    this.clear.disabled = isEmpty;
    this.why.hidden = !reading || reading.parts.length > 1;
    this.steps.hidden = !reading || !isKept;
  }
}
