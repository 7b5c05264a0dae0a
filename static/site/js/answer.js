// The answer beside the paper: puts a reading, or what went wrong, into the places of the page.

import { drawDigit, drawPart, squareAround } from "./canvases.js";
import { isNumber } from "./overlay.js";
import { tilesOf } from "./parts.js";
import { candidatesOf, headlineOf, surenessOf, tipOf } from "./sentences.js";
import { percent, say, words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Problem} Problem */
/** @typedef {import("./canvases.js").Picture} Picture */

const PROBLEM_ICONS = { blank: "sheet", offline: "offline", no_active_version: "asleep", too_many_requests: "clock" };
// A reader of screens hears what stands still for so long, not each reading while the pen moves.
const QUIET_MS = 700;

export class Answer {
  #said = "";
  /** @type {() => void} draws once more what was cut out of the paper */
  #cut = () => undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} announcement where screen readers listen
   */
  constructor(section, announcement) {
    this.section = section;
    this.announcement = announcement;
    this.bars = [...section.querySelectorAll(".bar")];
    // Once the paper has its other colours.
    const repaint = () => requestAnimationFrame(() => this.#cut());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  }

  /** @param {boolean} isBusy */
  wait(isBusy) {
    this.section.setAttribute("aria-busy", String(isBusy));
    if (!isBusy) this.#slot("sending").hidden = true;
  }

  /** @param {number} share of a picture that is on its way, 0 to 1 */
  progress(share) {
    const sending = /** @type {HTMLProgressElement} */ (this.#slot("sending"));
    sending.hidden = share >= 1;
    sending.value = share;
  }

  /**
   * @param {Reading} reading
   * @param {Picture | null} picture that it was read from
   * @param {string} status whether it is kept
   */
  show(reading, picture, status) {
    if (reading.verdict === "blank") {
      this.showBlank();
      return;
    }
    const { verdict } = reading;
    const candidates = candidatesOf(reading);
    const parts = isNumber(reading) ? reading.parts : [];
    const isFresh = this.#numerals(parts.length ? [reading.digits] : candidates.map(String));
    this.#put("mark", words.marks[verdict]);
    this.#put("percent", surenessOf(reading));
    this.#put("headline", headlineOf(reading));
    this.#put("tip", tipOf(reading));
    this.#sign("sign", words.icons[verdict]);
    this.#sign("mark-icon", words.icons[verdict]);
    this.#bars(reading.probabilities, candidates);
    this.#cut = () => {
      this.#slot("parts").replaceChildren(...tilesOf(parts, picture));
      this.#seen(reading, picture);
    };
    this.#cut();
    this.#facts(reading, status);
    this.#state(verdict, isFresh);
    const figure = this.#text("percent");
    this.#announce(
      `${this.#text("headline")} ${words.marks[verdict]}. ${figure && `${figure}. `}${this.#text("tip")} ${status}.`,
    );
  }

  /** There is nothing to read. */
  showBlank() {
    this.#say("blank", words.icons.blank, words.headlines.blank, words.blank_tip);
    this.#announce(`${words.headlines.blank} ${words.blank_tip}`);
  }

  /** Nothing was asked yet. */
  showEmpty() {
    this.#say("empty", "pen", words.empty, words.empty_tip);
    this.#announce("");
  }

  /** A picture is being cut. */
  showCropping() {
    this.#say("empty", "crop", words.cropping, words.cropping_tip);
    this.#announce(`${words.cropping} ${words.cropping_tip}`);
  }

  /**
   * Say something beside the reading that is shown.
   * @param {string} text
   */
  note(text) {
    this.#put("tip", text);
    this.#announce(text, 0);
  }

  /** @param {Problem} problem */
  showProblem({ code, message }) {
    const known = /** @type {keyof typeof PROBLEM_ICONS} */ (code);
    const title = words.problems[code] ?? words.problems.error;
    const state = code in PROBLEM_ICONS && code !== "too_many_requests" ? code : "problem";
    this.#say(state, PROBLEM_ICONS[known] ?? "alert", title, message);
    this.#announce(`${title}. ${message}`, 0);
  }

  /**
   * Say something that is no reading.
   * @param {string} state
   * @param {string} icon
   * @param {string} headline
   * @param {string} tip
   */
  #say(state, icon, headline, tip) {
    this.#cut = () => undefined;
    this.#bars(new Array(10).fill(0), []);
    this.#numerals([]);
    for (const name of ["image", "digit", "facts"]) this.#slot(name).hidden = true;
    for (const name of ["percent", "mark", "mark-icon", "parts"]) this.#slot(name).replaceChildren();
    this.#sign("sign", icon);
    this.#put("headline", headline);
    this.#put("tip", tip);
    this.#state(state, this.section.dataset.state !== state);
  }

  /**
   * @param {string[]} numerals the digit, both candidates, or the number
   * @returns {boolean} whether they are others than before
   */
  #numerals([first = "", second = ""]) {
    const before = this.#text("first") + this.#text("second");
    this.#put("first", first);
    this.#put("second", second);
    this.#slot("numerals").dataset.length = String(first.length);
    return before !== first + second;
  }

  /**
   * @param {number[]} probabilities
   * @param {number[]} candidates
   */
  #bars(probabilities, candidates) {
    this.bars.forEach((bar, digit) => {
      bar.classList.toggle("is-candidate", candidates.includes(digit));
      bar.querySelector("rect")?.setAttribute("width", String(probabilities[digit] * 100));
      const figure = bar.querySelector(".bar-percent");
      if (figure) figure.textContent = percent(probabilities[digit]);
    });
  }

  /**
   * What came in, and what the model made of it.
   * @param {Reading} reading
   * @param {Picture | null} picture
   */
  #seen({ crop_box: box, pixels }, picture) {
    const [image, digit] = ["image", "digit"].map((name) => /** @type {HTMLCanvasElement} */ (this.#slot(name)));
    image.hidden = !picture || !box;
    digit.hidden = !pixels;
    if (picture && box) drawPart(image, picture, squareAround(box));
    if (pixels) drawDigit(digit, pixels);
  }

  /**
   * @param {Reading & {url?: string}} reading
   * @param {string} status
   */
  #facts({ model_version: number, latency_ms: latency, url }, status) {
    const facts = this.#slot("facts");
    const link = document.createElement("a");
    link.href = url ?? "";
    link.textContent = words.page;
    const fact = say(words.facts, { number, latency: Math.ceil(latency) });
    facts.replaceChildren([status, fact].filter(Boolean).join(" · "), ...(url ? [" · ", link] : []));
    facts.hidden = false;
  }

  /**
   * @param {string} state
   * @param {boolean} isFresh it comes in, and does not only change
   */
  #state(state, isFresh) {
    this.section.dataset.state = state;
    if (!isFresh) return;
    this.section.classList.remove("is-fresh");
    requestAnimationFrame(() => this.section.classList.add("is-fresh"));
  }

  /**
   * @param {string} text
   * @param {number} [after] milliseconds
   */
  #announce(text, after = QUIET_MS) {
    clearTimeout(this.#timer);
    if (text === this.#said) return;
    this.#timer = setTimeout(() => {
      this.#said = text;
      this.announcement.textContent = text;
    }, after);
  }

  /**
   * @param {string} name
   * @param {string} icon
   */
  #sign(name, icon) {
    const slot = this.#slot(name);
    if (slot.querySelector("use")?.getAttribute("href") === `#icon-${icon}`) return;
    const svg = /** @type {Element} */ (document.querySelector(".icon")?.cloneNode(true));
    svg.querySelector("use")?.setAttribute("href", `#icon-${icon}`);
    slot.replaceChildren(svg);
  }

  /**
   * @param {string} name
   * @param {string | number} text
   */
  #put(name, text) {
    const slot = this.#slot(name);
    if (slot.textContent !== String(text)) slot.textContent = String(text);
  }

  /** @param {string} name */
  #text(name) {
    return this.#slot(name).textContent ?? "";
  }

  /**
   * @param {string} name
   * @returns {HTMLElement}
   */
  #slot(name) {
    return /** @type {HTMLElement} */ (this.section.querySelector(`[data-slot="${name}"]`));
  }
}

