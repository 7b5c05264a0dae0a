"""axe-core on an open page: what keeps somebody out, one line each."""

from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page

SOURCE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# `preload` would fetch style sheets anew, which an offline page cannot; no rule here asks for it.
RUN = """async (tags) => {
  const {violations} = await axe.run(document, {
    runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], preload: false,
  });
  return violations.flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) =>
    `${id}: ${target.flat().join(" ")}: ${failureSummary.split("\\n").slice(1).join(";").trim()}`));
}"""


def violations(page: Page) -> list[str]:
    """Check the page as it is.

    Its source comes by the debugging protocol: the page's policy would refuse any script that is
    put into it.

    Returns:
        Of each element that breaks a rule: the rule, the element's selector, what is wrong.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text())
    found: list[str] = page.evaluate(RUN, list(TAGS))
    return found
