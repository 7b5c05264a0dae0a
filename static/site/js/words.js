// The page's words: what the server wrote for its own pages, so that both say the same.
// It imports nothing, not even a type in a comment: a circle of modules cannot be hashed.

/**
 * @typedef {object} Words
 * @property {string[]} sure
 * @property {string[]} perhaps
 * @property {Record<string, string>} headlines
 * @property {Record<string, string>} number_headlines
 * @property {Record<string, string>} many_headlines
 * @property {Record<string, string>} marks
 * @property {Record<string, string>} tips
 * @property {Record<string, string>} icons
 * @property {Record<string, string>} problems
 * @property {Record<string, string>} sureness
 * @property {string[]} numbers
 * @property {number} most_listed
 * @property {string} blank_tip
 * @property {number} likely_from
 * @property {number} label_size
 * @property {string} decimal_mark
 * @property {string} offline
 * @property {string} unexpected
 * @property {string} thanks
 * @property {string} not_an_image
 * @property {string} facts
 * @property {string} page
 * @property {string} empty
 * @property {string} empty_tip
 * @property {string} cropping
 * @property {string} cropping_tip
 * @property {string} keep
 * @property {string} kept
 * @property {string} not_kept
 * @property {string} example
 * @property {string} pen_down
 * @property {string} pen_up
 * @property {string} batch_reading
 * @property {string} batch_done
 * @property {string} batch_most
 * @property {string} batch_offline
 * @property {string} claim_offline
 */

/** @type {Words} */
export const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/**
 * Put values into a sentence: "Perhaps {first}." and {first: "a one"}.
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Round down to a tenth of a percent, as the server does: 99.97 % is not called certain. Without
 * Intl, which takes a phone 50 ms to begin with.
 * @param {number} share 0 to 1
 * @returns {string}
 */
export function percent(share) {
  const tenths = Math.floor(share * 1000 + 1e-9);
  return `${Math.floor(tenths / 10)}${words.decimal_mark}${tenths % 10}\u00a0%`;
}

/**
 * Round down to a whole percent, where there is little room.
 * @param {number} share 0 to 1
 */
export function wholePercent(share) {
  return `${Math.floor(share * 100 + 1e-9)}\u00a0%`;
}
