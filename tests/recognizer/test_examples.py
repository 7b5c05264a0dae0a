"""The examples on the first page: the model that ships says of each what its title promises."""

from django.test import Client

from recognizer import registry, views

SOURCE = "SOURCE.md"
PROMISES = {  # name: verdict, and the digits that it may name
    "seven.png": ("digit", {7}),
    "four.png": ("digit", {4}),
    "slate.png": ("digit", {3}),
    "two.png": ("digit", {2}),
    "photo.jpg": ("digit", {8}),
    "unsure.png": ("unsure", {1, 7}),
    "several.png": ("several", {4, 0, 7}),
    "letter.png": ("not_a_digit", set(range(10))),
}


def test_the_shipped_model_says_what_each_example_promises(db, settings):
    registry.activate(version=registry.register_shipped(), reason="for the examples")
    client, folder = Client(), settings.BASE_DIR / "static" / "site" / "examples"
    for name, (verdict, digits) in PROMISES.items():
        with (folder / name).open("rb") as file:
            wish = {"accept": "application/json"}
            reading = client.post("/upload", {"image": file}, headers=wish).json()
        first, second, *_ = sorted(range(10), key=lambda digit: -reading["probabilities"][digit])
        named = {first, second} if verdict == "unsure" else {first}
        assert reading["verdict"] == verdict, name
        assert named <= digits, name
        assert name != "several.png" or reading["digits"] == "407"


def test_every_example_has_its_promise_and_its_picture(settings):
    folder = settings.BASE_DIR / "static" / "site" / "examples"
    shown = {name for name, _ in views.EXAMPLES}
    pictures = {path.name for path in folder.iterdir() if path.name != SOURCE}
    assert shown == set(PROMISES) == pictures


def test_whose_digits_they_are_is_said_beside_them_and_on_the_about_page(client, db, settings):
    source = (settings.BASE_DIR / "static" / "site" / "examples" / SOURCE).read_text("utf-8")
    for name in ("four.png", "two.png", "Yann LeCun", "Attribution-ShareAlike 3.0"):
        assert name in source
    about = client.get("/about").content.decode()
    assert "Yann LeCun" in about
    assert "CC BY-SA 3.0" in about
