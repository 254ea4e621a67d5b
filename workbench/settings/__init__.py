"""The operator's settings: options, environment, files and defaults in one checked model.

Only the faces load them; `workbench.data` takes arguments.
"""

from workbench.settings.environment import CONFIG_VARIABLE, variables
from workbench.settings.layers import RESERVED_NAMES
from workbench.settings.loading import Loaded, SettingsFile, load, settings_files
from workbench.settings.model import Settings, SourceSettings, TimeoutSettings
from workbench.settings.schema import Key, Leaf, dotted, leaves, nearest
from workbench.settings.targets import Opening, display_of, has_literal_password

__all__ = [
    "CONFIG_VARIABLE",
    "RESERVED_NAMES",
    "Key",
    "Leaf",
    "Loaded",
    "Opening",
    "Settings",
    "SettingsFile",
    "SourceSettings",
    "TimeoutSettings",
    "display_of",
    "dotted",
    "has_literal_password",
    "leaves",
    "load",
    "nearest",
    "settings_files",
    "variables",
]
