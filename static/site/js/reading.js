// A reading's own page: the claim, why, and the steps, without leaving it.

import { Claim } from "./claim.js";
import { fetchPiece } from "./client.js";
import { listen } from "./events.js";
import "./times.js";
import { Explanation } from "./why.js";

const announcement = document.getElementById("announcement");
const form = document.getElementById("claim");
const claim = form instanceof HTMLFormElement && form.querySelector("button") ? new Claim(form) : null;

/** @type {Record<string, HTMLElement>} */
const asks = {};
for (const link of document.querySelectorAll("a.ask")) {
  if (link instanceof HTMLElement) asks[link.id.replace("ask-", "")] = link;
}
const panel = document.getElementById("more");
const frame = document.querySelector(".paper");
const explanation = panel && frame instanceof HTMLElement ? new Explanation(panel, frame, asks) : null;

for (const [name, link] of Object.entries(asks)) {
  link.addEventListener("click", (event) => {
    event.preventDefault(); // without script it is a page of its own
    explanation?.toggle(name, () => fetchPiece(link.dataset.piece ?? ""));
  });
}
for (const teller of [claim, explanation]) {
  if (teller && announcement) listen(teller, "said", (text) => (announcement.textContent = text));
}
