// "Why?" and "Step by step": asked for on demand, answered by pieces of pages that the server wrote.

import { Problem } from "./client.js";
import { tell } from "./events.js";

export class Explanation extends EventTarget {
  #asked = "";
  #turn = 0;

  /**
   * Fires `said` with the sentence in `detail`.
   * @param {HTMLElement} panel where the words go
   * @param {HTMLElement} frame what the map lies over
   * @param {Record<string, HTMLElement>} buttons by what they ask for; each is pressed while it is shown
   */
  constructor(panel, frame, buttons) {
    super();
    this.panel = panel;
    this.frame = frame;
    this.buttons = buttons;
  }

  /** What is shown, or on its way; empty for nothing. */
  get asked() {
    return this.#asked;
  }

  /**
   * Show what is asked for; pressed again, hide it.
   * @param {string} name
   * @param {() => Promise<string>} fetching
   */
  async toggle(name, fetching) {
    const isShown = this.#asked === name;
    this.hide();
    if (isShown) return;
    const turn = this.#turn;
    this.#mark(name);
    try {
      const html = await fetching();
      if (turn === this.#turn) this.#show(html);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (turn === this.#turn) this.#sayOnly(error.message);
    }
  }

  /** The paper has changed: what was said of it is of before. */
  hide() {
    this.#turn += 1;
    this.#mark("");
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.frame.querySelector(".why-map")?.remove();
  }

  /** @param {string} html */
  #show(html) {
    const piece = new DOMParser().parseFromString(html, "text/html").body;
    const map = piece.querySelector(".why-map");
    if (map) this.frame.append(document.adoptNode(map));
    this.panel.replaceChildren(...piece.childNodes);
    this.panel.hidden = false;
    const sentence = this.panel.querySelector(".why-sentence")?.textContent;
    if (sentence) tell(this, "said", sentence);
  }

  /** @param {string} text */
  #sayOnly(text) {
    const sentence = document.createElement("p");
    sentence.className = "why-sentence";
    sentence.textContent = text;
    this.panel.replaceChildren(sentence);
    this.panel.hidden = false;
    tell(this, "said", text);
  }

  /** @param {string} name */
  #mark(name) {
    this.#asked = name;
    for (const [own, button] of Object.entries(this.buttons)) {
      button.setAttribute("aria-expanded", String(own === name));
    }
  }
}
