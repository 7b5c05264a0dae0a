// Events that carry something.

/**
 * Call back with what an event carries.
 * @param {EventTarget} teller
 * @param {string} name
 * @param {(detail: any) => void} take
 */
export function listen(teller, name, take) {
  teller.addEventListener(name, (event) => take(/** @type {CustomEvent} */ (event).detail));
}

/**
 * Tell those who listen.
 * @param {EventTarget} teller
 * @param {string} name
 * @param {unknown} [detail] what the event carries
 */
export function tell(teller, name, detail) {
  teller.dispatchEvent(new CustomEvent(name, { detail }));
}
