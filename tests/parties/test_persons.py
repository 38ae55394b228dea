"""Names and phones as labels show them."""

import pytest

from entrepot.parties.persons import name_key, one_apart, phone_digits, same_phone_end


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Marisol  Examplar", "marisolexamplar"), ("ＭＡＲＩＳＯＬ Examplar", "marisolexamplar"),
        ("林範例 收", "林範例"), ("見本 花子 様", "見本花子"), ("王先生", "王先生"), ("王**", ""),
        ("𠀀𠀁", "𠀀𠀁"),
    ],
)  # fmt: skip
def test_name_keys(written: str, key: str) -> None:
    assert name_key(written) == key


@pytest.mark.parametrize(
    ("shown", "digits"),
    [
        ("138****0142", "0142"), ("+1 512-555-0142", "15125550142"), ("０１４２", "0142"),
        ("O142", ""), ("138•••142", ""), ("1380000x142", ""), ("", ""),
    ],
)  # fmt: skip
def test_visible_end_of_a_phone(shown: str, digits: str) -> None:
    assert phone_digits(shown) == digits


def test_phone_ends_are_compared_as_far_as_both_are_known() -> None:
    assert same_phone_end("8613800000142", "0142")
    assert same_phone_end("8613800000142", "13800000142")
    assert not same_phone_end("8613800000142", "13900000142"[:-5] + "10142")
    assert not same_phone_end("142", "142")


def test_one_apart() -> None:
    assert one_apart("王伟", "王玮")
    assert one_apart("0142", "0142")
    assert not one_apart("0142", "1041")
    assert not one_apart("王伟", "王")
