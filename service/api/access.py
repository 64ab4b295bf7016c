"""Access, written down: which role reaches which address, as a page for people."""

from flask import Flask

from campaigns.access.permissions import GRANTS, Permission
from campaigns.people import Role
from service.api.description import template_of
from service.api.requests import NEEDS, OPEN

_ABOVE = (
    "# Who may do what\n\n"
    "Made from the code; a test compares. `●`: the role has the permission. A key has its person's "
    "permissions, or fewer; a session has them all. No role has them all: who administers Loa can "
    "neither write a text nor sign or send one.\n\n"
)


def access_table(app: Flask) -> str:
    """Return, as Markdown, the permissions of each role, and what each address of *app* needs."""
    roles = list(Role)
    lines = [
        "| permission | " + " | ".join(role.replace("_", " ") for role in roles) + " |",
        "| --- " * (len(roles) + 1) + "|",
    ]
    for permission in Permission:
        marks = ("●" if permission in GRANTS[role] else "" for role in roles)
        lines.append(f"| `{permission}` | " + " | ".join(marks) + " |")
    lines += ["", "| address | needs |", "| --- | --- |"]
    lines += sorted(
        f"| `{method} {template_of(rule.rule)}` | {needed} |"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (needed := _need_of(app.view_functions[rule.endpoint]))
    )
    return _ABOVE + "\n".join(lines) + "\n"


def _need_of(view: object) -> str:
    """Return what *view* asks of whoever reaches it; nothing for what is no part of this."""
    if getattr(view, OPEN, False):
        return "nothing: here people prove who they are"
    needed = getattr(view, NEEDS, None)
    return f"`{needed}`" if needed is not None else ""
