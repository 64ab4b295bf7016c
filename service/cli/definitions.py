"""Commands about campaign files themselves: are they right, and what may stand in them."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType
from rich.text import Text

from campaigns.complaints import Complaint
from campaigns.definitions.canonical import digest
from campaigns.definitions.checklist import Remark, Severity, lint
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign_file
from campaigns.definitions.schema import json_schema
from campaigns.errors import DefinitionError
from service.cli.output import Answer, answering

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_COLOURS = {"error": "bold red", "sensitive": "bold yellow", "warning": "yellow"}


@click.command("check")
@click.argument("files", type=A_FILE, nargs=-1, required=True)
@answering
def check(files: tuple[Path, ...]) -> Answer:
    """Check the campaign in each of FILES: faults to mend, and remarks for the approver.

    Needs no database and changes nothing. Exit code 1 when a file has a fault, or a remark for
    which it could not be submitted.
    """
    found: list[dict[str, Any]] = []
    shown: list[RenderableType] = []
    for file in files:
        try:
            document = read_campaign_file(file)
        except DefinitionError as wrong:
            found.append(_faulty(file, wrong))
            shown += _show_faults(file, wrong)
        else:
            remarks = lint(document)
            found.append(_right(file, document, remarks))
            shown += _show_remarks(file, document, remarks)
    is_valid = all(entry["valid"] for entry in found)
    return Answer({"valid": is_valid, "files": found}, shown, refused=not is_valid)


@click.command("schema")
@answering
def schema() -> Answer:
    """Print the JSON Schema of campaign files, for editors that check while you type."""
    document = json_schema()
    return Answer(document, [Text(json.dumps(document, ensure_ascii=False, indent=2))])


def _stopping(remarks: list[Remark]) -> list[Remark]:
    return [remark for remark in remarks if remark.severity is Severity.ERROR]


def _faulty(file: Path, wrong: DefinitionError) -> dict[str, Any]:
    complaints = [_as_object(complaint) for complaint in wrong.complaints]
    return {"file": str(file), "valid": False, "complaints": complaints}


def _as_object(complaint: Complaint) -> dict[str, Any]:
    return {
        "line": complaint.line,
        "field": complaint.field,
        "problem": complaint.problem,
        "remedy": complaint.remedy,
    }


def _right(file: Path, document: CampaignDocument, remarks: list[Remark]) -> dict[str, Any]:
    return {
        "file": str(file),
        "valid": not _stopping(remarks),
        "campaign": document.campaign,
        "digest": digest(document),
        "complaints": [],
        "remarks": [
            {
                "code": remark.code,
                "severity": remark.severity,
                "language": remark.language,
                "vi": remark.message_vi,
                "en": remark.message_en,
            }
            for remark in remarks
        ],
    }


def _show_faults(file: Path, wrong: DefinitionError) -> list[RenderableType]:
    faults = len(wrong.complaints)
    heading = f"{file}: {faults} fault{'' if faults == 1 else 's'}; nothing was changed."
    return [Text(heading, style="bold red"), *(Text(f"  {one}") for one in wrong.complaints)]


def _show_remarks(
    file: Path, document: CampaignDocument, remarks: list[Remark]
) -> list[RenderableType]:
    if stopping := len(_stopping(remarks)):
        what = "remark stops" if stopping == 1 else "remarks stop"
        said = Text(f"{file}: {stopping} {what} it; `submit` would refuse.", style="bold red")
    else:
        heading = f"{file}: {document.campaign} can be planned. Content {digest(document)[:12]}"
        said = Text(heading, style="green")
    return [
        said,
        *(
            Text(
                f"  {remark.language or 'campaign'}: {remark.message_en}",
                style=_COLOURS[remark.severity],
            )
            for remark in remarks
        ),
    ]
