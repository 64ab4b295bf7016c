"""Signatures: the same judgement as Twilio's own validator, and never an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from service.twilio.signatures import SignatureValidator, sign

TOKEN = "12345"  # noqa: S105 - from Twilio's published example
VALIDATOR = SignatureValidator(TOKEN)
OFFICIAL = RequestValidator(TOKEN)  # type: ignore[no-untyped-call]
URLS = st.sampled_from(
    [
        "https://loa.example/twilio/messages/status/abc",
        "https://loa.example:443/twilio/messages/status/abc?x=1&y=%20",
        "http://loa.example:8000/twilio",
        "http://127.0.0.1:8000/twilio/messages/status/abc",
        "http://[::1]:8000/twilio",
        "http://user@loa.example/é",
    ]
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FORMS = st.dictionaries(WORDS, WORDS, max_size=8)


def test_twilios_published_example_is_accepted() -> None:
    """The example in Twilio's documentation gives Twilio's own signature."""
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(url, params.items(), TOKEN) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert VALIDATOR.is_valid(url, params.items(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@given(URLS, FORMS)
def test_a_signature_is_the_one_the_official_validator_makes(
    url: str, form: dict[str, str]
) -> None:
    """Letter for letter what the SDK computes, whatever is in the form."""
    assert sign(url, form.items(), TOKEN) == OFFICIAL.compute_signature(url, form)  # type: ignore[no-untyped-call]


@given(URLS, URLS, FORMS, FORMS, st.booleans())
def test_the_judgement_is_the_official_one(
    url: str, signed_url: str, form: dict[str, str], signed_form: dict[str, str], own: bool
) -> None:
    """Right or wrong address, right or wrong form: both validators always agree."""
    signature = sign(signed_url, (form if own else signed_form).items(), TOKEN)
    official = bool(OFFICIAL.validate(url, form, signature))  # type: ignore[no-untyped-call]
    assert VALIDATOR.is_valid(url, form.items(), signature) == official


@given(WORDS, st.lists(WORDS, min_size=1, max_size=4))
def test_a_name_given_several_times_is_signed_as_twilio_signs_it(
    name: str, values: list[str]
) -> None:
    """A repeated field counts each of its values once, in order."""
    url = "https://loa.example/twilio"

    class Form(dict[str, str]):
        def getlist(self, _name: str) -> list[str]:
            return values

    official = OFFICIAL.compute_signature(url, Form({name: values[0]}))  # type: ignore[no-untyped-call]
    assert sign(url, [(name, value) for value in values], TOKEN) == official


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://loa.example/x", "https://loa.example:443/x"),
        ("https://loa.example:443/x", "https://loa.example/x"),
        ("http://loa.example/x", "http://loa.example:80/x"),
    ],
)
def test_a_port_that_only_one_side_writes_does_not_matter(ours: str, theirs: str) -> None:
    """Twilio signs some addresses with the usual port and some without."""
    assert VALIDATOR.is_valid(ours, [("a", "b")], sign(theirs, [("a", "b")], TOKEN))


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=5), st.text())
def test_nothing_that_is_not_signed_is_valid_and_nothing_raises(
    url: str, form: list[tuple[str, str]], signature: str
) -> None:
    """Lone surrogates, broken addresses, empty signatures: no, and no exception."""
    assert not VALIDATOR.is_valid(url, form, signature)


@given(URLS, FORMS)
def test_another_token_signs_nothing_of_ours(url: str, form: dict[str, str]) -> None:
    """Knowing our address is not enough to sign."""
    assert not VALIDATOR.is_valid(url, form.items(), sign(url, form.items(), "another"))


def test_there_is_no_checking_without_a_token() -> None:
    """An empty token would let everybody sign, so it is refused at once."""
    with pytest.raises(ValueError, match="auth token"):
        SignatureValidator("")
