"""What users of Home Assistant may do where they act on a printer, not on one of its entities.

Home Assistant itself checks actions on entities only. Without a user it is an automation that
acts, which may do what whoever wrote it could.
"""

from contextvars import ContextVar

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator

# To be allowed to control these means nothing.
READ_ONLY = frozenset(
    {
        Platform.BINARY_SENSOR,
        Platform.CAMERA,
        Platform.EVENT,
        Platform.IMAGE,
        Platform.SENSOR,
    }
)

# On whose behalf an entity's command runs. The entity's own context may be that of a later one.
ACTING: ContextVar[Context | None] = ContextVar("octoprint_plus_acting", default=None)


async def async_get_user(
    hass: HomeAssistant, context: Context, policy: str
) -> User | None:
    """Return the user that acts, None for an automation; raises UnknownUser."""
    if context.user_id is None:
        return None
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context, permission=policy)
    return user


def is_permitted(
    hass: HomeAssistant, user: User | None, entry: ConfigEntry, policy: str
) -> bool:
    """Return whether a user has a policy for the whole of a printer.

    An action reaches all of it, so the right for some of its entities isn't enough. Those that
    are disabled don't count, as nobody can use them.
    """
    if user is None or user.is_admin or user.permissions.access_all_entities(policy):
        return True
    entities = [
        each
        for each in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if each.disabled_by is None
        and (policy != POLICY_CONTROL or each.domain not in READ_ONLY)
    ]
    check = user.permissions.check_entity
    return bool(entities) and all(check(each.entity_id, policy) for each in entities)


class NotPermittedError(Unauthorized):
    """A user of Home Assistant may not do it, and is told why."""

    def __init__(
        self, context: Context, policy: str, key: str, **placeholders: str
    ) -> None:
        """Take who acts, what is lacking, and the text."""
        super().__init__(context=context, permission=policy, perm_category=CAT_ENTITIES)
        self.translation_domain = DOMAIN
        self.translation_key = key
        self.translation_placeholders = placeholders
        self.generate_message = True


async def async_check_admin(
    coordinator: OctoPrintCoordinator, context: Context | None, command: str
) -> None:
    """Raise NotPermittedError for a user who isn't an administrator."""
    if context is None:
        return
    user = await async_get_user(coordinator.hass, context, POLICY_CONTROL)
    if user is not None and not user.is_admin:
        raise NotPermittedError(
            context,
            POLICY_CONTROL,
            "user_is_no_administrator",
            command=command,
            printer=coordinator.name,
        )
