// What was decided is sent in its order, one request after the other, and once more where there is
// no answer: nothing is lost in a tunnel.

const RETRIES_MS = [1000, 2000, 4000, 8000, 15000];

export class Outbox {
  #last = Promise.resolve();
  #num = 0;

  /**
   * @param {string} token Django's, against requests of other sites.
   * @param {{onRetry: () => void, onSent: () => void}} listener Called when something waits to be
   *   sent once more, and when it is through.
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
   * @returns {Promise<object>} The answer; `problem` says what is wrong.
   */
  send(url, fields) {
    this.#num += 1;
    const answer = this.#last.then(() => this.#deliver(url, fields));
    this.#last = answer.catch(() => {});
    return answer.finally(() => (this.#num -= 1));
  }

  async #deliver(url, fields) {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#post(url, fields);
      if (answer) {
        if (tries) this.listener.onSent();
        return answer;
      }
      this.listener.onRetry();
      const wait = RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Give the answer, or null where the server gave none. */
  async #post(url, fields) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "X-CSRFToken": this.token },
        body: new URLSearchParams(fields),
        credentials: "same-origin",
      });
      if (response.status >= 500) return null;
      if (response.headers.get("Content-Type")?.startsWith("application/json")) {
        return await response.json();
      }
      // A page: logged out, or the right was taken away.
      location.reload();
      return await new Promise(() => {});
    } catch {
      return null;
    }
  }
}
