// A short tick that one feels, where the device offers it and the visitor wants motion.

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {number} [milliseconds] */
export function tick(milliseconds = 10) {
  if (!isStill.matches && "vibrate" in navigator) navigator.vibrate(milliseconds);
}
