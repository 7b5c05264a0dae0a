"""Who is learnt from and who measures: by person alone, no picture on two sides, for good."""

import numpy as np
import pytest

from recognizer.people import number_of, part_of, place_of
from training import pens, shapes, strokes
from training.datasets import NO_DIGIT, DigitData, Digits
from training.reviewed import PARTS, read, write
from training.splitting import Labelled, NothingReviewed, gather


def digit(seed: int, label: int = 3) -> np.ndarray:
    """A digit as a hand writes it, 28 × 28."""
    random = np.random.default_rng(seed)
    ink = strokes.drawn(strokes.bent(shapes.shaped(label, random), random), 18, 2)
    canvas = np.zeros((28, 28), np.uint8)
    height, width = ink.shape
    top, left = (28 - height) // 2, (28 - width) // 2
    canvas[max(top, 0) :, max(left, 0) :][:height, :width] = ink[:28, :28]
    return canvas


def person_in(part: str, start: int = 0) -> str:
    """The first invented person from a number on who is in that part."""
    return next(
        f"person {number}"
        for number in range(start, start + 1000)
        if part_of(number_of(f"person {number}")) == part
    )


def sent(person: str, seed: int, label: int = 3, **others) -> Labelled:
    image = others.pop("image", None)
    return Labelled(
        digit=digit(seed, label) if image is None else image,
        strokes=others.pop("strokes", ()),
        label=others.pop("as_label", label),
        person=person,
    )


def few_dozen(num: int = 60) -> list[Labelled]:
    return [sent(f"person {one % 20}", one, one % 10) for one in range(num)]


def test_a_quarter_of_people_measure_and_an_eighth_choose():
    parts = [part_of(number_of(f"person {number}")) for number in range(4_000)]
    shares = [parts.count(part) / len(parts) for part in PARTS]

    np.testing.assert_allclose(shares, [10 / 16, 2 / 16, 4 / 16], atol=0.02)


def test_a_persons_side_is_fixed_for_good():
    """Whoever moves it, by the salt or the shares, breaks every field test so far."""
    known = {"person 0": "field_test", "person 1": "train", "person 2": "field_test"}

    assert {one: part_of(number_of(one)) for one in known} == known
    assert number_of("0" * 32) == 9881704271688598488


def test_who_is_nobody_is_learnt_from_and_measures_nothing():
    numbers = [number_of(f"submission {number}") for number in range(64)]

    assert len(set(numbers)) == 64
    assert {part_of(number) for number in numbers} == {"train"}
    # Behind all others: in an export's test part only where that is all there is.
    assert all(15 / 16 <= place_of(number) < 1 for number in numbers)


def test_no_person_is_on_two_sides():
    reviewed = gather(few_dozen())
    people = [set(getattr(reviewed, part).people.tolist()) for part in PARTS]

    assert all(people)
    assert len(set.union(*people)) == sum(map(len, people)) == 20
    assert all(
        part_of(number) == part for part, own in zip(PARTS, people, strict=True) for number in own
    )


def test_the_field_test_keeps_what_it_has_when_others_send_more():
    earlier = few_dozen()
    copies = [sent(person_in("train"), one, one % 10) for one in range(60)]
    later = gather([*earlier, *copies, *(sent(f"late {one}", 100 + one) for one in range(30))])
    before = {one.tobytes() for one in gather(earlier).field_test.digits.images}

    assert before <= {one.tobytes() for one in later.field_test.digits.images}


def test_a_twin_of_the_field_test_is_not_learnt_from():
    mine, theirs = person_in("train"), person_in("field_test")
    paler = (digit(1) * 0.9).astype(np.uint8)
    reviewed = gather([sent(mine, 1, image=paler), sent(mine, 2), sent(theirs, 1)])

    assert reviewed.field_test.digits.images.tolist() == [digit(1).tolist()]
    assert reviewed.train.digits.images.tolist() == [digit(2).tolist()]
    assert reviewed.num_twins == 1


def test_a_twin_of_validation_is_not_learnt_from():
    mine, theirs = person_in("train"), person_in("validation")
    reviewed = gather([sent(mine, 1), sent(mine, 2), sent(theirs, 1)])

    assert len(reviewed.validation) == 1
    assert reviewed.train.digits.images.tolist() == [digit(2).tolist()]


def test_a_submission_goes_with_all_its_pens_where_one_has_a_twin():
    way = recorded(shapes.shaped(3, np.random.default_rng(1)))
    drawn = sent(person_in("train"), 5, image=next(pens.drawn(way)), strokes=way)
    alone = gather([drawn, sent(person_in("train"), 6)])
    twin = sent(person_in("field_test"), 0, image=alone.train.digits.images[2])
    reviewed = gather([drawn, sent(person_in("train"), 6), twin])

    assert len(alone.train) == 1 + 3 + 1
    assert reviewed.train.digits.images.tolist() == [digit(6).tolist()]


def test_strokes_of_something_else_are_not_learnt_under_the_label():
    """A program sends what it likes: a reviewer has labelled the picture alone."""
    way = recorded(shapes.shaped(7, np.random.default_rng(1)))
    reviewed = gather([sent(person_in("train"), 5, 3, strokes=way)])

    assert reviewed.train.digits.images.tolist() == [digit(5).tolist()]


def test_what_an_earlier_version_may_have_learnt_from_measures_no_child_of_it():
    mine, theirs = person_in("train"), person_in("field_test")
    reviewed = gather([sent(mine, 1), sent(mine, 2), sent(theirs, 1), sent(theirs, 3)])

    assert reviewed.was_seen.tolist() == [True, False]
    assert reviewed.unseen().field_test.digits.images.tolist() == [digit(3).tolist()]


def test_a_run_learns_no_twin_of_what_it_is_measured_by_besides():
    mine = person_in("train")
    reviewed = gather([sent(mine, 1), sent(mine, 2), sent(person_in("validation"), 4)])
    apart = reviewed.apart_from(np.stack([digit(1), digit(4)]))

    assert apart.train.digits.images.tolist() == [digit(2).tolist()]
    assert len(apart.validation) == 0
    assert apart.num_twins == 2


def data_of(train: list[int], validation: list[int], test: list[int]) -> DigitData:
    """Other data of a run, of digits by their seeds."""
    parts = (
        Digits(np.stack([digit(seed) for seed in seeds]), np.full(len(seeds), 3, np.uint8))
        for seeds in (train, validation, test)
    )
    return DigitData("custom data", next(parts), next(parts), next(parts), "", "")


def test_who_measures_is_not_in_what_is_learnt_from_besides():
    """As where the data is the site's own export, or a visitor sent what is in it."""
    theirs, choosing = person_in("field_test"), person_in("validation")
    mine = person_in("train")
    reviewed = gather(
        [
            *(sent(theirs, seed) for seed in (1, 2, 3, 4)),
            *(sent(choosing, seed) for seed in (11, 12, 13)),
            *(sent(mine, seed) for seed in (21, 22, 23)),
            sent(mine, 4),  # so one of the field test was seen
        ]
    )
    data = data_of([1, 11, 21], [2, 12, 22], [3, 13, 23])
    apart = reviewed.apart_from_data(data)

    seeds = {digit(seed).tobytes(): seed for seed in range(30)}
    left = {
        part: [seeds[image.tobytes()] for image in getattr(apart, part).digits.images]
        for part in PARTS
    }
    # What the test digits have is still measured by: nobody learns from them.
    assert left == {"train": [21], "validation": [12], "field_test": [3, 4]}
    assert apart.was_seen.tolist() == [False, True]
    assert apart.num_twins == reviewed.num_twins + 6


def test_an_equal_picture_measures_once():
    theirs = person_in("field_test")
    reviewed = gather([sent(person_in("train"), 9), *[sent(theirs, 1)] * 3, sent(theirs, 2)])

    assert len(reviewed.field_test) == 2


def test_an_upright_bar_is_not_learnt_as_no_digit_and_still_measures():
    bar = np.zeros((28, 28), np.uint8)
    bar[4:24, 13:16] = 255
    rows = [
        sent(person_in(part), 0, image=bar, as_label=NO_DIGIT) for part in ("train", "field_test")
    ]
    reviewed = gather([*rows, sent(person_in("train"), 2)])

    assert NO_DIGIT not in reviewed.train.digits.labels
    assert reviewed.field_test.digits.labels.tolist() == [NO_DIGIT]


def test_where_nothing_is_reviewed_the_message_says_what_to_do():
    with pytest.raises(NothingReviewed, match=r"found none\. Label some in the admin"):
        gather([])


def test_where_all_is_kept_for_measuring_the_message_says_so():
    rows = [sent(person_in("field_test"), one) for one in range(3)]
    with pytest.raises(NothingReviewed, match=r"found 3 of people .* and 0 for validation"):
        gather(rows)


def test_where_all_was_sent_by_who_measures_too_the_message_says_so():
    rows = [sent(person_in(part), 1) for part in ("train", "field_test")]
    with pytest.raises(NothingReviewed, match=r"found 1 of which people .* the same picture"):
        gather(rows)


def test_what_is_written_is_read_again(tmp_path):
    reviewed = gather(few_dozen())
    write(tmp_path / "reviewed.npz", reviewed)
    again = read(tmp_path / "reviewed.npz")

    assert again.facts() == reviewed.facts()
    assert again.was_seen.tolist() == reviewed.was_seen.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["reviewed.npz"]


def test_no_visitors_key_is_in_the_file(tmp_path):
    key = "0123456789abcdef" * 2
    write(tmp_path / "reviewed.npz", gather([sent(key, 1), *few_dozen()]))
    with np.load(tmp_path / "reviewed.npz") as arrays:
        content = b"".join(arrays[name].tobytes() for name in arrays.files)

    assert key.encode() not in content
    assert bytes.fromhex(key) not in content


def recorded(way: list[np.ndarray]) -> list[dict]:
    """Strokes as the page records them, on its paper of 560 px."""
    return [
        {
            "maxWidth": 13.75,
            "compositeOperation": "source-over",
            "points": [{"x": 150 + 250 * x, "y": 120 + 300 * y} for x, y in points],
        }
        for points in way
    ]
