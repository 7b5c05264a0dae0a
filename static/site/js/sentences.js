// A reading in words: what the server's own pages say of it, too (recognizer/answers.py).

import { isNumber } from "./overlay.js";
import { percent, say, words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Part} Part */

/**
 * The ten digits, the likeliest first.
 * @param {Reading} reading
 */
function rankingOf({ probabilities }) {
  return [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
}

/**
 * What stands large: the digit, or the two that it may be.
 * @param {Reading} reading
 */
export function candidatesOf(reading) {
  /** @type {Record<string, number>} */
  const counts = { digit: 1, unsure: 2 };
  return rankingOf(reading).slice(0, counts[reading.verdict] ?? 0);
}

/** @param {Reading} reading */
export function headlineOf(reading) {
  const { verdict, parts, digits } = reading;
  if (isNumber(reading)) {
    const sentences = parts.length > words.most_listed ? words.many_headlines : words.number_headlines;
    const number = words.numbers[parts.length] ?? parts.length;
    return say(sentences[verdict], { number, digits: [...digits].join(", ") });
  }
  const [first, second] = candidatesOf(reading);
  if (verdict === "digit") return words.sure[first];
  return say(words.headlines[verdict], { first: words.perhaps[first], second: words.perhaps[second] });
}

/** @param {Reading} reading */
export function surenessOf(reading) {
  const { verdict, probabilities, parts } = reading;
  if (isNumber(reading)) {
    return say(words.sureness.several, { percent: percent(leastSure(parts).confidence) });
  }
  const [likeliest] = rankingOf(reading);
  const share = probabilities[likeliest];
  if (verdict === "not_a_digit" && share < words.likely_from) return "";
  return say(words.sureness[verdict], { percent: percent(share), digit: words.perhaps[likeliest] });
}

/** @param {Reading} reading */
export function tipOf({ advice, parts }) {
  if (!advice) return "";
  return say(words.tips[advice] ?? "", parts.length ? { digit: leastSure(parts).digit } : {});
}

/** @param {Part[]} parts at least one */
function leastSure(parts) {
  return parts.reduce((least, part) => (part.confidence < least.confidence ? part : least));
}
