// What happens on the first page when something else lies on the paper: it is read, shown, and kept.

import { tick } from "./haptics.js";
import { words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").KeptReading} KeptReading */
/** @typedef {import("./client.js").Problem} Problem */
/** @typedef {import("./live.js").LiveReading} LiveReading */
/** @typedef {import("./paper.js").Laid} Laid */

/**
 * @typedef {object} Page
 * @property {import("./paper.js").Paper} paper
 * @property {import("./pad.js").Pad} pad
 * @property {import("./live.js").LiveReader} live
 * @property {import("./keeper.js").Keeper} keeper
 * @property {import("./answer.js").Answer} answer
 * @property {import("./claim.js").Claim} claim
 * @property {import("./why.js").Explanation} explanation
 * @property {import("./buttons.js").Buttons} buttons
 */

export class Studio {
  // What lies on the paper, counted: a reading of before is not shown over one that is kept.
  #revision = 0;
  /** @type {"" | "read" | "keep"} what is done once the connection is back */
  #waiting = "";

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { live, keeper, pad } = page;
    pad.addEventListener("start", () => this.#begin());
    pad.addEventListener("progress", () => this.#changed());
    pad.addEventListener("change", () => this.#drawn());
    live.addEventListener("reading", (event) => this.#read(detailOf(event)));
    live.addEventListener("problem", (event) => {
      const { problem } = detailOf(event);
      if (problem.code !== "too_many_requests") this.fail(problem); // the next one comes by itself
    });
    keeper.addEventListener("start", () => page.answer.wait(true));
    keeper.addEventListener("end", () => page.answer.wait(false));
    keeper.addEventListener("progress", (event) => page.answer.progress(detailOf(event)));
    keeper.addEventListener("kept", (event) => this.#kept(detailOf(event)));
    keeper.addEventListener("problem", (event) => {
      const { problem, subject } = detailOf(event);
      if (subject !== page.paper.subject) return;
      this.fail(problem);
      if (this.#waiting) this.#waiting = "keep";
    });
  }

  /** What is kept of what lies there. */
  get kept() {
    return this.page.keeper.keptAs(this.page.paper.subject);
  }

  /**
   * Keep what is on the paper. Where that fails the page has said why.
   * @returns {Promise<KeptReading | null>}
   */
  async keep() {
    const { paper, keeper } = this.page;
    this.#waiting = "";
    if (paper.mayBeKept) return keeper.keep(paper.subject, paper.drawing).catch(() => null);
    if (paper.isEmpty) this.#hideReading().answer.showBlank();
    return null;
  }

  /** Take everything off the paper. */
  clear() {
    const { paper, pad } = this.page;
    paper.unlay();
    if (pad.isEmpty) this.#changed().#showEmpty();
    else pad.clear(); // fires `change`
  }

  /**
   * Put a picture on the paper: an example is read, one of the visitor's is kept.
   * @param {Laid} laid
   */
  lay(laid) {
    const { paper, keeper, live } = this.page;
    keeper.forget();
    live.stop();
    paper.lay(laid);
    this.#hideReading();
    this.#changed();
    if (!laid.isExample) this.keep();
  }

  /** Another thing is shown over the paper. */
  pause() {
    this.page.live.stop();
    this.page.keeper.wait();
    this.#hideReading();
  }

  /** What lay there is seen again. */
  resume() {
    const { paper } = this.page;
    if (!paper.isPicture) this.#drawn();
    else if (this.kept) this.#show(this.kept, this.kept);
    else this.#changed().page.answer.showEmpty();
  }

  /** The connection is back: read what waits for it. */
  reconnect() {
    const waiting = this.#waiting;
    this.#waiting = "";
    if (this.page.paper.isEmpty) return;
    if (waiting === "keep") this.keep();
    if (waiting === "read") this.#drawn();
  }

  /** The visitor wants it kept after a pause, or not. */
  switchPause() {
    const { keeper, paper } = this.page;
    if (paper.mayBeKept && !this.kept) keeper.keepAfterPause(() => this.keep());
    else keeper.wait();
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.#waiting = problem.code === "offline" ? "read" : "";
    this.#hideReading().answer.showProblem(problem);
  }

  /** The pen touches the paper. */
  #begin() {
    const { paper, pad, keeper } = this.page;
    if (paper.isPicture) paper.unlay();
    if (pad.isEmpty) keeper.forget();
    keeper.wait();
  }

  /** Something else lies there: read it, unless it is one of the visitor's pictures, which is kept. */
  #changed() {
    const { paper, pad, live, explanation } = this.page;
    this.#revision += 1;
    explanation.hide();
    paper.showUse();
    this.#showButtons(null);
    const isRead = paper.isPicture ? !paper.mayBeKept : !pad.isEmpty || pad.isDrawing;
    if (isRead) live.read(this.#revision, () => paper.drawing);
    else live.stop();
    return this;
  }

  /** The pen is up. */
  #drawn() {
    const { paper, pad, keeper } = this.page;
    if (paper.isPicture && !pad.isEmpty) paper.unlay(); // undo brought back what it had replaced
    if (paper.isPicture) return;
    this.#changed();
    const { kept } = this;
    if (pad.isEmpty) this.#showEmpty();
    else if (kept) this.#show(kept, kept);
    else keeper.keepAfterPause(() => this.keep());
  }

  /** @param {LiveReading} live */
  #read({ reading, revision }) {
    const { paper, pad } = this.page;
    if (paper.isEmpty && !pad.isDrawing) return;
    if (revision === this.#revision && this.kept) return; // what is kept says the same, and more
    this.#show(reading, null);
  }

  /** @param {{reading: KeptReading, subject: object}} kept */
  #kept({ reading, subject }) {
    if (subject !== this.page.paper.subject) return; // something else lies there by now
    tick();
    this.page.live.stop();
    this.#show(reading, reading);
  }

  /**
   * @param {Reading} reading
   * @param {KeptReading | null} kept
   */
  #show(reading, kept) {
    const { paper, keeper, answer, claim } = this.page;
    const isBlank = reading.verdict === "blank";
    answer.show(reading, paper.pictureOf(reading), this.#status(kept));
    if (isBlank) paper.unmark();
    else paper.mark(reading);
    this.#showButtons(isBlank ? null : reading);
    if (isBlank || !paper.mayBeKept) claim.hide();
    else {
      const url = async () => (kept ?? (await keeper.keep(paper.subject, paper.drawing))).url;
      claim.ask(paper.subject, url, reading.verdict === "digit");
    }
  }

  #showEmpty() {
    this.#waiting = ""; // what it would have read is gone now
    this.page.live.stop();
    this.page.keeper.wait();
    this.#hideReading().answer.showEmpty();
  }

  #hideReading() {
    const { claim, paper, explanation } = this.page;
    claim.hide();
    paper.unmark();
    explanation.hide();
    this.#showButtons(null);
    return this.page;
  }

  /** @param {Reading | null} reading what is shown */
  #showButtons(reading) {
    const { buttons, paper } = this.page;
    const isKept = this.kept !== null;
    buttons.show({ reading, isKept, isEmpty: paper.isEmpty, mayBeKept: paper.isEmpty || paper.mayBeKept });
  }

  /** @param {KeptReading | null} kept */
  #status(kept) {
    if (kept) return words.kept;
    return this.page.paper.mayBeKept ? words.not_kept : words.example;
  }
}

/**
 * @param {Event} event
 * @returns {any}
 */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
