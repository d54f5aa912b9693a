"""What settings say of the schema: which fields not all roles see, and by which nobody may be singled out."""

from __future__ import annotations

from techfinder.errors import SettingsError, known_names
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings

__all__ = ["chosen_schema", "withheld"]


def chosen_schema(settings: Settings) -> Schema:
    """The schema that settings name. Fields that not all roles see are in no text: what is searched by meaning is no
    way round.

    Raises:
        SchemaError: The file cannot be used.
        SettingsError: ``field_roles`` names a field that there is not.
    """
    schema = load_schema(settings.schema_file)
    names = [f.name for f in schema.fields]
    for name in settings.field_roles:
        if name not in names:
            raise SettingsError(f"field_roles names {name!r}, which is no field. {known_names(name, names)}")
    return schema.untold(settings.field_roles.keys())


def withheld(schema: Schema, settings: Settings) -> frozenset[str]:
    """The keys of all attributes by which people may be neither filtered, ordered nor counted."""
    if settings.sensitive_fields != "block":
        return frozenset()
    return frozenset(key for key, attribute in schema.attributes.items() if attribute.field.sensitive)
