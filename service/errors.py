"""What can go wrong around the domain, and where refusals become answers.

ServiceError
├── SettingsError         a setting is missing or wrong
├── SchemaError           the database is not at the version this program needs
├── BackupError           a backup cannot be written, or not be taken back
├── UnreachableError      a database, queue or process does not answer
└── TelephoneError        the hotline would leave a caller in silence or in a circle
"""


class ServiceError(Exception):
    """The installation refuses; the message says what to do about it, in one sentence or two."""


class SettingsError(ServiceError):
    """A setting is missing or wrong."""


class SchemaError(ServiceError):
    """The database is not at the version this program needs."""


class BackupError(ServiceError):
    """A backup cannot be written, or not be taken back; the data is as it was."""


class UnreachableError(ServiceError):
    """A database, queue or process does not answer."""


class TelephoneError(ServiceError):
    """The hotline did what would leave a caller in silence or in a circle."""
