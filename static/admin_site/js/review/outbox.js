// What was decided is sent in its order, one request after the other, and once more where there is
// no answer: nothing is lost in a tunnel, and nothing when a session has ended.

/** @typedef {Record<string, string>} Fields */
/** @typedef {import("./desk.js").Item} Item */
/** @typedef {{items?: Item[], change?: number, problem?: string}} Reply */

const RETRIES_MS = [1000, 2000, 4000, 8000, 15_000];
// A connection that is half open answers never.
const PATIENCE_MS = 15_000;

export class Outbox {
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  #num = 0;

  /**
   * @param {string} token Django's, against requests of other sites; a newer one is in the cookie.
   * @param {{onRetry: () => void, onSignedOut: () => void}} listener Called where something waits
   *   to be sent once more: nobody answered, or not to this user.
   */
  constructor(token, listener) {
    this.token = token;
    this.listener = listener;
  }

  get isBusy() {
    return this.#num > 0;
  }

  /**
   * Send fields by POST after all that was sent before.
   * @param {string} url
   * @param {() => Promise<Fields | null>} fields Asked for when their turn has come; null sends
   *   nothing.
   * @returns {Promise<Reply | null>} The answer; `problem` says what is wrong.
   */
  send(url, fields) {
    this.#num += 1;
    const answer = this.#last.then(() => this.#deliver(url, fields));
    this.#last = answer.catch(() => {});
    return answer.finally(() => (this.#num -= 1));
  }

  /**
   * @param {string} url
   * @param {() => Promise<Fields | null>} fields
   */
  async #deliver(url, fields) {
    const said = await fields();
    if (!said) return null;
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#post(url, said);
      if (answer) return answer;
      const wait = RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /**
   * Give the answer, or null where there is none yet.
   * @param {string} url
   * @param {Fields} fields
   * @returns {Promise<Reply | null>}
   */
  async #post(url, fields) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "X-CSRFToken": tokenNow() ?? this.token },
        body: new URLSearchParams(fields),
        credentials: "same-origin",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
      if (isOurs && response.status < 500) return await response.json();
      if (response.status >= 500) this.listener.onRetry();
      else this.listener.onSignedOut(); // the login page, or a refusal
    } catch {
      this.listener.onRetry();
    }
    return null;
  }
}

/** The token that the site goes by now: another one since somebody logged in elsewhere. */
function tokenNow() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
}
