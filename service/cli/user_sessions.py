"""Commands about the sessions in which people act, and about who has to wait for one."""

import click
from rich.table import Table

from campaigns.access.attempts import FailedAttempts, forget_source, list_failed_attempts
from campaigns.access.login_sessions import (
    LoginSession,
    end_session,
    end_sessions_of,
    list_open_sessions,
)
from campaigns.local_time import local_minute
from campaigns.people import get_person
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources


@click.command("sessions")
@click.argument("login")
@answering
def sessions(login: str) -> Answer:
    """List the open sessions of LOGIN."""
    with open_resources() as resources, reading(resources.sessions) as session:
        person = get_person(session, login)
        found = list_open_sessions(session, person, now=resources.now())
    table = Table("no.", "since", "last used", "from", "with", box=None)
    for one in found:
        table.add_row(
            str(one.id),
            local_minute(one.opened_at),
            local_minute(one.used_at),
            one.address,
            one.program,
        )
    return Answer([_document(one) for one in found], [table])


@click.command("end-sessions")
@click.argument("login")
@click.option("--number", type=int, help="Only the session with this number.")
@answering
def end_sessions(login: str, number: int | None) -> Answer:
    """End the sessions of LOGIN at once."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, login)
        if number is None:
            ended = end_sessions_of(session, person, now=resources.now())
        else:
            end_session(session, person, number, now=resources.now())
            ended = 1
    return Answer({"login": login, "ended": ended}, [f"{ended} ended. {login} may log in again."])


@click.command("attempts")
@click.option("--forgive", "source", help="Let whoever is at this address try again at once.")
@answering
def attempts(source: str | None) -> Answer:
    """Show from where logins failed in the last day, and who has to wait."""
    with open_resources() as resources, resources.sessions.begin() as session:
        now = resources.now()
        if source is not None:
            forget_source(session, source, now=now)
        found = list_failed_attempts(session, now=now)
    table = Table("from", "login", "failed", "since", "waits until", box=None)
    for one in found:
        waits = local_minute(one.waits_until) if one.waits_until > now else ""
        table.add_row(
            one.source, one.login or "all", str(one.failures), local_minute(one.since), waits
        )
    return Answer([_counts(one) for one in found], [table])


def _counts(found: FailedAttempts) -> dict[str, object]:
    return {
        "source": found.source,
        "login": found.login,
        "failures": found.failures,
        "since": found.since.isoformat(),
        "waits_until": found.waits_until.isoformat(),
    }


def _document(found: LoginSession) -> dict[str, object]:
    return {
        "session": found.id,
        "address": found.address,
        "program": found.program,
        "opened_at": found.opened_at.isoformat(),
        "used_at": found.used_at.isoformat(),
        "expires_at": found.expires_at.isoformat(),
    }
