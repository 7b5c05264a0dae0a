// The answer beside the paper: puts a reading, or what went wrong, into the places of the page.

import { cutOut, isDoubtful, isNumber } from "./boxes.js";
import { percent, say, words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Part} Part */
/** @typedef {import("./client.js").Problem} Problem */

const PROBLEM_ICONS = { blank: "sheet", offline: "offline", no_active_version: "asleep", too_many_requests: "clock" };

export class Answer {
  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} announcement where screen readers listen
   */
  constructor(section, announcement) {
    this.section = section;
    this.announcement = announcement;
    this.bars = [...section.querySelectorAll(".bar")];
    for (const image of section.querySelectorAll("img")) {
      image.addEventListener("error", () => (image.hidden = true));
    }
  }

  /** @param {boolean} isBusy */
  wait(isBusy) {
    this.section.setAttribute("aria-busy", String(isBusy));
  }

  /** @param {Reading} reading */
  show(reading) {
    const { verdict } = reading;
    const ranking = [...reading.probabilities.keys()].sort(
      (one, other) => reading.probabilities[other] - reading.probabilities[one],
    );
    const candidates = ranking.slice(0, { digit: 1, unsure: 2 }[verdict] ?? 0);
    const parts = isNumber(reading) ? reading.parts : [];
    this.#numerals(parts.length ? [reading.digits] : candidates.map(String));
    this.#put("percent", this.#sureness(reading, ranking[0]));
    this.#put("mark", words.marks[verdict]);
    this.#put("tip", this.#tip(reading));
    this.#put("headline", this.#headline(reading, candidates));
    this.#sign("sign", words.icons[verdict]);
    this.#sign("mark-icon", words.icons[verdict]);
    this.#bars(reading.probabilities, candidates);
    this.#parts(parts, `${reading.url}/image.png`);
    this.#picture("image", `${reading.url}/image.png`);
    this.#picture("digit", `${reading.url}/digit.png`);
    this.#facts(reading);
    this.#state(verdict);
    const figure = this.#text("percent");
    this.#announce(
      `${this.#text("headline")} ${words.marks[verdict]}. ${figure && `${figure}. `}${this.#text("tip")}`,
    );
  }

  /** The picture that came in, as it is stored. */
  get picture() {
    return /** @type {HTMLImageElement} */ (this.#slot("image"));
  }

  /** There is nothing to read. */
  showBlank() {
    this.#clear();
    this.#sign("sign", words.icons.blank);
    this.#put("headline", words.headlines.blank);
    this.#put("tip", words.blank_tip);
    this.#state("blank");
    this.#announce(`${words.headlines.blank} ${words.blank_tip}`);
  }

  /** @param {Problem} problem */
  showProblem({ code, message }) {
    this.#clear();
    const known = /** @type {keyof typeof PROBLEM_ICONS} */ (code);
    this.#sign("sign", PROBLEM_ICONS[known] ?? "alert");
    this.#put("headline", words.problems[code] ?? words.problems.error);
    this.#put("tip", message);
    this.#state(code in PROBLEM_ICONS && code !== "too_many_requests" ? code : "problem");
    this.#announce(`${this.#text("headline")}. ${message}`);
  }

  #clear() {
    this.#bars(new Array(10).fill(0), []);
    this.#parts([], "");
    this.#numerals([]);
    this.#put("percent", "");
    this.#slot("image").hidden = true;
    this.#slot("digit").hidden = true;
    this.#slot("facts").hidden = true;
  }

  /** @param {string[]} numerals the digit, both candidates, or the number */
  #numerals([first = "", second = ""]) {
    this.#put("first", first);
    this.#put("second", second);
    this.#slot("numerals").dataset.length = String(first.length);
  }

  /**
   * @param {Reading} reading
   * @param {number[]} candidates
   */
  #headline({ verdict, parts, digits }, candidates) {
    if (isNumber({ parts })) {
      const sentences = parts.length > words.most_listed ? words.many_headlines : words.number_headlines;
      const number = words.numbers[parts.length] ?? parts.length;
      return say(sentences[verdict], { number, digits: [...digits].join(", ") });
    }
    if (verdict === "digit") return words.sure[candidates[0]];
    const [first, second] = candidates.map((digit) => words.perhaps[digit]);
    return say(words.headlines[verdict], { first, second });
  }

  /**
   * @param {Reading} reading
   * @param {number} likeliest
   */
  #sureness({ verdict, probabilities, parts }, likeliest) {
    if (isNumber({ parts })) {
      return say(words.sureness.several, { percent: percent(leastSure(parts).confidence) });
    }
    const share = probabilities[likeliest];
    if (verdict === "not_a_digit" && share < words.likely_from) return "";
    return say(words.sureness[verdict], { percent: percent(share), digit: words.perhaps[likeliest] });
  }

  /** @param {Reading} reading */
  #tip({ advice, parts }) {
    if (!advice) return "";
    return say(words.tips[advice] ?? "", parts.length ? { digit: leastSure(parts).digit } : {});
  }

  /**
   * Show each digit of several: its picture, what it is, and how sure.
   * @param {Part[]} parts
   * @param {string} url of the picture
   */
  #parts(parts, url) {
    this.#slot("parts").replaceChildren(
      ...parts.map((part) => {
        const item = document.createElement("li");
        item.className = isDoubtful(part) ? "part is-doubtful" : "part";
        const [frame, digit, figure] = ["frame", "part-digit", "part-percent"].map((name) => {
          const span = document.createElement("span");
          span.className = name;
          return span;
        });
        frame.append(cutOut(part, url));
        digit.textContent = `${part.digit}${isDoubtful(part) ? "?" : ""}`;
        figure.textContent = percent(part.confidence);
        item.append(frame, digit, " ", figure);
        return item;
      }),
    );
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

  /** @param {Reading} reading */
  #facts(reading) {
    const facts = this.#slot("facts");
    const link = document.createElement("a");
    link.href = reading.url;
    link.textContent = words.page;
    facts.replaceChildren(
      say(words.facts, { number: reading.model_version, latency: Math.ceil(reading.latency_ms) }),
      " · ",
      link,
    );
    facts.hidden = false;
  }

  /** @param {string} state */
  #state(state) {
    this.section.dataset.state = state;
    this.section.classList.remove("is-fresh");
    requestAnimationFrame(() => this.section.classList.add("is-fresh"));
  }

  /** @param {string} text */
  #announce(text) {
    this.announcement.textContent = "";
    requestAnimationFrame(() => (this.announcement.textContent = text));
  }

  /**
   * @param {string} name
   * @param {string} url
   */
  #picture(name, url) {
    const image = /** @type {HTMLImageElement} */ (this.#slot(name));
    image.src = url;
    image.hidden = false;
  }

  /**
   * @param {string} name
   * @param {string} icon
   */
  #sign(name, icon) {
    const slot = this.#slot(name);
    const svg = /** @type {Element} */ (this.section.querySelector(".icon")?.cloneNode(true));
    svg.querySelector("use")?.setAttribute("href", `#icon-${icon}`);
    slot.replaceChildren(svg);
  }

  /**
   * @param {string} name
   * @param {string | number} text
   */
  #put(name, text) {
    this.#slot(name).textContent = String(text);
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

/** @param {Part[]} parts at least one */
function leastSure(parts) {
  return parts.reduce((least, part) => (part.confidence < least.confidence ? part : least));
}
