"""Settings: read once from the environment, typed, with all mistakes reported together."""

import hashlib
import hmac
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LANGUAGES = ("en", "zh")
# Set by the command that starts the web processes, for those that are to work beside it.
WITH_WORKER = "STOREFRONT_WITH_WORKER"

_EXAMPLE_SECRETS = {"secret", "changeme", "change-me", "dev", "development", "test", "password"}
_DATABASE_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
_MAIL_SCHEMES = ("file", "smtp", "smtps", "plunk")


class SettingsError(Exception):
    """The environment can't be used; ``str()`` is one line a mistake, each with the remedy."""


class Settings(BaseSettings):
    """Everything the operator may choose. The names in upper case are the environment variables."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    shop_env: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    secret_keys: Annotated[tuple[str, ...], NoDecode] = ()
    debug: bool = False

    var_dir: Path = Path("var")
    database_url: str = ""
    storage_url: str = ""
    redis_url: str = ""
    mail_url: str = "file:"
    mail_from: str = ""

    stripe_secret_key: str = ""
    stripe_webhook_secrets: Annotated[tuple[str, ...], NoDecode] = ()
    stripe_api_base: str = ""

    stripe_checkout_origin: str = ""
    vies_url: str = "https://ec.europa.eu/taxation_customs/vies/rest-api"
    stripe_payment_method_configuration: str = ""
    checkout_ceiling: int = Field(default=0, ge=0)

    owner_email: str = "owner@example.org"
    web_workers: int = Field(default=0, ge=0, le=64)
    web_threads: int = Field(default=8, ge=1, le=256)
    worker_threads: int = Field(default=1, ge=1, le=64)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    max_upload_mb: int = Field(default=2048, ge=1)
    x_accel_prefix: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_token: str = ""
    country_header: str = ""
    access_log_days: int = Field(default=90, ge=1, le=3650)
    demo: bool = True

    @field_validator("secret_keys", "stripe_webhook_secrets", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("public_url", "stripe_api_base", "stripe_checkout_origin")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be a web address such as https://shop.example.org")
        return value.rstrip("/")

    @field_validator("x_accel_prefix")
    @classmethod
    def _inner_path(cls, value: str) -> str:
        if value and not (value.startswith("/") and value.endswith("/")):
            raise ValueError("must begin and end with a slash, such as /protected-files/")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        scheme = value.split(":", 1)[0]
        if value and scheme not in _DATABASE_SCHEMES:
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return (
            value.replace(f"{scheme}:", "postgresql+psycopg:", 1) if scheme.startswith("postgres") else value
        )

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("s3", "file"):
            raise ValueError("must be s3://KEY:SECRET@host:9000/bucket?secure=0, or empty for a folder")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("mail_url")
    @classmethod
    def _known_mail(cls, value: str) -> str:
        if urlsplit(value).scheme not in _MAIL_SCHEMES:
            raise ValueError("must begin with smtp://, smtps://, plunk:// or be file:")
        return value

    @property
    def is_production(self) -> bool:
        """Whether real people may buy here."""
        return self.shop_env == "production"

    @property
    def is_practice(self) -> bool:
        """Whether the built-in stand-in for Stripe takes the payments: no real money."""
        return not self.stripe_secret_key

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the one file under ``var/``."""
        return self.database_dsn.startswith("sqlite")

    @property
    def web_processes(self) -> int:
        """How many processes serve pages: as set, else one beside SQLite and two beside PostgreSQL."""
        return self.web_workers or (1 if self.is_sqlite else 2)

    @cached_property
    def database_dsn(self) -> str:
        """The database address in SQLAlchemy's form."""
        return self.database_url or f"sqlite:///{(self.var_dir / 'storefront.sqlite').absolute()}"

    @cached_property
    def own_address(self) -> str:
        """The address at which this machine reaches its own web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @cached_property
    def base_url(self) -> str:
        """The address that customers know, for links in mails and at Stripe; never from a request."""
        return self.public_url or self.own_address

    @property
    def is_https(self) -> bool:
        """Whether customers come by https, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @cached_property
    def signing_keys(self) -> tuple[str, ...]:
        """The keys of the shop: the first signs, all verify. Made once under ``var/`` when none is set."""
        return self.secret_keys or (_kept_secret(self.var_dir),)

    @cached_property
    def stripe_key(self) -> str:
        """The key for the Stripe API, the practice one when none is set."""
        return self.stripe_secret_key or "sk_test_practice_" + self._derived("practice key")

    @cached_property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets with which webhooks may be signed."""
        if self.is_practice:
            return ("whsec_practice_" + self._derived("practice webhook"),)
        return self.stripe_webhook_secrets

    @cached_property
    def stripe_base(self) -> str:
        """Where the Stripe API is; empty means Stripe's own address."""
        if self.is_practice:
            return self.stripe_api_base or f"{self.own_address}/practice-stripe"
        return self.stripe_api_base

    @cached_property
    def mail_sender(self) -> str:
        """The address that mails come from."""
        return self.mail_from or f"shop@{urlsplit(self.base_url).hostname}"

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.signing_keys[0].encode(), purpose.encode(), hashlib.sha256).hexdigest()[:32]


def load_settings(**overrides: Any) -> Settings:
    """Return the settings of this environment.

    Raises:
        SettingsError: one line for each mistake, all of them at once.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(error))) from error
    mistakes = list(_production_mistakes(settings)) if settings.is_production else []
    mistakes += _folder_mistakes(settings.var_dir)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def _in_words(error: ValidationError) -> list[str]:
    """Return a line a mistake; what was set is not repeated, since addresses hold passwords."""
    return [
        f"{str(mistake['loc'][0]).upper()}: {mistake['msg'].removeprefix('Value error, ')}."
        for mistake in error.errors()
    ]


def _production_mistakes(settings: Settings) -> list[str]:
    """Return what keeps this from being a shop for real people, each with the remedy."""
    checks = [
        (
            settings.is_practice,
            "STRIPE_SECRET_KEY is not set: practice payment can't run in production. Set your sk_live_... key.",
        ),
        (
            not settings.is_practice and not settings.stripe_webhook_secrets,
            "STRIPE_WEBHOOK_SECRETS is not set. Copy the signing secret (whsec_...) of your webhook at Stripe.",
        ),
        (
            any(
                "practice" in secret
                for secret in (settings.stripe_secret_key, *settings.stripe_webhook_secrets)
            ),
            "A practice key or webhook secret is set for production. Use the ones from Stripe's dashboard.",
        ),
        (
            not settings.secret_keys,
            'SECRET_KEYS is not set. Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
        ),
        (
            any(len(key) < 32 or key.lower() in _EXAMPLE_SECRETS for key in settings.secret_keys),
            "SECRET_KEYS holds a key that is a default or shorter than 32 characters. Make a new random one.",
        ),
        (settings.debug, "DEBUG is on. Unset it: it would show the inside of the shop to strangers."),
        (
            not settings.public_url.startswith("https://"),
            "PUBLIC_URL must begin with https://. Set it to the address of your shop, such as https://shop.example.org.",
        ),
    ]
    return [sentence for is_wrong, sentence in checks if is_wrong]


def _folder_mistakes(var_dir: Path) -> list[str]:
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        writable = os.access(var_dir, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    return (
        []
        if writable
        else [f"The folder {var_dir.absolute()} can't be written. Set VAR_DIR to a folder that can."]
    )


def _kept_secret(var_dir: Path) -> str:
    """Return the secret under ``var/``, made at the first start; two starts at once agree on one."""
    path = var_dir / "secret_key"
    fresh = var_dir / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
