// A reading's own page: the claim, without leaving it.

import { Claim } from "./claim.js";
import "./times.js";

const form = document.getElementById("claim");
const announcement = document.getElementById("announcement");
if (form instanceof HTMLFormElement && form.querySelector("button")) {
  new Claim(form).addEventListener("said", (event) => {
    if (announcement) announcement.textContent = /** @type {CustomEvent<string>} */ (event).detail;
  });
}
