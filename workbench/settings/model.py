"""Every setting, declared once: its type, its default and the words that describe it.

The command line's options, the environment's names, the checks and the README's table all come from here.
"""

from __future__ import annotations

import getpass
import os
import socket
import unicodedata
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from workbench import themes

Values = Mapping[str, Any]
_layers: ContextVar[tuple[Values, ...]] = ContextVar("settings_layers", default=())


def _default_operator() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # no passwd entry, as in some containers
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def _default_home() -> Path:
    from workbench.data.home import home_path

    return home_path({})  # the variable is a layer of its own


def _known_theme(name: str) -> str:
    if name not in themes.theme_names():
        raise ValueError(f'names "{name}", which is no theme; {themes.nearest_theme(name)}')
    return name


def _one_line(text: str) -> str:
    # It is written into other programs' databases and shown on their screens.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("must be one line of visible text")
    return text


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TimeoutSettings(BaseModel):
    """How long the workbench waits for a database."""

    model_config = _STRICT

    connect: Seconds = Field(default=3.0, description="Seconds to wait for a connection to a database.")
    statement: Seconds = Field(default=5.0, description="Seconds to wait for one answer of a database.")
    lock: Seconds = Field(default=15.0, description="Seconds to wait for another program's lock on a file.")


class SourceSettings(BaseModel):
    """One named source."""

    model_config = _STRICT

    target: str = Field(
        min_length=1,
        repr=False,  # a password may stand in it
        description="A file, a directory, or a PostgreSQL URL or key=value text; `${VAR}` is read when it is opened.",
    )
    read_only: bool = Field(default=True, description="Whether the source is opened without the right to change it.")
    production: bool = Field(default=False, description="Whether destroying something asks to type the source's name.")
    passfile: Path | None = Field(default=None, description="A PostgreSQL password file for this source (mode 0600).")
    allow_other_owner: bool = Field(
        default=False, description="Whether another user's database file may be opened writable."
    )


class Settings(BaseSettings):
    """All settings of the workbench, merged from their layers by `workbench.settings.load`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    operator: Annotated[str, AfterValidator(_one_line)] = Field(
        default_factory=_default_operator,
        min_length=1,
        description="Who you are, written beside what you decide (default: user@host).",
    )
    home: Path = Field(
        default_factory=_default_home,
        description="The workbench's own directory (default: the platform's user data directory + workbench).",
    )
    default_source: str | None = Field(
        default=None, min_length=1, description="The source that is opened when none is named."
    )
    theme: Annotated[str, AfterValidator(_known_theme)] = Field(
        default="workbench-dark", description="The colours of the screen: the name of a theme file."
    )
    log_file: Path | None = Field(
        default=None,
        description="A file for the program's own log and that of the PostgreSQL driver (default: nowhere).",
    )
    timeouts: TimeoutSettings = Field(default=TimeoutSettings(), description="How long to wait for a database.")
    columns: dict[str, list[str]] = Field(
        default_factory=dict, description='The columns of a list, by noun: `source = ["name", "state"]`.'
    )
    sources: dict[str, SourceSettings] = Field(default_factory=dict, description="The named sources.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the given values and our own layers count: each keeps where its values came from."""
        return (init_settings, *(_Layer(settings_cls, values) for values in _layers.get()))


class _Layer(PydanticBaseSettingsSource):
    """One layer of checked values, as a source of pydantic-settings, which merges them deeply."""

    def __init__(self, settings_cls: type[BaseSettings], values: Values) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._values)


def merged(layers: tuple[Values, ...]) -> Settings:
    """The settings of these layers of checked values, the strongest first."""
    token = _layers.set(layers)
    try:
        return Settings()
    finally:
        _layers.reset(token)
