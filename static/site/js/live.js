// Reads what is on the paper while it is drawn: at most every 120 ms, one request at a time, and only
// when something has changed. What comes back late is older than what is asked next, never newer.

import { Problem, sendDrawing } from "./client.js";
import { tell } from "./events.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Drawing} Drawing */

const INTERVAL_MS = 120;
// After an error that says nothing of when to come again.
const REST_MS = 2000;

export class LiveReader extends EventTarget {
  /** @type {(() => Drawing) | null} what is to be read next */
  #next = null;
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #mayAskAt = 0;
  /** @type {{strokes: string, reading: Reading | null}} what was read last, as it was sent */
  #read = { strokes: "", reading: null };

  /**
   * Fires `reading` with a Reading, and `problem` with a Problem.
   * @param {string} url where drawings are read and not stored
   */
  constructor(url) {
    super();
    this.url = url;
  }

  /**
   * Read this as soon as may be; what was asked before and is not sent yet is not sent any more.
   * @param {() => Drawing} drawing as it is when it is sent
   */
  read(drawing) {
    this.#next = drawing;
    this.#schedule();
  }

  /** Forget what is asked: there is nothing on the paper any more, or it is kept. */
  stop() {
    this.#next = null;
    this.#read = { strokes: "", reading: null };
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (!this.#next || this.#asking) return;
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#mayAskAt - performance.now()));
  }

  async #ask() {
    if (!this.#next) return;
    const asked = this.#next;
    const drawing = asked();
    this.#next = null;
    const strokes = drawing.strokes ? JSON.stringify(drawing.strokes) : "";
    if (strokes && strokes === this.#read.strokes) {
      tell(this, "reading", this.#read.reading); // the pen was lifted where it was
      return;
    }
    const mine = new AbortController();
    this.#asking = mine;
    try {
      const sending = sendDrawing(this.url, drawing, { signal: mine.signal });
      this.#mayAskAt = performance.now() + INTERVAL_MS; // from when it has left
      const reading = await sending;
      this.#read = { strokes, reading };
      if (mine === this.#asking) tell(this, "reading", reading);
    } catch (problem) {
      if (mine !== this.#asking) return;
      if (!(problem instanceof Problem)) throw problem;
      this.#read = { strokes: "", reading: null }; // another thing is shown now
      if (problem.code === "too_many_requests") this.#next ??= asked;
      this.#mayAskAt = performance.now() + (problem.retryAfter * 1000 || REST_MS);
      tell(this, "problem", problem);
    } finally {
      if (mine === this.#asking) {
        this.#asking = null;
        this.#schedule();
      }
    }
  }
}
