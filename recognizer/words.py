"""The words of the answers, in one place: the pages and their script say the same."""

from __future__ import annotations

from typing import Any

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.advice import Advice
from recognizer.models import Prediction

Verdict = Prediction.Verdict

SURE = (
    gettext_lazy("A zero."),
    gettext_lazy("A one."),
    gettext_lazy("A two."),
    gettext_lazy("A three."),
    gettext_lazy("A four."),
    gettext_lazy("A five."),
    gettext_lazy("A six."),
    gettext_lazy("A seven."),
    gettext_lazy("An eight."),
    gettext_lazy("A nine."),
)
PERHAPS = (
    gettext_lazy("a zero"),
    gettext_lazy("a one"),
    gettext_lazy("a two"),
    gettext_lazy("a three"),
    gettext_lazy("a four"),
    gettext_lazy("a five"),
    gettext_lazy("a six"),
    gettext_lazy("a seven"),
    gettext_lazy("an eight"),
    gettext_lazy("a nine"),
)
HEADLINES = {
    Verdict.UNSURE: gettext_lazy("Perhaps {first}, or {second}."),
    Verdict.SEVERAL: gettext_lazy("I see several digits."),  # of before there were parts
    Verdict.NOT_A_DIGIT: gettext_lazy("This looks like no digit to me."),
    Verdict.BLANK: gettext_lazy("Nothing on the paper yet."),
}
# Of several digits, surely read or not.
NUMBER_HEADLINES = {
    Verdict.SEVERAL: gettext_lazy("I see {number} digits: {digits}."),
    Verdict.UNSURE: gettext_lazy("Perhaps {number} digits: {digits}."),
}
MANY_HEADLINES = {
    Verdict.SEVERAL: gettext_lazy("I see {number} digits."),
    Verdict.UNSURE: gettext_lazy("Perhaps {number} digits."),
}
MOST_LISTED = 6  # more digits than these a sentence does not list; the number beside it does
NUMBERS = (
    gettext_lazy("no"),
    gettext_lazy("one"),
    gettext_lazy("two"),
    gettext_lazy("three"),
    gettext_lazy("four"),
    gettext_lazy("five"),
    gettext_lazy("six"),
)
# How sure it is, in a few words, after the mark.
SURENESS = {
    Verdict.DIGIT: gettext_lazy("{percent}"),
    Verdict.UNSURE: gettext_lazy("{percent}"),
    Verdict.SEVERAL: gettext_lazy("at least {percent}"),
    Verdict.NOT_A_DIGIT: gettext_lazy("at best {digit}, {percent}"),
}
# What is no digit is at best one: said where that is more than twice as likely as guessing.
LIKELY_FROM = 0.2
MARKS = {  # one word and one icon for each: colour alone says nothing
    Verdict.DIGIT: gettext_lazy("Sure"),
    Verdict.UNSURE: gettext_lazy("Not sure"),
    Verdict.SEVERAL: gettext_lazy("Several"),
    Verdict.NOT_A_DIGIT: gettext_lazy("Not a digit"),
    Verdict.BLANK: gettext_lazy("Blank"),
}
BLANK_TIP = gettext_lazy("Draw one digit, large and in the middle.")
THANKS = gettext_lazy(
    "Thank you. You say it was {digit}. A person checks it; then the next model can learn from it."
)
EMPTY = gettext_lazy("Draw one digit.")
EMPTY_TIP = gettext_lazy("A model reads it while you draw, and says how sure it is.")
ICONS = {
    Verdict.DIGIT: "check",
    Verdict.UNSURE: "tilde",
    Verdict.SEVERAL: "copies",
    Verdict.NOT_A_DIGIT: "cross",
    Verdict.BLANK: "sheet",
}

# Of what is written over a picture, as a share of its longer side: 16 px on the page's paper.
LABEL_SIZE = 0.034


def words() -> dict[str, Any]:
    """Give the page's script the same words; its own for what only it can meet."""
    return {
        "sure": [str(text) for text in SURE],
        "perhaps": [str(text) for text in PERHAPS],
        "headlines": {str(verdict): str(text) for verdict, text in HEADLINES.items()},
        "marks": {str(verdict): str(text) for verdict, text in MARKS.items()},
        "tips": {str(advice): str(advice.label) for advice in Advice},
        "sureness": {str(verdict): str(text) for verdict, text in SURENESS.items()},
        "numbers": [str(number) for number in NUMBERS],
        "most_listed": MOST_LISTED,
        "number_headlines": {str(verdict): str(text) for verdict, text in NUMBER_HEADLINES.items()},
        "many_headlines": {str(verdict): str(text) for verdict, text in MANY_HEADLINES.items()},
        "blank_tip": str(BLANK_TIP),
        "likely_from": LIKELY_FROM,
        "label_size": LABEL_SIZE,
        "decimal_mark": get_format("DECIMAL_SEPARATOR"),
        "icons": {str(verdict): icon for verdict, icon in ICONS.items()},
        "facts": _("Model {number} · {latency} ms"),
        "page": _("Its own page"),
        "problems": {
            "blank": _("I find nothing on it"),
            "error": _("That did not work"),
            "offline": _("You are offline"),
            "no_active_version": _("No model is at work"),
            "too_many_requests": _("A moment, please"),
        },
        "offline": _("Your drawing is still here. I will read it when the connection is back."),
        "unexpected": _("Something broke on the way. Please try again in a while."),
        "empty": str(EMPTY),
        "empty_tip": str(EMPTY_TIP),
        "cropping": _("Show me the digit."),
        "cropping_tip": _(
            "Drag the frame around it, turn it if it lies on its side, then press “Read it”."
        ),
        "keep": _("Keep"),
        "kept": _("Kept"),
        "not_kept": _("Not kept yet"),
        "example": _("An example"),
        "pen_down": _("The pen is down."),
        "pen_up": _("The pen is up."),
        "batch_reading": _("{done} of {number} pictures read"),
        "batch_done": _("{number} pictures read"),
        "batch_most": _("I take {most} at once; send the others after these."),
        "batch_offline": _("It waits for the connection."),
        "claim_offline": _("That was not sent: you are offline. Press it again later."),
        "thanks": str(THANKS),
        "not_an_image": _("I read pictures: PNG, JPEG, WebP, GIF or BMP."),
    }
