"""Headings: what clerks call the columns of their lists."""

import unicodedata

import pytest

from campaigns.errors import SubscriberFileError
from campaigns.subscribers.headings import read_headings


@pytest.mark.parametrize(
    "headings",
    [
        ["phone", "area", "language", "tags", "consent", "consent_at"],
        ["Số điện thoại", "Mã xã", "Ngôn ngữ", "Thẻ", "Nguồn", "Ngày đồng ý"],
        ["SỐ ĐIỆN THOẠI", "MÃ ĐƠN VỊ", "NGÔN NGỮ", "NHÃN", "ĐỒNG Ý", "NGÀY ĐỒNG Ý"],
        ["so dien thoai", "ma xa", "ngon ngu", "the", "nguon", "ngay dong y"],
        ["SĐT", " Xã ", "tiếng", "nhóm", "nguồn đồng ý", "Thời điểm đồng ý"],
        ["Di động (*)", "Mã xã/phường", "Ngôn ngữ:", "Đối tượng", "Căn cứ", "ngày đăng ký"],
        ["Điện  thoại", "ma_xa", "lang", "tag", "source", "Consent at"],
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_word_that_clerks_use_finds_its_column(headings: list[str], form: str) -> None:
    given = [unicodedata.normalize("NFD" if form == "NFD" else "NFC", word) for word in headings]

    columns = read_headings(given, name="list.csv")

    expected = ["phone", "area", "language", "tags", "consent", "consent_at"]
    assert sorted(columns.at, key=lambda column: columns.at[column]) == expected
    assert columns.warnings == ()


def test_columns_stand_in_any_order() -> None:
    columns = read_headings(["Ngôn ngữ", "Mã xã", "SĐT"], name="list.csv")

    assert columns.at == {"language": 0, "area": 1, "phone": 2}


def test_other_columns_are_ignored_with_one_warning() -> None:
    columns = read_headings(["STT", "Họ tên", "SĐT", "Mã xã", ""], name="list.csv")

    assert columns.warnings == ("These columns are not used: STT, Họ tên.",)


def test_a_clerk_is_told_that_ethnicity_is_never_stored() -> None:
    (warning,) = read_headings(["SĐT", "Dân tộc"], name="list.csv").warnings

    assert warning.endswith("Ethnicity is never stored.")


def test_the_columns_of_a_rejects_file_are_ignored_in_silence() -> None:
    columns = read_headings(["phone", "area", "row", "reason"], name="list.csv")

    assert columns.warnings == ()


def test_a_name_of_the_commune_beside_its_code_does_not_confuse() -> None:
    """Lists often have both; the code is what counts."""
    assert read_headings(["SĐT", "Xã", "Mã xã"], name="list.csv").at["area"] == 2


def test_two_columns_for_the_same_thing_are_refused() -> None:
    with pytest.raises(SubscriberFileError, match=r"two columns for phone: “SĐT” and “Di động”"):
        read_headings(["SĐT", "Mã xã", "Di động"], name="list.csv")


def test_a_list_without_numbers_is_refused() -> None:
    with pytest.raises(SubscriberFileError, match="no column for the number"):
        read_headings(["Họ tên", "Mã xã"], name="list.csv")
