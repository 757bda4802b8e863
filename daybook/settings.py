"""Every setting of the service: from the environment, else from the data folder of a running `daybook up`."""

import base64
import binascii
import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from daybook.failure import Failure
from daybook.secrets import SECRETS_FILE, read_private
from daybook.weak_secrets import weakness
from events.master_key import MasterKey
from events.webhook_signature import secret_key

RUN_FILE = "run.json"
LOCK_FILE = "up.lock"


def _resolved(value: object) -> object:
    return Path(value).expanduser().resolve() if isinstance(value, str | Path) else value


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("should be base64") from error


def _separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _signing(secret: str) -> str:
    secret_key(secret)
    return secret


def _given_with_payment_url(value: object, info: ValidationInfo) -> object:
    if info.data.get("payment_url") and not value:
        raise ValueError("is needed beside PAYMENT_URL")
    return value


class Place(BaseSettings):
    """Where the service stands. Needs no server to be known."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, validate_by_name=True, validate_by_alias=True
    )

    port: int = Field(default=8000, validation_alias="PORT", ge=1, le=65535)
    host: str = Field(default="127.0.0.1", validation_alias="DAYBOOK_HOST")
    data: Annotated[Path, BeforeValidator(_resolved)] = Field(
        default=Path(".daybook"), validation_alias="DAYBOOK_DATA", validate_default=True
    )
    demo: bool = Field(default=True, validation_alias="DAYBOOK_DEMO")
    log_format: Literal["json", "text"] = Field(default="json", validation_alias="DAYBOOK_LOG")
    mail_from: str = Field(default="Daybook <orders@daybook.example>", validation_alias="DAYBOOK_MAIL_FROM")
    logins_per_account: int = Field(default=10, validation_alias="DAYBOOK_LOGINS_PER_ACCOUNT", ge=1)
    logins_per_address: int = Field(default=60, validation_alias="DAYBOOK_LOGINS_PER_ADDRESS", ge=1)
    sockets_per_account: int = Field(default=200, validation_alias="DAYBOOK_SOCKETS_PER_ACCOUNT", ge=1)
    seal_origin: str = Field(
        default="daybook.local", validation_alias="SEAL_ORIGIN", pattern=r"^[^\s+/]+(/[^\s+/]+)*$", max_length=200
    )
    pay_within_minutes: float = Field(default=30, validation_alias="DAYBOOK_PAY_WITHIN_MINUTES", gt=0, le=525_600)
    commands_per_minute: int | None = Field(default=None, validation_alias="DAYBOOK_COMMANDS_PER_MINUTE", ge=1)
    jwks_url: str | None = Field(default=None, validation_alias="DAYBOOK_JWKS_URL")
    issuer: str | None = Field(default=None, validation_alias="DAYBOOK_ISSUER")
    audience: str | None = Field(default=None, validation_alias="DAYBOOK_AUDIENCE")
    tenant_claim: str = Field(default="tenant", validation_alias="DAYBOOK_TENANT_CLAIM")
    roles_claim: str = Field(default="roles", validation_alias="DAYBOOK_ROLES_CLAIM")
    invitation_page: str = Field(default="", validation_alias="DAYBOOK_INVITATION_PAGE")
    session_idle_days: int = Field(default=30, validation_alias="DAYBOOK_SESSION_IDLE_DAYS", ge=1, le=3650)
    backup_keep_days: int = Field(default=30, validation_alias="BACKUP_KEEP_DAYS", ge=1, le=3650)
    origins: frozenset[str] = Field(default=frozenset(), validation_alias="DAYBOOK_ORIGINS")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the files that it names."""
        return init_settings, env_settings, _NamedFiles(settings_cls)


class Given(Place):
    """What the environment itself provides; `up` makes or starts the rest."""

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL", repr=False)
    smtp_url: str | None = Field(default=None, validation_alias="SMTP_URL", repr=False)
    payment_url: str | None = Field(default=None, validation_alias="PAYMENT_URL")
    secret: str | None = Field(default=None, validation_alias="DAYBOOK_SECRET", repr=False)
    seal_key: str | None = Field(default=None, validation_alias="SEAL_KEY", repr=False)
    master_key: str | None = Field(default=None, validation_alias="DAYBOOK_MASTER_KEY", repr=False)
    master_key_previous: str | None = Field(default=None, validation_alias="DAYBOOK_MASTER_KEY_PREVIOUS", repr=False)


class PaymentSettings(Place):
    """Whom payments are asked of: `payment_key` is sent to the provider, its webhooks are signed with any of
    `payment_webhook_secrets` (`whsec_…`, separated by commas in the environment). Without a `payment_url` nobody is.
    """

    payment_url: str | None = Field(
        default=None, validation_alias="PAYMENT_URL", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"
    )
    payment_key: Annotated[str | None, AfterValidator(_given_with_payment_url)] = Field(
        default=None,
        validation_alias="PAYMENT_KEY",
        pattern=r"^[!-~]{1,512}$",
        validate_default=True,
        repr=False,
    )
    payment_webhook_secrets: Annotated[
        tuple[Annotated[str, AfterValidator(_signing)], ...],
        NoDecode,
        BeforeValidator(_separated),
        AfterValidator(_given_with_payment_url),
    ] = Field(default=(), validation_alias="PAYMENT_WEBHOOK_SECRETS", validate_default=True, repr=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the files that it names, then the data folder."""
        return init_settings, env_settings, _NamedFiles(settings_cls), _DataFolder(settings_cls)


class Settings(PaymentSettings):
    """The settings every process runs with: read-only, made once by the command line and handed in.

    `secret` signs tokens and hides positions; `master_key` (32 bytes, base64 in the environment) wraps the keys of
    personal data, and `master_key_previous` still does while they are rewrapped; `database_owner_url` is for
    migrations, everything else is `database_url`'s. `seal_key` (the same form) signs checkpoints: only what seals needs
    it, and `seal_folder`, where they are kept.
    """

    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    database_owner_url: str = Field(validation_alias="DATABASE_OWNER_URL", repr=False)
    redis_url: str = Field(validation_alias="REDIS_URL", repr=False)
    smtp_url: str = Field(default="smtp://127.0.0.1:1025", validation_alias="SMTP_URL", repr=False)
    secret: str = Field(validation_alias="DAYBOOK_SECRET", min_length=32, repr=False)
    master_key: Annotated[bytes, BeforeValidator(_decoded)] = Field(
        validation_alias="DAYBOOK_MASTER_KEY", min_length=32, max_length=32, repr=False
    )
    master_key_previous: Annotated[bytes | None, BeforeValidator(_decoded)] = Field(
        default=None, validation_alias="DAYBOOK_MASTER_KEY_PREVIOUS", min_length=32, max_length=32, repr=False
    )

    @property
    def master_keys(self) -> MasterKey:
        """The master key, with the one before it where there is one."""
        return MasterKey(self.master_key, self.master_key_previous)

    seal_key: Annotated[Annotated[bytes, Field(min_length=32, max_length=32)] | None, BeforeValidator(_decoded)] = (
        Field(default=None, validation_alias="SEAL_KEY", repr=False)
    )
    seal_kept_dir: Annotated[Path | None, BeforeValidator(_resolved)] = Field(
        default=None, validation_alias="SEAL_KEPT_DIR"
    )

    seal_witnesses: Annotated[Path | None, BeforeValidator(_resolved)] = Field(
        default=None, validation_alias="SEAL_WITNESSES"
    )

    @property
    def seal_folder(self) -> Path:
        """Where the last checkpoints are kept outside the database."""
        return self.data / "seals" if self.seal_kept_dir is None else self.seal_kept_dir

    @model_validator(mode="before")
    @classmethod
    def _owner_is_the_user_unless_named(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not values.keys() & {"DATABASE_OWNER_URL", "database_owner_url"}:
            for name in values.keys() & {"DATABASE_URL", "database_url"}:
                return values | {"DATABASE_OWNER_URL": values[name]}
        return values


class _NamedFiles(PydanticBaseSettingsSource):
    """What may be secret can be in a file instead, which `<variable>_FILE` names, as containers have it."""

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name in _IN_FILES:
            path = os.environ.get(f"{name}_FILE")
            if not path or name not in {field.validation_alias for field in self.settings_cls.model_fields.values()}:
                continue
            if os.environ.get(name):
                raise Failure(f"{name} and {name}_FILE are both set: leave one of them out", 2)
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or "it is no text"
                raise Failure(f"{name}_FILE cannot be read: {why}", 2) from None
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not asked: the source answers as a whole."""
        return None, field_name, False


_IN_FILES = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SMTP_URL"),
    *("DAYBOOK_SECRET", "DAYBOOK_MASTER_KEY", "DAYBOOK_MASTER_KEY_PREVIOUS"),
    *("PAYMENT_KEY", "PAYMENT_WEBHOOK_SECRETS", "SEAL_KEY"),
)


class _DataFolder(PydanticBaseSettingsSource):
    """What the environment leaves open, as `up` wrote it down: secrets for good, addresses while it runs."""

    def __call__(self) -> dict[str, Any]:
        so_far = self.current_state
        data = Place(data=so_far["DAYBOOK_DATA"]).data if "DAYBOOK_DATA" in so_far else Place().data
        found = read_private(data / SECRETS_FILE) | read_private(data / RUN_FILE)
        if "DATABASE_URL" in so_far:
            # The owner of the embedded database has no business in somebody's own.
            found.pop("database_owner_url", None)
        if "PAYMENT_URL" in so_far or "payment_url" not in found:
            # Nor has the simulator's key with a provider: it would be told, and could sign webhooks.
            found.pop("payment_key", None)
            found.pop("payment_webhook_secrets", None)
        fields = self.settings_cls.model_fields
        return {str(fields[name].validation_alias): value for name, value in found.items() if name in fields}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not asked: the source answers as a whole."""
        return None, field_name, False


Kind = TypeVar("Kind", bound=Place)


def load(kind: type[Kind]) -> Kind:
    """The settings of that kind, from the environment and the data folder.

    Raises Failure, in words for a person and without any value, when they are not there or make no sense.
    """
    try:
        settings = kind()
        _refuse_weak_secrets(settings)
        return settings
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    except SettingsError as error:
        raise Failure(f"a setting cannot be read: {error}", 2) from error
    missing = [str(problem["loc"][0]) for problem in problems if problem["type"] == "missing"]
    if missing:
        raise Failure(
            f"nothing is running on {Place().data} and {missing[0]} is not set: start `make run`, "
            "or set it to use servers of your own"
        )
    said = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in problems)
    raise Failure(f"a setting makes no sense: {said}", 2)


def _refuse_weak_secrets(settings: Place) -> None:
    """Raises Failure. What `up` makes for itself is strong; what is given from outside need not be."""
    if isinstance(settings, Settings):
        for name, secret in (
            ("DAYBOOK_SECRET", settings.secret),
            ("DAYBOOK_MASTER_KEY", settings.master_key),
            ("SEAL_KEY", settings.seal_key),
        ):
            if secret is not None and (why := weakness(secret)) is not None:
                raise Failure(f"{name} {why}: make one with `openssl rand -base64 32`", 2)
