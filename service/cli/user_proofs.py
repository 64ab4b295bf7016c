"""Commands about what people prove themselves by: invitations, passwords, apps."""

import os

import click
from rich.text import Text

from campaigns.access.invitations import Proof, invite
from campaigns.access.logins import set_password, set_totp
from campaigns.access.passwords import require_sound
from campaigns.access.totp import draw_totp_secret, totp_address
from campaigns.local_time import local_minute
from campaigns.people import get_person, require_active
from service.cli.output import Answer, answering
from service.resources import open_resources

PASSWORD_VARIABLE = "LOA_PASSWORD"  # noqa: S105 - the name of one


@click.command("invite")
@click.argument("login")
@click.option(
    "--reset",
    "resets",
    type=click.Choice([proof.value for proof in Proof]),
    multiple=True,
    help="What LOGIN has lost: forgotten at once, and set up anew. More than once for both.",
)
@answering
def invite_command(login: str, resets: tuple[str, ...]) -> Answer:
    """Invite LOGIN to set up a password and an app. The invitation is shown once."""
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, login)
        lost = [Proof(one) for one in resets]
        new = invite(session, person, resets=lost, now=resources.now())
        ends = new.invitation.expires_at
    document = {
        "invitation": new.invitation.id,
        "login": login,
        "expires_at": ends.isoformat(),
        "text": new.text,
    }
    note = (
        f"Hand it to {login} and to nobody else: it is not shown again, and ends on "
        f"{local_minute(ends)} or when it is accepted."
    )
    return Answer(document, [Text(new.text), note])


@click.command("password")
@click.argument("login")
@answering
def password(login: str) -> Answer:
    """Set LOGIN's password here, from a prompt or LOA_PASSWORD. Their sessions end."""
    chosen = os.environ.get(PASSWORD_VARIABLE) or click.prompt(
        f"Password of {login}", hide_input=True, confirmation_prompt=True, err=True
    )
    with open_resources() as resources:
        require_sound(chosen, login=login)
        password_hash = resources.passwords.hash(chosen)
        with resources.sessions.begin() as session:
            person = get_person(session, login)
            require_active(person)
            set_password(session, person, password_hash, now=resources.now())
    return Answer({"login": login}, [f"{login} logs in with this password from now on."])


@click.command("totp")
@click.argument("login")
@answering
def totp(login: str) -> Answer:
    """Set up an app for LOGIN here, in place of any other. Its secret is shown once."""
    secret = draw_totp_secret()
    with open_resources() as resources, resources.sessions.begin() as session:
        person = get_person(session, login)
        require_active(person)
        set_totp(session, person, secret, sealer=resources.sealer, now=resources.now())
    address = totp_address(secret, login=login)
    note = f"Enter it in {login}'s app now, as a QR code or by hand: it is not shown again."
    return Answer(
        {"login": login, "totp_secret": secret, "totp_address": address},
        [Text(address), Text(secret), note],
    )
