// Keeps drawings: when the visitor says so, or after a pause. The same one is kept once, and one that
// was drawn on replaces what was kept of it.

import { Problem, sendDrawing } from "./client.js";
import { tell } from "./events.js";
import { preference } from "./preferences.js";

/** @typedef {import("./client.js").KeptReading} KeptReading */
/** @typedef {import("./client.js").Drawing} Drawing */

// A hand that goes on takes less than a second between two strokes of a digit.
const PAUSE_MS = 1500;

/**
 * A drawing, and what is kept of it now; `before` is its id.
 * @typedef {{before: string, kept: {subject: object, reading: KeptReading} | null}} Sheet
 */

export class Keeper extends EventTarget {
  /** @type {{subject: object, promise: Promise<KeptReading>} | null} the one that is on its way */
  #keeping = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Sheet} which drawing is on the paper */
  #sheet = { before: "", kept: null };
  /** @type {WeakMap<object, Sheet>} of each state of the paper: undo comes back to a sheet of before */
  #sheets = new WeakMap();

  /**
   * Fires `start`, `progress` with a share of 0 to 1, `kept` with {reading, subject}, `problem` with
   * {problem, subject}, then `end`.
   * @param {string} url where drawings are stored
   */
  constructor(url) {
    super();
    this.url = url;
    this.keepsAfterPause = preference("keeps-after-pause", true);
  }

  /**
   * What is kept of a state of the paper, or of a picture.
   * @param {object} subject
   */
  keptAs(subject) {
    const { kept } = this.#sheet;
    return kept?.subject === subject ? kept.reading : null;
  }

  /**
   * Keep a drawing; one that is kept already, or is on its way, is not sent again.
   * @param {object} subject
   * @param {Drawing} drawing
   * @returns {Promise<KeptReading>}
   */
  keep(subject, drawing) {
    this.wait();
    const kept = this.keptAs(subject);
    if (kept) return Promise.resolve(kept);
    if (this.#keeping?.subject === subject) return this.#keeping.promise;
    const promise = this.#send(subject, drawing, this.#keeping?.promise);
    this.#keeping = { subject, promise };
    return promise;
  }

  /**
   * Keep what is on the paper once nothing has happened for a while, where the visitor wants that.
   * @param {() => void} keep
   */
  keepAfterPause(keep) {
    this.wait();
    if (this.keepsAfterPause.value) this.#timer = setTimeout(keep, PAUSE_MS);
  }

  /** Something happens: the pause has not begun. */
  wait() {
    clearTimeout(this.#timer);
  }

  /** Another drawing begins: what was kept stays, and what is on its way arrives. */
  forget() {
    this.wait();
    this.#sheet = { before: "", kept: null };
  }

  /**
   * A state of a drawing lies there: a new one is of the sheet that lies there, an old one of its own.
   * @param {object} subject
   */
  turnTo(subject) {
    this.#sheet = this.#sheets.get(subject) ?? this.#sheet;
    this.#sheets.set(subject, this.#sheet);
  }

  /**
   * @param {object} subject
   * @param {Drawing} drawing
   * @param {Promise<KeptReading>} [earlier] on its way: only then it is known what this one replaces
   */
  async #send(subject, drawing, earlier) {
    const sheet = this.#sheet;
    tell(this, "start", { subject });
    try {
      await earlier?.catch(() => null);
      const reading = await sendDrawing(this.url, withReplaced(drawing, sheet.before), {
        onProgress: drawing.image && ((/** @type {number} */ share) => tell(this, "progress", share)),
      });
      sheet.before = reading.id;
      sheet.kept = { subject, reading };
      tell(this, "kept", { subject, reading });
      return reading;
    } catch (problem) {
      if (problem instanceof Problem) tell(this, "problem", { subject, problem });
      throw problem;
    } finally {
      if (this.#keeping?.subject === subject) {
        this.#keeping = null;
        tell(this, "end");
      }
    }
  }
}

/**
 * @param {Drawing} drawing
 * @param {string} before the id of what was kept of it
 * @returns {Drawing}
 */
function withReplaced(drawing, before) {
  return drawing.strokes && before ? { ...drawing, replaces: before } : drawing;
}
