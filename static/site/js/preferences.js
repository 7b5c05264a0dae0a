// What the visitor has switched on or off, for this browser alone.

/**
 * A switch that is remembered. Where nothing may be stored it holds for the page.
 * @param {string} name
 * @param {boolean} otherwise
 */
export function preference(name, otherwise) {
  let value = otherwise;
  try {
    value = (localStorage.getItem(name) ?? String(otherwise)) === "true";
  } catch {
    // private windows may refuse
  }
  return {
    get value() {
      return value;
    },
    set value(now) {
      value = now;
      try {
        localStorage.setItem(name, String(now));
      } catch {
        // as above
      }
    },
  };
}
