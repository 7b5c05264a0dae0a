// Reads one drawing after the other: a late answer never overwrites a newer one.

import { Problem, sendDrawing } from "./client.js";

export class Reader extends EventTarget {
  /** @type {AbortController | null} */
  #current = null;

  /**
   * Fires `start`, then `reading` or `problem` with it in `detail`, then `end`.
   * @param {string} url where drawings are sent
   */
  constructor(url) {
    super();
    this.url = url;
  }

  get isBusy() {
    return this.#current !== null;
  }

  /** @param {{image: string | File, strokes?: object[]}} drawing */
  async read(drawing) {
    this.#current?.abort();
    const mine = new AbortController();
    this.#current = mine;
    this.dispatchEvent(new Event("start"));
    try {
      const reading = await sendDrawing(this.url, drawing, mine.signal);
      if (mine === this.#current) this.#tell("reading", reading);
    } catch (error) {
      if (mine !== this.#current) return;
      if (!(error instanceof Problem)) throw error;
      this.#tell("problem", error);
    } finally {
      if (mine === this.#current) {
        this.#current = null;
        this.dispatchEvent(new Event("end"));
      }
    }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
