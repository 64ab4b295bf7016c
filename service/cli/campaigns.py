"""Commands that take a campaign from its file to a broadcast."""

from collections.abc import Callable
from pathlib import Path

import click

from campaigns.definitions.reading import read_campaign_file
from campaigns.people import get_person
from campaigns.plans.approvals import (
    Ground,
    get_plan,
    list_signatures,
    missing_roles,
    sign_plan,
    submit_plan,
)
from campaigns.plans.objections import object_to
from campaigns.plans.planning import draft_plan
from campaigns.plans.rules import Severity
from campaigns.plans.summaries import summarise
from service.cli.authors import caution_about, find_author
from service.cli.definitions import check, schema
from service.cli.ledger_views import say_waiting
from service.cli.local_texts import fill_command, keep_command, local_command
from service.cli.output import Answer, answering
from service.cli.plan_views import show_plan
from service.database import reading
from service.planning import ask_for_sending, launch_plan, terms_of
from service.resources import Resources, open_queue, open_resources

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def campaigns() -> None:
    """From a campaign file to a broadcast: check, plan, submit, sign, launch."""


for command in (check, schema, keep_command, fill_command, local_command):
    campaigns.add_command(command)


@campaigns.command("plan")
@click.argument("file", type=A_FILE)
@answering
def plan_command(file: Path) -> Answer:
    """Work out what the campaign in FILE would do to real people; nothing is kept or sent.

    Ends in the digest that is signed once the file is submitted.
    """
    document = read_campaign_file(file)
    with open_resources() as resources, reading(resources.sessions) as session:
        draft = draft_plan(
            session, document, terms=terms_of(resources.settings), now=resources.now()
        )
    broken = any(finding.severity is Severity.BROKEN for finding in draft.findings)
    return Answer(summarise(draft), show_plan(draft), refused=broken)


@campaigns.command("submit")
@click.argument("file", type=A_FILE)
@click.option("--user", help="Who wrote it; LOA_USER or the account's name when left out.")
@click.option("--revise", is_flag=True, help="Make this the next revision of its campaign.")
@answering
def submit_command(file: Path, user: str | None, revise: bool) -> Answer:  # noqa: FBT001 - click
    """Keep the campaign in FILE and its plan, so that others can sign it."""
    document = read_campaign_file(file)
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        author = find_author(session, user)
        draft = draft_plan(session, document, terms=terms_of(resources.settings), now=now)
        plan = submit_plan(session, draft, author=author, revise=revise, now=now)
        waiting = missing_roles(document, list_signatures(session, plan))
        shown = [
            f"Plan {plan.id} for {plan.recipients:,} people, by {plan.revision.author}.",
            f"Digest {plan.digest}",
            f"Still to be signed by: {', '.join(waiting) or 'nobody'}.",
        ]
        revision = plan.revision.number
        writer = plan.revision.author
        shown += caution_about(session, writer)
        known = {"plan": plan.id, "revision": revision, "author": writer, "needs": waiting}
        return Answer(summarise(draft) | known, [*shown])


@campaigns.command("sign")
@click.argument("plan")
@click.option("--user", required=True, help="Who signs; see `loa users list`.")
@click.option("--document", default="", help="The steering committee's document, if it signs.")
@click.option("--reason", default="", help="And why it consents.")
@answering
def sign_command(plan: str, user: str, document: str, reason: str) -> Answer:
    """Sign PLAN, given by its number or digest, as a person whose role it needs."""
    with open_resources() as resources, resources.sessions.begin() as session:
        kept = get_plan(session, plan)
        person = get_person(session, user)
        ground = Ground(document, reason)
        signature = sign_plan(session, kept, person, ground=ground, now=resources.now())
        waiting = missing_roles(kept.revision.document, list_signatures(session, kept))
        answer = {
            "plan": kept.id,
            "digest": kept.digest,
            "signed_by": user,
            "agency": signature.agency,
            "needs": waiting,
        }
        shown = f"Plan {kept.id} is signed by {user} ({signature.agency})."
        then = (
            f"Still to be signed by: {', '.join(waiting)}."
            if waiting
            else f"It may be launched: loa campaigns launch {kept.id}"
        )
        return Answer(answer, [shown, then])


def _takes_objection(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the plan that somebody objects to, who does, and why."""
    why = click.option("--reason", required=True, help="What to change, or why not to send it.")
    who = click.option("--user", required=True, help="Who objects; needs a role that could sign.")
    return click.argument("plan")(who(why(command)))


@campaigns.command("return")
@_takes_objection
@answering
def return_command(plan: str, user: str, reason: str) -> Answer:
    """Send PLAN back to be changed; nobody signs or launches it any more."""
    return _object(plan, user, reason, is_final=False)


@campaigns.command("reject")
@_takes_objection
@answering
def reject_command(plan: str, user: str, reason: str) -> Answer:
    """Reject the campaign of PLAN for good, in every revision."""
    return _object(plan, user, reason, is_final=True)


def _object(reference: str, login: str, reason: str, *, is_final: bool) -> Answer:
    with open_resources() as resources, resources.sessions.begin() as session:
        kept = get_plan(session, reference)
        person = get_person(session, login)
        objection = object_to(
            session, kept, person, reason=reason, is_final=is_final, now=resources.now()
        )
        document = {
            "plan": kept.id,
            "campaign": kept.revision.campaign.slug,
            "is_final": objection.is_final,
            "by": login,
            "reason": objection.reason,
        }
    deed = "The campaign is rejected" if objection.is_final else f"Plan {kept.id} is sent back"
    return Answer(document, [f"{deed} by {login}: {objection.reason}"])


@campaigns.command("launch")
@click.argument("plan")
@answering
def launch_command(plan: str) -> Answer:
    """Launch PLAN: its texts begin to leave, in the order of levels and inside its hours."""
    with open_resources() as resources:
        return _launch(resources, plan)


def _launch(resources: Resources, reference: str) -> Answer:
    with open_queue(resources.settings) as redis:
        redis.ping()
        with resources.sessions.begin() as session:
            launched = launch_plan(session, reference, resources)
        ask_for_sending(redis, launched)
    broadcast = launched.broadcast
    document = {
        "broadcast": broadcast.id,
        "deliveries": launched.deliveries,
        "lanes": launched.lanes,
    }
    shown = (
        f"Broadcast {broadcast.id} has begun: {launched.deliveries:,} texts are owed.",
        say_waiting(broadcast, now=resources.now()),
        f"Watch it with: loa broadcasts status {broadcast.id} --watch",
    )
    return Answer(document, [" ".join(filter(None, shown))])
