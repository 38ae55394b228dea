"""Labelled scans: a seeded world of customers, pre-alerts and noisy labels, with the truth.

`truth` is whose parcel it really is. `assignable` says whether a careful person at the dock,
with the same label and the same list of customers, could name the owner without guessing; it is
known from how the case was made, never asked from the code under test.
"""

import random
from collections.abc import Callable

import msgspec

from entrepot.parcels.types import Label

SURNAMES = "王李张刘陈杨黄赵吴周"
GIVEN = ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "玮", "小明", "小红", "建国", "志强"]
LATIN = ["Maria", "Marisol", "Devon", "Kai", "Isla", "Mia", "Noah", "Emma"]
LATIN_LAST = ["Example", "Sample", "Fixture", "Testwood", "Placeholder", "Muster"]
MISREAD = {"0": "O", "1": "l", "2": "Z", "5": "S", "8": "B"}
STREETS = ["福永街道示例工业园 3 栋 1 楼", "示例路 88 号", "Block 3, Example Industrial Park"]


class Person(msgspec.Struct, frozen=True):
    """A customer to be made: `place` is the index that cases refer to."""

    place: int
    name: str
    phone: str


class Case(msgspec.Struct, frozen=True):
    """One scan. `announcers` pre-alerted the number before; `codes_of` are filled into `label`
    texts as `{0}`, `{1}` … when the customers have their suite codes."""

    kind: str
    number: str
    truth: int | None
    assignable: bool
    announcers: tuple[int, ...] = ()
    label: Label | None = None
    code_noise: str = "none"
    code_of: int | None = None


class World(msgspec.Struct, frozen=True):
    """Everything that a seed makes."""

    people: list[Person]
    cases: list[Case]


def make_world(seed: int, *, people: int = 200, cases: int = 600) -> World:
    """The same world for the same seed."""
    dice = random.Random(seed)
    folk = [_person(dice, place) for place in range(people)]
    for place in range(0, people - 1, 10):
        folk[place + 1] = _twin(dice, folk[place], place + 1)
    makers = [
        _announced, _announced, _announced, _coded, _coded, _named, _named, _code_misread,
        _code_misread_and_phone, _code_wrong_digit, _code_swapped, _announced_by_two,
        _announced_by_two_and_coded, _announced_by_a_stranger, _tail_misread, _masked, _tail_alone,
        _nothing, _announced_and_coded,
    ]  # fmt: skip
    made: list[Case] = []
    for place in range(cases):
        number = f"SF{seed % 1000:03d}{place:010d}"
        make: Callable[[random.Random, list[Person], str], Case] = dice.choice(makers)
        made.append(make(dice, folk, number))
    return World(folk, made)


def write_code(case: Case, code: str) -> Case:
    """The case with the customer's suite code on its label, as noisy as the case wants."""
    if case.label is None or case.code_of is None:
        return case
    written = _noisy_code(random.Random(case.number), code, case.code_noise)
    text = (case.label.text or "").replace("{code}", written)
    return msgspec.structs.replace(case, label=msgspec.structs.replace(case.label, text=text))


def _noisy_code(dice: random.Random, code: str, noise: str) -> str:
    prefix, digits, check = code[:2], code[2:8], code[-1]
    place = dice.randrange(6)
    if noise == "wrong_digit":
        digits = (
            digits[:place]
            + str((int(digits[place]) + dice.randint(1, 9)) % 10)
            + digits[place + 1 :]
        )
    if noise == "swapped":
        digits = _swap(digits, dice)
    if noise == "misread":
        digits = "".join(MISREAD.get(d, d) for d in digits)
    written = f"{prefix}{digits}-{check}"
    if noise == "harmless":
        written = dice.choice(
            [
                written.lower(),
                "".join(chr(ord(c) + 0xFEE0) for c in written),
                " ".join([prefix, digits[:3], digits[3:], check]),
                written.replace("-", "—"),
                written[:4] + "\u200b" + written[4:],
                written.replace("-", ""),
            ]
        )
    return written


def _swap(digits: str, dice: random.Random) -> str:
    places = [p for p in range(5) if digits[p] != digits[p + 1]]
    place = dice.choice(places)
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


def _person(dice: random.Random, place: int) -> Person:
    if dice.random() < 0.6:
        name = dice.choice(SURNAMES) + dice.choice(GIVEN)
    else:
        name = f"{dice.choice(LATIN)} {dice.choice(LATIN_LAST)}"
    return Person(place, name, f"138{dice.randrange(10**4):04d}{dice.randrange(10**4):04d}")


def _twin(dice: random.Random, of: Person, place: int) -> Person:
    """Somebody whom a label may confuse with `of`."""
    tail = of.phone[-4:]
    kind = dice.randrange(4)
    if kind == 0:
        return Person(place, of.name, f"139{dice.randrange(10**4):04d}{tail}")
    if kind == 1:
        return Person(place, of.name, f"139{dice.randrange(10**8):08d}")
    if kind == 2:
        near = tail[:3] + str((int(tail[3]) + 1) % 10)
        return Person(place, of.name, f"139{dice.randrange(10**4):04d}{near}")
    return Person(place, "Robin Otherwise", f"139{dice.randrange(10**4):04d}{tail}")


def _told_apart(who: Person, folk: list[Person]) -> bool:
    """Whether name and phone tail mean this person alone, also when one sign were misread."""

    def off(a: str, b: str) -> int:
        return 99 if len(a) != len(b) else sum(x != y for x, y in zip(a, b, strict=True))

    name, tail = _plain(who.name), who.phone[-4:]
    for other in folk:
        names, tails = off(_plain(other.name), name), off(other.phone[-4:], tail)
        if other is not who and ((names == 0 and tails <= 1) or (names <= 1 and tails == 0)):
            return False
    return True


def _plain(name: str) -> str:
    return name.lower().replace(" ", "")


def _address(dice: random.Random) -> str:
    return f"广东省深圳市宝安区{dice.choice(STREETS)} 青港仓 {{code}} 收"


def _shown(dice: random.Random, who: Person) -> Label:
    """Name and phone as couriers print them."""
    name = who.name
    if dice.random() < 0.3:
        name = dice.choice([f"{name} 收", name.upper(), f" {name}  ", "\u200b" + name])
    phone = dice.choice(
        [f"138****{who.phone[-4:]}", f"*******{who.phone[-4:]}", f"转{who.phone[-4:]}"]
    )
    return Label(recipient=name, phone=phone)


def _announced(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk).place
    return Case("announced", number, who, True, announcers=(who,))


def _announced_and_coded(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk).place
    label = Label(text=_address(dice))
    return Case("announced_and_coded", number, who, True, (who,), label, "harmless", who)


def _coded(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk).place
    noise = dice.choice(["none", "harmless", "harmless"])
    return Case("coded", number, who, True, (), Label(text=_address(dice)), noise, who)


def _named(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk)
    return Case("named", number, who.place, _told_apart(who, folk), (), _shown(dice, who))


def _code_misread(dice: random.Random, folk: list[Person], number: str) -> Case:
    """Letters where digits stand: never enough alone (codes without such digits stay whole)."""
    who = dice.choice(folk).place
    return Case("code_misread", number, who, False, (), Label(text=_address(dice)), "misread", who)


def _code_misread_and_phone(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk)
    label = msgspec.structs.replace(_shown(dice, who), text=_address(dice))
    case = Case("code_misread_and_phone", number, who.place, True, (), label, "misread", who.place)
    return case


def _code_wrong_digit(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk).place
    label = Label(text=_address(dice))
    return Case("code_wrong_digit", number, who, False, (), label, "wrong_digit", who)


def _code_swapped(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk).place
    return Case("code_swapped", number, who, False, (), Label(text=_address(dice)), "swapped", who)


def _announced_by_two(dice: random.Random, folk: list[Person], number: str) -> Case:
    one, two = (person.place for person in dice.sample(folk, 2))
    return Case("announced_by_two", number, one, False, announcers=(two, one))


def _announced_by_two_and_coded(dice: random.Random, folk: list[Person], number: str) -> Case:
    one, two = (person.place for person in dice.sample(folk, 2))
    label = Label(text=_address(dice))
    return Case("announced_by_two_and_coded", number, one, True, (two, one), label, "none", one)


def _announced_by_a_stranger(dice: random.Random, folk: list[Person], number: str) -> Case:
    """Somebody mistyped their own number; the label knows better."""
    one, two = (person.place for person in dice.sample(folk, 2))
    label = Label(text=_address(dice))
    return Case("announced_by_a_stranger", number, one, False, (two,), label, "none", one)


def _tail_misread(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk)
    tail, place = who.phone[-4:], dice.randrange(4)
    wrong = str((int(tail[place]) + dice.randint(1, 9)) % 10)
    label = Label(recipient=who.name, phone=f"138****{tail[:place]}{wrong}{tail[place + 1 :]}")
    return Case("tail_misread", number, who.place, False, (), label)


def _masked(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk)
    label = Label(recipient=who.name[0] + "**", phone=f"138****{who.phone[-4:]}")
    return Case("masked", number, who.place, False, (), label)


def _tail_alone(dice: random.Random, folk: list[Person], number: str) -> Case:
    who = dice.choice(folk)
    return Case("tail_alone", number, who.place, False, (), Label(phone=f"****{who.phone[-4:]}"))


def _nothing(dice: random.Random, folk: list[Person], number: str) -> Case:
    return Case("nothing", number, dice.choice(folk).place, False)
