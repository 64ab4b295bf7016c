"""Stages: a list on its way in, in temporary tables that nobody else sees.

Numbers are sealed and fingerprinted before they get here, so that not even a temporary file
holds one in the clear. Staging takes no lock on the subscribers, however long the list is.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DDL,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from campaigns.base import Instant
from campaigns.phones import carrier_of
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.rows import Profile

_TEMPORARY = MetaData()
_CHUNK_ROWS = 2000
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"

STAGE = Table(
    "loa_stage",
    _TEMPORARY,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("carrier", String, nullable=False),
    Column("area_code", String),
    Column("language", String),
    Column("tags", String),
    Column("source", String),
    Column("consent_at", Instant),
    prefixes=["TEMPORARY"],
)
INCOMING = Table(
    "loa_incoming",
    _TEMPORARY,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("ordinal", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("carrier", String, nullable=False),
    Column("area_code", String, nullable=False),
    Column("language", String),
    Column("tags", String),
    Column("source", String),
    Column("consent_at", Instant),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
