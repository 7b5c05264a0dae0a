// What a reviewer looks at: the drawing, the digit as the model saw it, the answer, the strokes.

import { Playback } from "./playback.js";

/**
 * A submission as recognizer/admin/items.py describes it.
 * @typedef {object} Item
 * @property {string} id
 * @property {string} image
 * @property {string} digit
 * @property {string} page
 * @property {import("./playback.js").Stroke[] | null} strokes
 * @property {string} read
 * @property {string} verdict HTML
 * @property {string} agreed
 * @property {string} agreed_word
 * @property {Bar[]} bars
 * @property {string} received
 * @property {string[]} facts
 * @property {string} seen
 */

/** @typedef {{digit: number, bar: string, text: string, is_best: boolean}} Bar */

export class Desk {
  /** @type {Map<string, {image: HTMLImageElement, digit: HTMLImageElement}>} loaded beforehand */
  #pictures = new Map();

  /** @type {Item | null} what is looked at */
  #item = null;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    const canvas = /** @type {HTMLCanvasElement} */ (this.#find(".review-stage canvas"));
    this.playback = new Playback(canvas);
  }

  /**
   * Load an item's pictures, so that they are there when their turn comes.
   * @param {Item} item
   */
  load(item) {
    const loaded = this.#pictures.get(item.id);
    if (loaded) return loaded;
    const [image, digit] = [item.image, item.digit].map((address) => {
      const picture = new Image();
      picture.src = address;
      picture.decode().catch(() => {}); // its words stand in for it
      return picture;
    });
    const pictures = { image, digit };
    this.#pictures.set(item.id, pictures);
    return pictures;
  }

  /** @param {Item} item */
  show(item) {
    this.#item = item;
    this.playback.stop();
    const { image, digit } = this.load(item);
    this.#replace(".review-stage img", image);
    this.#replace(".review-digit img", digit);
    this.#find(".review-stage").dataset.id = item.id;
    this.#find(".numeral").textContent = item.read || "–";
    this.#find(".review-verdict").innerHTML = item.verdict; // ours, as the lists have it
    this.#find(".review-received").textContent = item.received;
    this.#find(".review-page").setAttribute("href", item.page);
    this.#find(".review-play").hidden = !item.strokes?.length;
    this.#find(".bars tbody").replaceChildren(...item.bars.map(row));
    this.#find(".review-facts").replaceChildren(...item.facts.map(fact));
  }

  /** Play the strokes; gives whether there are any. */
  play() {
    if (!this.#item?.strokes?.length) return false;
    const image = /** @type {HTMLImageElement} */ (this.#find(".review-stage img"));
    this.playback.play(this.#item.strokes, image.naturalWidth, image.naturalHeight);
    return true;
  }

  /**
   * @param {string} selector
   * @param {HTMLImageElement} picture
   */
  #replace(selector, picture) {
    const old = /** @type {HTMLImageElement} */ (this.#find(selector));
    picture.alt = old.alt;
    picture.draggable = false;
    for (const name of ["width", "height"]) {
      const value = old.getAttribute(name);
      if (value !== null) picture.setAttribute(name, value);
    }
    old.replaceWith(picture);
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.element.querySelector(selector));
  }
}

/** @param {Bar} bar */
function row(bar) {
  const line = document.createElement("tr");
  line.classList.toggle("is-best", bar.is_best);
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = String(bar.digit);
  const drawn = document.createElement("td");
  drawn.innerHTML = bar.bar; // ours, as the lists have it
  const figure = document.createElement("td");
  figure.className = "figure";
  figure.textContent = bar.text;
  line.append(head, drawn, figure);
  return line;
}

/** @param {string} words */
function fact(words) {
  const line = document.createElement("li");
  line.textContent = words;
  return line;
}
