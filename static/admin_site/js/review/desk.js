// What a reviewer looks at: the drawing, the digit as the model saw it, the answer, the strokes.

import { Playback } from "./playback.js";

export class Desk {
  /** @type {Map<string, {image: HTMLImageElement, digit: HTMLImageElement}>} loaded beforehand */
  #pictures = new Map();

  constructor(element) {
    this.element = element;
    this.playback = new Playback(this.#find(".review-stage canvas"));
  }

  /** Load an item's pictures, so that they are there when their turn comes. */
  load(item) {
    if (this.#pictures.has(item.id)) return;
    const [image, digit] = [item.image, item.digit].map((address) => {
      const picture = new Image();
      picture.src = address;
      picture.decode().catch(() => {}); // its words stand in for it
      return picture;
    });
    this.#pictures.set(item.id, { image, digit });
  }

  show(item) {
    this.item = item;
    this.load(item);
    this.playback.stop();
    const { image, digit } = this.#pictures.get(item.id);
    this.#replace(".review-stage img", image);
    this.#replace(".review-digit img", digit);
    this.#find(".review-stage").dataset.id = item.id;
    this.#find(".numeral").textContent = item.read || "–";
    this.#find(".review-verdict").innerHTML = item.verdict; // ours, as the lists have it
    this.#find(".review-received").textContent = item.received;
    this.#find(".review-page").href = item.page;
    this.#find(".review-play").hidden = !item.strokes?.length;
    this.#find(".bars tbody").replaceChildren(...item.bars.map(row));
    this.#find(".review-facts").replaceChildren(...item.facts.map(fact));
  }

  /** Play the strokes; gives whether there are any. */
  play() {
    if (!this.item?.strokes?.length) return false;
    const image = this.#find(".review-stage img");
    this.playback.play(this.item.strokes, image.naturalWidth, image.naturalHeight);
    return true;
  }

  #replace(selector, picture) {
    const old = this.#find(selector);
    picture.alt = old.alt;
    picture.draggable = false;
    for (const name of ["width", "height"]) {
      if (old.hasAttribute(name)) picture.setAttribute(name, old.getAttribute(name));
    }
    old.replaceWith(picture);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}

function row(bar) {
  const line = document.createElement("tr");
  line.classList.toggle("is-best", bar.is_best);
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = bar.digit;
  const drawn = document.createElement("td");
  drawn.innerHTML = bar.bar; // ours, as the lists have it
  const figure = document.createElement("td");
  figure.className = "figure";
  figure.textContent = bar.text;
  line.append(head, drawn, figure);
  return line;
}

function fact(words) {
  const line = document.createElement("li");
  line.textContent = words;
  return line;
}
