// A reading's own page: boxes over the pictures, and the claim without leaving the page.

import { drawBoxes } from "./boxes.js";
import { Claim } from "./claim.js";

for (const frame of document.querySelectorAll("[data-boxes]")) {
  if (frame instanceof HTMLElement) drawBoxes(frame, JSON.parse(frame.dataset.boxes || "[]"));
}

const form = document.getElementById("claim");
const announcement = document.getElementById("announcement");
if (form instanceof HTMLFormElement && form.querySelector("button")) {
  new Claim(form).addEventListener("said", (event) => {
    if (announcement) announcement.textContent = /** @type {CustomEvent<string>} */ (event).detail;
  });
}
