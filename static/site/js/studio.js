// What lies on the first page's paper is read, shown, and kept.

import { listen } from "./events.js";
import { tick } from "./haptics.js";
import { words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").KeptReading} KeptReading */
/** @typedef {import("./client.js").Problem} Problem */
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
  // How often something else has come to lie on the paper: what is late knows by it that it is.
  revision = 0;
  /** @type {"" | "read" | "keep"} what is done once the connection is back */
  #waiting = "";

  #isPaused = false;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { live, keeper, pad } = page;
    listen(pad, "start", () => this.#begin());
    listen(pad, "progress", () => this.#changed());
    listen(pad, "change", () => this.#drawn());
    listen(live, "reading", (reading) => this.#read(reading));
    listen(live, "problem", (problem) => {
      // Where there are too many, the next one comes by itself.
      if (!this.#isPaused && problem.code !== "too_many_requests") this.fail(problem);
    });
    listen(keeper, "start", () => page.answer.wait(true));
    listen(keeper, "end", () => page.answer.wait(false));
    listen(keeper, "progress", (share) => page.answer.progress(share));
    listen(keeper, "kept", (kept) => this.#kept(kept));
    listen(keeper, "problem", ({ problem, subject }) => {
      if (this.#isPaused || subject !== page.paper.subject) return;
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
    const { paper, pad, keeper } = this.page;
    this.#waiting = "";
    pad.end(); // whoever keeps it has drawn it
    if (paper.mayBeKept) return keeper.keep(paper.subject, paper.drawing).catch(() => null);
    if (paper.isEmpty) this.#hideReading().answer.showBlank();
    return null;
  }

  /** Take everything off the paper. */
  clear() {
    const { paper, pad } = this.page;
    paper.unlay();
    if (pad.isEmpty && !pad.isDrawing) this.#changed().#showEmpty();
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
    this.#isPaused = true;
    this.page.live.stop();
    this.page.keeper.wait();
    this.#hideReading();
  }

  /** What lay there is seen again. */
  resume() {
    this.#isPaused = false;
    const { paper } = this.page;
    if (!paper.isPicture) this.#drawn();
    else if (this.kept) this.#show(this.kept, this.kept);
    else if (paper.mayBeKept) this.keep(); // it may be on its way
    else this.#changed();
  }

  /** The connection is back: read what waits for it. */
  reconnect() {
    const waiting = this.#waiting;
    this.#waiting = "";
    if (this.page.paper.isEmpty) return;
    if (waiting === "keep") this.keep();
    else if (waiting) this.#drawn();
  }

  /** The visitor wants it kept after a pause, or not. */
  switchPause() {
    const { keeper, paper } = this.page;
    if (paper.mayBeKept && !this.kept) keeper.keepAfterPause(() => this.keep());
    else keeper.wait();
  }

  /**
   * A picture cannot be taken: what lies there stays, and so does its answer.
   * @param {Problem} problem
   */
  refuse(problem) {
    if (this.page.paper.isEmpty) this.fail(problem);
    else this.page.answer.note(problem.message);
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.#waiting = problem.code === "offline" ? this.#waiting || "read" : "";
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
    const { paper, pad, live, explanation, claim } = this.page;
    this.revision += 1;
    claim.rest();
    explanation.hide();
    paper.showUse();
    this.#showButtons(null);
    const isRead = paper.isPicture ? !paper.mayBeKept : !pad.isEmpty || pad.isDrawing;
    if (isRead) live.read(() => paper.drawing);
    else live.stop();
    return this;
  }

  /** The pen is up. */
  #drawn() {
    const { paper, pad, keeper } = this.page;
    if (paper.isPicture && !pad.isEmpty) paper.unlay(); // undo brought back what it had replaced
    if (paper.isPicture) return;
    if (!pad.isEmpty) keeper.turnTo(paper.subject);
    this.#changed();
    keeper.wait();
    const { kept } = this;
    if (pad.isEmpty) this.#showEmpty();
    else if (kept) this.#show(kept, kept);
    else keeper.keepAfterPause(() => this.keep());
  }

  /** @param {Reading} reading */
  #read(reading) {
    const { paper, pad } = this.page;
    if (paper.isEmpty && !pad.isDrawing) return;
    if (this.#isPaused || this.kept) return; // it says the same, and more; what comes late is of before
    this.#show(reading, null);
  }

  /** @param {{reading: KeptReading, subject: object}} kept */
  #kept({ reading, subject }) {
    const { paper, pad } = this.page;
    if (this.#isPaused) return;
    if (subject !== paper.subject) {
      if (!paper.isPicture && !pad.isDrawing) this.#drawn(); // what was kept of it is replaced
      return;
    }
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
    paper.mark(isBlank ? null : reading);
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
