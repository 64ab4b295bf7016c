"""The partners' door: every address that telecom companies ask, on the interface's application."""

from flask import Flask

from service.partners.opt_outs import opt_outs
from service.partners.orders import orders
from service.partners.posts import posts
from service.partners.receipts import receipts
from service.partners.reports import reports

PREFIX = "/partner/v1"
RESOURCES = (receipts, posts, opt_outs, reports, orders)


def add_partners_door(app: Flask) -> None:
    """Add the partners' addresses to *app*, which answers problems and counts requests already."""
    for resource in RESOURCES:
        app.register_blueprint(resource, url_prefix=PREFIX)
