"""How a ledger is shown to a person in a terminal."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from campaigns.broadcasts.ledger import Ledger
from campaigns.deliveries import Broadcast
from campaigns.local_time import ZONE
from campaigns.partners.carrier_codes import explain_code


def show_progress(ledger: Ledger) -> RenderableType:
    """Return a bar of what has been decided, and one line of counts."""
    done = ledger.planned - ledger.in_flight - ledger.unknown
    by = ledger.accepted_by
    heard = by.handset + by.failed
    bars = Table.grid(padding=(0, 1))
    bars.add_row("sent    ", ProgressBar(max(1, ledger.planned), done, width=40), _of(done, ledger))
    bars.add_row("received", ProgressBar(max(1, ledger.planned), heard, width=40), f"{heard:,}")
    line = (
        f"accepted {ledger.accepted:,}  refused {sum(ledger.refused.values()):,}  "
        f"skipped {sum(ledger.skipped.values()):,}  in flight {ledger.in_flight:,}  "
        f"unknown {ledger.unknown:,}"
    )
    return Group(bars, Text(line, style="dim"))


def say_waiting(broadcast: Broadcast, *, now: datetime) -> str:
    """Return the sentence that says when its texts begin to leave; nothing while they do."""
    opens = broadcast.waits_until(now)
    return f"Its texts leave from {opens.astimezone(ZONE):%H:%M on %d/%m/%Y}." if opens else ""


def show_ledger(ledger: Ledger) -> RenderableType:
    """Return the whole ledger as a table that ends in its sum."""
    table = Table(title=f"Ledger of broadcast {ledger.broadcast}", title_justify="left")
    table.add_column("deliveries")
    table.add_column("", justify="right")
    by = ledger.accepted_by
    rows = [
        *((f"skipped: {reason}", count) for reason, count in ledger.skipped.items()),
        ("cancelled", ledger.cancelled),
        ("expired", ledger.expired),
        *((f"refused: {code}", count) for code, count in ledger.refused.items()),
        ("in flight", ledger.in_flight),
        ("unknown", ledger.unknown),
        ("accepted", ledger.accepted),
        ("  confirmed by the handset", by.handset),
        ("  taken over by the network", by.network),
        ("  failed afterwards", by.failed),
        *((f"    {_in_words(code)}", count) for code, count in ledger.failed.items()),
        ("  nothing heard yet", by.silent),
    ]
    if ledger.despite_opt_out:
        rows.append(("  of all accepted: sent despite an opt-out", ledger.despite_opt_out))
    for name, count in rows:
        table.add_row(name, f"{count:,}")
    verdict = "balanced" if ledger.is_balanced else "DOES NOT BALANCE"
    table.add_section()
    table.add_row(
        Text(f"planned ({verdict})", style="bold green" if ledger.is_balanced else "bold red"),
        f"{ledger.planned:,}",
    )
    for order in ledger.ordered:
        said, name = order["reported"], order["partner"]
        table.add_section()
        table.add_row(f"ordered from {name}, its own figure", f"{said['sent']:,}" if said else "-")
        for word in ("delivered", "failed") if said else ():
            table.add_row(f"  {word}, says {name}", f"{said[word]:,}")
    return table


def _in_words(code: str) -> str:
    """Return a code with what its carrier means by it, where that is known."""
    known = explain_code(code)
    return f"{code}: {known.vi} / {known.en}" if known else code or "no code"


def _of(done: int, ledger: Ledger) -> str:
    share = done / ledger.planned if ledger.planned else 1.0
    return f"{done:,} of {ledger.planned:,} ({share:.0%})"
