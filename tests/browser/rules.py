"""What we ask of a page beyond axe's rules, measured on the open page: one line for each fault."""

import re
from collections.abc import Sequence

from playwright.sync_api import Page

from tests.browser.conftest import WIDE

# WCAG 2.2, 2.5.5 (AAA): what a finger finds; and the smallest text, both in CSS pixels.
TARGET_PX = 44
TEXT_PX = 12
# WCAG 2.1, 1.4.10 and 1.4.4: the narrowest window, and a wide one at 200 %.
NARROWEST_PX = (320, WIDE["width"] // 2)

# What another look has begun is over: colours and sizes change by and by.
SETTLED = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const finite = document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
  await Promise.allSettled(finite.map((one) => one.finished));
}"""

# Names an element so that a developer finds it: its path to the next id.
NAMING = """
  const nameOf = (part) => {
    const own = part.id ? `#${part.id}`
      : part.localName + [...part.classList].slice(0, 2).map((one) => `.${one}`).join("");
    const above = part.parentElement;
    return part.id || !above || above === document.body ? own : `${nameOf(above)} > ${own}`;
  };
  const isShown = (part) => {
    const {width, height} = part.getBoundingClientRect();
    const isCutOff = getComputedStyle(part).clip === "rect(0px, 0px, 0px, 0px)";
    return part.checkVisibility({visibilityProperty: true}) && width > 1 && height > 1 && !isCutOff;
  };
"""

SMALL_TARGETS = f"""(least) => {{ {NAMING}
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, label.btn";
  const words = (node) => (node.textContent ?? "").trim();
  const isInText = (part) => getComputedStyle(part).display.startsWith("inline")
    && !getComputedStyle(part).display.includes("-")
    && words(part.parentElement) !== words(part);
  // A finger on the label does what one on a checkbox does.
  const boxOf = (part) => [part, ...(part.labels ?? [])].filter(isShown)
    .map((one) => one.getBoundingClientRect())
    .reduce((all, one) => ({{
      left: Math.min(all.left, one.left), right: Math.max(all.right, one.right),
      top: Math.min(all.top, one.top), bottom: Math.max(all.bottom, one.bottom),
    }}));
  return [...document.querySelectorAll(kinds)].filter((part) => isShown(part) && !isInText(part))
    .map((part) => [part, boxOf(part)])
    .map(([part, {{left, right, top, bottom}}]) => [part, right - left, bottom - top])
    .filter(([, width, height]) => Math.min(width, height) < least - 0.01)
    .map(([part, width, height]) =>
      `small target: ${{nameOf(part)}}: ${{width.toFixed(1)}} × ${{height.toFixed(1)}}`);
}}"""

SMALL_TEXT = f"""(least) => {{ {NAMING}
  const found = new Map();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {{
    const part = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !isShown(part)) continue;
    // A drawing's text grows and shrinks with the drawing.
    const scale = part instanceof SVGGraphicsElement ? part.getScreenCTM().d : 1;
    const size = parseFloat(getComputedStyle(part).fontSize) * scale;
    if (size < least - 0.01) found.set(nameOf(part), size);
  }}
  return [...found].map(([name, size]) => `small text: ${{name}}: ${{size.toFixed(1)}} px`);
}}"""

UNSEEN_FOCUS = f"""() => {{ {NAMING}
  const parts = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const looks = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderColor",
    "backgroundColor", "color", "textDecorationLine", "clipPath", "width", "height"];
  // The look of a hidden input is its label's; a frame may show the focus of what it holds.
  const around = (part) => [part, part.parentElement, ...(part.labels ?? [])];
  const look = (part) => JSON.stringify(around(part).map((one) => {{
    const style = getComputedStyle(one);
    return looks.map((name) => style[name]);
  }}));
  const before = document.activeElement;
  const unseen = [...document.querySelectorAll(parts)].filter((part) =>
    part.checkVisibility({{visibilityProperty: true}}) && part.tabIndex >= 0
    && !part.disabled && part.type !== "hidden"
  ).filter((part) => {{
    const without = look(part);
    part.focus({{preventScroll: true, focusVisible: true}});
    const isUnseen = part === document.activeElement && look(part) === without;
    part.blur();
    return isUnseen;
  }});
  before?.focus({{preventScroll: true}});
  return unseen.map((part) => `focus is not seen: ${{nameOf(part)}}`);
}}"""

STRUCTURE = """() => {
  const num = (selector) => document.querySelectorAll(selector).length;
  const faults = [];
  if (!document.documentElement.lang) faults.push("structure: <html> has no lang");
  if (!document.title.trim()) faults.push("structure: there is no title");
  for (const one of ["h1", "main", "header"]) {
    if (num(one) !== 1) faults.push(`structure: expected one <${one}>, found ${num(one)}`);
  }
  for (const nav of document.querySelectorAll("nav")) {
    const label = nav.ariaLabel || document.getElementById(nav.getAttribute("aria-labelledby"));
    if (!label) faults.push("structure: a <nav> has no name");
  }
  const skip = document.querySelector("a[href^='#']");
  if (!skip || !document.querySelector(skip.hash)) faults.push("structure: no link to the content");
  return faults;
}"""

TOO_WIDE = f"""() => {{ {NAMING}
  const {{scrollWidth, clientWidth}} = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const widest = [...document.body.querySelectorAll("*")].filter(isShown)
    .filter((part) => part.getBoundingClientRect().right > clientWidth + 0.5).slice(0, 3);
  return [`scrolls sideways: ${{scrollWidth}} px in a window of ${{clientWidth}} px: `
    + widest.map(nameOf).join(", ")];
}}"""

# Of the HTML that the server sends: what its policy refuses, or what would need a looser one. Data
# of a script is no script.
INLINE = {
    "a style attribute": r"<[^>]+\sstyle\s*=",
    "a handler": r"<[^>]+\son\w+\s*=",
    "an inline script": r"<script(?![^>]*\s(?:src=|type=\"application/json\"))[^>]*>",
    "an inline style sheet": r"<style\b",
    "a data: or blob: address": r"<[^>]+\s(?:src|href|srcset|poster)\s*=\s*[\"']?(?:data|blob):",
}


def settle(page: Page) -> None:
    """Wait until what has changed looks as it will."""
    page.evaluate(SETTLED)


def inline(html: str) -> list[str]:
    """List what stands in the HTML that the policy has no room for."""
    found = ((what, re.search(pattern, html)) for what, pattern in INLINE.items())
    return [f"inline: {what}: {match.group()}" for what, match in found if match]


def broken(page: Page) -> list[str]:
    """List what is too small for a finger or an eye, out of order, or lost when focused."""
    page.keyboard.press("Tab")  # from now on focus is shown, as to whoever goes by keys
    page.evaluate("document.activeElement.blur()")
    settle(page)
    return [
        *page.evaluate(STRUCTURE),
        *page.evaluate(SMALL_TARGETS, TARGET_PX),
        *page.evaluate(SMALL_TEXT, TEXT_PX),
        *page.evaluate(UNSEEN_FOCUS),
    ]


def broken_when_narrow(page: Page, widths: Sequence[int] = NARROWEST_PX) -> list[str]:
    """List what scrolls sideways in narrow windows; the window keeps the last width."""
    found: list[str] = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 640})
        settle(page)  # the paper takes the new size by a script
        found += page.evaluate(TOO_WIDE)
    return found
