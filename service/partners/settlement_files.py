"""Settlement files: a settlement as accountants open it, and what proves that it is ours."""

from campaigns.partners.settlements import PartnerSettlement
from campaigns.signing import Signer
from service.partners.forms import write_csv

_FIELDS = ("day", "kind", "sender", "state", "segments_per_text", "texts", "segments")
# Excel reads Vietnamese only in a file that begins with it.
_BOM = b"\xef\xbb\xbf"


def as_csv(settlement: PartnerSettlement) -> bytes:
    """Write *settlement* as CSV: its facts in lines that begin with #, and the table below.

    The digests are those of the files in JSON, which are the chain.
    """
    facts = {
        "Bản đối soát trong ngày / Daily settlement": settlement.day.isoformat(),
        "digest": settlement.digest,
        "previous_digest": settlement.previous_digest,
        "first_seq": settlement.first_seq,
        "last_seq": settlement.last_seq,
    }
    above = "".join(f"# {name}: {value}\r\n" for name, value in facts.items())
    return _BOM + above.encode() + write_csv(settlement.lines, fields=_FIELDS)


def signature_of_csv(settlement: PartnerSettlement, signer: Signer) -> bytes:
    """Sign the file in CSV; the same settlement always gets the same signature."""
    return signer.sign(as_csv(settlement))
