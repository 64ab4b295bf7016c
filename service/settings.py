"""Settings: read once from the environment or ``.env``, checked, and handed down."""

import os
import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from campaigns.lanes import Lane
from service.errors import SettingsError

SECRETS_FILE = "secrets.env"
LOOPBACK_RATE_PER_S = 5000
TWILIO_RATE_PER_S = 100
_MIN_SECRET_CHARS = 32
# Of 32 hexadecimal digits drawn at random fewer than eight different ones come in a million years.
_MIN_SECRET_DISTINCT = 8
# The oldest of Google's voices at Twilio, and so the surest to be there.
VOICES = {
    "vi": "Google.vi-VN-Wavenet-A",
    "zh": "Google.cmn-CN-Wavenet-A",
    "en": "Google.en-US-Wavenet-F",
}


class Settings(BaseSettings):
    """Everything an administrator can set; ``docs/SETTINGS.md`` explains each in full."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    database_url: str = Field("", alias="LOA_DATABASE_URL")
    redis_url: str = Field("", alias="LOA_REDIS_URL")
    data_dir: Path = Field(Path("var"), alias="LOA_DATA_DIR")
    public_url: str = Field("http://127.0.0.1:8000", alias="LOA_PUBLIC_URL")
    secret_key: SecretStr = Field(SecretStr(""), alias="LOA_SECRET_KEY")
    seal_key: SecretStr = Field(SecretStr(""), alias="LOA_SEAL_KEY")
    twilio_account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr = Field(SecretStr(""), alias="TWILIO_AUTH_TOKEN")
    twilio_api_url: str = Field("https://api.twilio.com", alias="LOA_TWILIO_API_URL")
    twilio_from: str = Field("", alias="LOA_TWILIO_FROM")
    carrier_proxy: SecretStr = Field(SecretStr(""), alias="LOA_CARRIER_PROXY")
    loopback_account_sid: str = Field("", alias="LOA_LOOPBACK_ACCOUNT_SID")
    loopback_auth_token: SecretStr = Field(SecretStr(""), alias="LOA_LOOPBACK_AUTH_TOKEN")
    metrics_token: SecretStr = Field(SecretStr(""), alias="LOA_METRICS_TOKEN")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field((), alias="LOA_TRUSTED_PROXIES")
    api_requests_a_minute: int = Field(1200, alias="LOA_API_RATE", ge=60)
    errand_from: int = Field(100_000, alias="LOA_ERRAND_FROM", ge=1)
    lanes_given: Annotated[tuple[Lane, ...], NoDecode] = Field((), alias="LOA_LANES")
    hotline_number: str = Field("1800 1119", alias="LOA_HOTLINE")
    stop_call_number: str = Field("", alias="LOA_STOP_CALL_NUMBER")
    voices_given: str = Field("", alias="LOA_VOICES")
    segment_price_vnd: int = Field(400, alias="LOA_SEGMENT_PRICE_VND", ge=0)
    claim_lease_s: int = Field(60, alias="LOA_CLAIM_LEASE_S", ge=2)

    @field_validator("lanes_given", mode="before")
    @classmethod
    def _read_lanes(cls, value: object) -> object:
        return Lane.read_all(value) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_proxies(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(str(ip_network(part.strip())) for part in value.split(",") if part.strip())

    @field_validator("stop_call_number")
    @classmethod
    def _check_stop_call_number(cls, value: str) -> str:
        if value and not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
            raise ValueError("write the number with its country, such as +84205..., and no blanks")
        return value

    @field_validator("voices_given")
    @classmethod
    def _check_voices(cls, value: str) -> str:
        _read_voices(value)
        return value

    @field_validator("public_url", "twilio_api_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("write a full address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("carrier_proxy")
    @classmethod
    def _check_proxy(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _is_proxy(value.get_secret_value()):
            raise ValueError("write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT")
        return value

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data directory when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'loa.sqlite3').absolute()}"

    @property
    def is_one_machine(self) -> bool:
        """Whether nothing but this machine is configured, so that secrets may be made here."""
        return not self.database_url

    @property
    def carrier_is_loopback(self) -> bool:
        """Whether texts stay on this machine because no carrier account is configured."""
        return not self.twilio_account_sid

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The configured lanes, or one for the only gateway there is."""
        rate = LOOPBACK_RATE_PER_S if self.carrier_is_loopback else TWILIO_RATE_PER_S
        return self.lanes_given or (Lane("twilio", rate),)

    @property
    def voices(self) -> dict[str, str]:
        """The machine's voice for each language that a machine speaks."""
        return VOICES | _read_voices(self.voices_given)

    def require_secrets(self) -> Self:
        """Return these settings, or raise SettingsError naming each secret that is missing."""
        given = {
            "LOA_SECRET_KEY": self.secret_key.get_secret_value(),
            "LOA_SEAL_KEY": self.seal_key.get_secret_value(),
        }
        if token := self.metrics_token.get_secret_value():
            given["LOA_METRICS_TOKEN"] = token
        weak = [name for name, value in given.items() if _is_weak(value)]
        if weak:
            raise SettingsError(
                f"{' and '.join(weak)} must be set to at least {_MIN_SECRET_CHARS} random "
                "characters; nothing was started or changed. Make one with: "
                "openssl rand -base64 32. See docs/SETTINGS.md."
            )
        return self


def load_settings(**overrides: object) -> Settings:
    """Read the environment, ``.env`` and the data directory's secrets; *overrides* win over all.

    On one machine with nothing configured, missing secrets are made at random and kept in the
    data directory, readable by its owner only.
    """
    first = _read((".env",), overrides)
    kept = first.data_dir / SECRETS_FILE
    if first.is_one_machine:
        _make_secrets(kept)
    return _read((kept, ".env"), overrides)


def look_at_settings() -> Settings:
    """Read what is set, as `load_settings` does, but make nothing: secrets may be missing."""
    kept = _read((".env",), {}).data_dir / SECRETS_FILE
    return _read((kept, ".env"), {})


def _read(env_files: tuple[Path | str, ...], overrides: dict[str, object]) -> Settings:
    try:
        return Settings(_env_file=env_files, **overrides)  # type: ignore[call-arg,arg-type]  # pydantic checks them
    except ValidationError as invalid:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in invalid.errors(include_url=False, include_input=False)
        )
        raise SettingsError(f"A setting is wrong: {faults}. See docs/SETTINGS.md.") from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"{' or '.join(str(file) for file in env_files)} is not a text in UTF-8. Nothing was "
            "changed. Save it again with the encoding UTF-8; see docs/SETTINGS.md."
        ) from None


def _is_weak(secret: str) -> bool:
    """Whether somebody has typed *secret* rather than let a machine draw it."""
    return len(secret) < _MIN_SECRET_CHARS or len(set(secret)) < _MIN_SECRET_DISTINCT


def _is_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and bool(parts.hostname and parts.port) and not parts.path
    except ValueError:
        return False


def _read_voices(written: str) -> dict[str, str]:
    """Read ``vi=NAME,zh=NAME,en=NAME``, each of them optional."""
    voices = {}
    for part in filter(None, (part.strip() for part in written.split(","))):
        language, _, name = (word.strip() for word in part.partition("="))
        if language not in VOICES or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            raise ValueError(
                "write LANGUAGE=VOICE, several separated by commas, for the languages "
                f"{', '.join(VOICES)}; {part} is not that"
            )
        voices[language] = name
    return voices


def _make_secrets(path: Path) -> None:
    if path.exists():
        return
    made = {
        "LOA_SECRET_KEY": secrets.token_urlsafe(32),
        "LOA_SEAL_KEY": secrets.token_urlsafe(32),
        "LOA_LOOPBACK_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "LOA_LOOPBACK_AUTH_TOKEN": secrets.token_hex(16),
    }
    lines = "".join(f"{name}={value}\n" for name, value in made.items())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two first commands at once must agree on one set: whoever creates the file wins.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(lines)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as refused:
        raise SettingsError(
            f"The data directory {path.parent} cannot be written ({refused.strerror}). "
            "Nothing was changed. Set LOA_DATA_DIR to a directory you own."
        ) from None
