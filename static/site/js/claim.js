// "Right?": one tap says that it was, or which digit it was, without leaving the page.

import { Problem, sendClaim } from "./client.js";
import { tell } from "./events.js";
import { tick } from "./haptics.js";
import { say, words } from "./words.js";

export class Claim extends EventTarget {
  /** @type {() => Promise<string>} the address of the reading that is asked about */
  #url;
  /** @type {object | null} what it is a reading of */
  #subject = null;

  /**
   * Fires `said` with the words for it in `detail`.
   * @param {HTMLFormElement} form
   */
  constructor(form) {
    super();
    this.form = form;
    this.thanks = /** @type {HTMLElement} */ (form.querySelector(".claim-thanks"));
    this.yes = form.querySelector(".claim-yes");
    this.other = form.querySelector("details");
    const url = form.getAttribute("action")?.replace(/\/claim$/, "") ?? "";
    this.#url = () => Promise.resolve(url);
    form.addEventListener("submit", (event) => this.#send(event));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.other?.open) return;
      this.other.open = false;
      this.other.querySelector("summary")?.focus();
    });
  }

  /**
   * Ask about a reading; of what it was said already it is not asked again.
   * @param {object} subject what was read
   * @param {() => Promise<string>} url of the reading; it may have to be kept first
   * @param {boolean} canBeRight there is one digit to say yes to
   */
  ask(subject, url, canBeRight) {
    this.form.inert = false;
    const isSaid = subject === this.#subject && !this.thanks.hidden && !this.hasFailed;
    this.#subject = subject;
    this.#url = url;
    this.form.hidden = false;
    if (isSaid) return;
    if (this.yes instanceof HTMLElement) this.yes.hidden = !canBeRight;
    if (!this.thanks.hidden && this.other) this.other.open = false;
    if (this.other) this.other.hidden = false;
    this.thanks.hidden = true;
  }

  /** What it asks about is being changed: nothing is said of it now. */
  rest() {
    this.form.inert = true;
  }

  hide() {
    this.form.inert = false;
    this.#subject = null;
    this.form.hidden = true;
    this.thanks.hidden = true;
    if (this.other) this.other.open = false;
  }

  /** @param {SubmitEvent} event */
  async #send(event) {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (event.submitter);
    const subject = this.#subject;
    try {
      const { claim } = await sendClaim(await this.#url(), button.value);
      tick();
      if (subject === this.#subject) this.#thank(say(words.thanks, { digit: claim }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (subject === this.#subject) this.#fail(error.code === "offline" ? words.claim_offline : error.message);
    }
  }

  get hasFailed() {
    return this.thanks.classList.contains("has-failed");
  }

  /** @param {string} text */
  #thank(text) {
    this.#say(text, false);
    if (this.yes instanceof HTMLElement) this.yes.hidden = true;
    if (this.other) this.other.hidden = true;
    this.thanks.tabIndex = -1;
    this.thanks.focus({ preventScroll: true }); // what was pressed is gone
  }

  /**
   * It did not arrive: the buttons stay, to be pressed again.
   * @param {string} text
   */
  #fail(text) {
    this.#say(text, true);
    if (this.other) this.other.open = false;
  }

  /**
   * @param {string} text
   * @param {boolean} hasFailed
   */
  #say(text, hasFailed) {
    const slot = this.thanks.querySelector("[data-slot=thanks]");
    if (slot) slot.textContent = text;
    this.thanks.classList.toggle("has-failed", hasFailed);
    this.thanks.hidden = false;
    tell(this, "said", text);
  }
}
