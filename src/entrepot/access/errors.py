"""What the access room refuses, each with its stable code."""

from entrepot.kernel.refusals import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
)


def one_of_roles_or_customer() -> FieldError:
    """A person is staff or a customer's log-in."""
    return FieldError("roles", "roles_or_customer", "give either roles or a customer_id")


def unknown_role(place: int, role: str) -> FieldError:
    """A role that does not exist."""
    return FieldError(f"roles[{place}]", "unknown_role", f"there is no role {role[:40]!r}")


def unknown_scope(place: int, scope: str) -> FieldError:
    """A scope that does not exist."""
    return FieldError(f"scopes[{place}]", "unknown_scope", f"there is no scope {scope[:60]!r}")


def ends_before_it_begins() -> FieldError:
    """A key that would never live."""
    return FieldError("expires_at", "not_in_the_future", "must be in the future, with its zone")


def not_yours_to_give(missing: list[str]) -> Forbidden:
    """Nobody hands on more than they hold."""
    return Forbidden("nobody hands on more than they hold", code="stronger_grant", missing=missing)


def email_taken() -> Conflict:
    """Another person of this tenant has the e-mail address."""
    return Conflict("somebody here has this e-mail address", code="email_taken")


def membership_taken() -> Conflict:
    """The person already is what was asked for."""
    return Conflict("this person is that already", code="membership_taken")


def wrong_key_state(verb: str, state: str) -> Conflict:
    """An edge that is not in state_edges.tsv."""
    return Conflict(
        f"a key that is {state} cannot {verb}", code="wrong_state", verb=verb, state=state
    )


def no_such_key() -> NotFound:
    """No key by that id here."""
    return NotFound("there is no such key here", code="no_such_key")


def no_such_person() -> NotFound:
    """Nobody by that id here."""
    return NotFound("there is no such person here", code="no_such_person")


def password_too_plain(least: int, most: int) -> Invalid:
    """A password that would be guessed."""
    why = f"{least} to {most} characters, not all alike"
    error = FieldError("password", "password_too_plain", why)
    return Invalid("choose another password", errors=[error], least=least, most=most)


def email_is_no_password() -> Invalid:
    """The first password that everybody tries."""
    error = FieldError("password", "email_as_password", "must not be the e-mail address")
    return Invalid("choose another password", errors=[error])


def link_is_over() -> NotFound:
    """A link that was used, has expired, or never was: they look the same."""
    return NotFound("this link is not valid any more", code="link_is_over")


def not_let_in() -> Unauthenticated:
    """Wrong e-mail, wrong password, disabled, no password yet: they look the same."""
    return Unauthenticated("e-mail or password is wrong", code="wrong_email_or_password")


def too_many_guesses(retry_after_s: int) -> TooMany:
    """Too many wrong passwords for this e-mail or from this place."""
    return TooMany(
        "too many tries: wait a little", code="too_many_guesses", retry_after_s=retry_after_s
    )
