// "Copy" beside a shared link. Without it the link is there all the same, to be selected.

const link = document.getElementById("share-link");
const button = document.getElementById("copy");
const BACK_MS = 2500; // long enough to be read

if (link instanceof HTMLInputElement && button) {
  link.addEventListener("focus", () => link.select());
  if (document.activeElement === link) link.select(); // it was made just now
  const label = /** @type {HTMLElement} */ (button.querySelector("span"));
  const words = label.textContent;
  const announcement = document.getElementById("announcement");
  let timer = 0;

  button.addEventListener("click", async () => {
    const said = (await copy(link)) ? button.dataset.done : button.dataset.failed;
    label.textContent = said ?? words;
    if (announcement) announcement.textContent = said ?? "";
    clearTimeout(timer);
    timer = setTimeout(() => (label.textContent = words), BACK_MS);
  });
}

/**
 * @param {HTMLInputElement} field
 * @returns {Promise<boolean>} whether it is in the clipboard now
 */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select(); // over plain HTTP, or where it is not allowed: one press of the visitor's own
    return false;
  }
}
