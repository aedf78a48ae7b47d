"""Who may do what: four roles, kept as Django's groups, made and completed by `deploy`.

A role is made of Django's own permissions, so that every page asks `has_perm` and knows nothing of roles. What staff
add to a group stays; what a role needs and the group lacks is added again by the next deployment, and said. A person
may have several roles. Accounts, API keys and what the workers left behind are the owner's; giving somebody all rights
("superuser") is not a role's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q, QuerySet

ROOMS = ("contacts", "engagement", "workflows", "notion_bridge", "contactflow")
OWNERS_ONLY = ("contactflow.apikey", "contactflow.idempotentanswer", "contactflow.intakewindow")
OFFICE: Mapping[str, tuple[str, ...]] = {
    "auth.user": ("view", "add", "change", "delete"),
    "auth.group": ("view",),
    "django_q.success": ("view",),
    "django_q.failure": ("view",),
}


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a role may do besides reading everything; by model, since every page and button asks for its model's."""

    name: str
    means: str
    may: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    may_everything: bool = False

    def permissions(self) -> QuerySet[Permission]:
        wanted = Q(content_type__app_label__in=ROOMS)
        if not self.may_everything:
            wanted &= Q(codename__startswith="view_") & ~_models(OWNERS_ONLY)
        for model, verbs in self.may.items():
            name = model.rpartition(".")[2]
            wanted |= _models([model]) & Q(codename__in=[f"{verb}_{name}" for verb in verbs])
        return Permission.objects.filter(wanted)


ROLES = (
    Role(
        name="Owner",
        means="Does everything: brands, rules, people, accounts and API keys.",
        may=OFFICE,
        may_everything=True,
    ),
    Role(
        name="Editor",
        means="Writes emails and workflows, and looks after what recipients see of a brand.",
        may={
            "workflows.workflowtemplate": ("add", "change"),
            "workflows.workflowversion": ("add", "change", "delete"),  # only a draft can be deleted, by anybody
            "workflows.step": ("add", "change", "delete"),
            "workflows.plannedtouch": ("add", "change", "delete"),
            "workflows.startorder": ("add",),
            "engagement.engagementtemplate": ("add", "change"),
            "engagement.templateversion": ("add",),
            "contacts.businessentity": ("change",),
        },
    ),
    Role(
        name="Operator",
        means="Looks after people and what runs: contacts, tasks, alerts, and whatever failed.",
        may={
            "contacts.contact": ("add", "change", "export"),
            "contacts.consent": ("add",),
            "contacts.suppression": ("add",),
            "engagement.task": ("add", "change"),
            "engagement.conversion": ("add",),
            "engagement.alert": ("change",),
            "engagement.humantouch": ("add",),
            "engagement.message": ("add", "change"),
            "engagement.reply": ("change",),
            "engagement.channelstate": ("change",),
            "engagement.sendingbreaker": ("change",),
            "engagement.providerdelivery": ("change",),
            "workflows.workflowinstance": ("add", "change"),
            "workflows.scheduledaction": ("change",),
            "notion_bridge.syncproblem": ("change",),
            "notion_bridge.syncconflict": ("change",),
            "notion_bridge.pagelink": ("change",),
            "auth.user": ("view",),  # to choose who a task or a contact is for
        },
    ),
    Role(name="Reader", means="Reads everything, changes nothing."),
)
NAMES = tuple(role.name for role in ROLES)


def load(*, check_only: bool = False) -> list[str]:
    """Make the groups and give them what they lack; say what that was. With `check_only` nothing stays."""
    with transaction.atomic():
        said = [sentence for role in ROLES for sentence in _complete(role)]
        transaction.set_rollback(check_only)
    return said


def groups() -> QuerySet[Group]:
    return Group.objects.filter(name__in=NAMES)


def may_give(*, giver: User, group: Group) -> bool:
    """Nobody gives more rights than they have."""
    names = group.permissions.values_list("content_type__app_label", "codename")
    return giver.is_active and giver.has_perms([f"{app}.{codename}" for app, codename in names])


def may_look_after(*, keeper: User, account: User) -> bool:
    """An account, its password included, is only for those who may do all that it may."""
    if keeper.is_superuser or keeper.pk == account.pk:
        return True
    return not account.is_superuser and account.get_all_permissions() <= keeper.get_all_permissions()


def give(*, user: User, chosen: Iterable[Group], offered: Iterable[Group]) -> None:
    """Give the chosen of the offered roles and take the others of them; who has a role may log in here."""
    chosen = list(chosen)
    user.groups.remove(*(group for group in offered if group not in chosen))
    user.groups.add(*chosen)
    if chosen and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])


def _complete(role: Role) -> list[str]:
    group, is_new = Group.objects.get_or_create(name=role.name)
    missing = list(role.permissions().exclude(group=group).order_by("content_type__app_label", "codename"))
    group.permissions.add(*missing)
    if is_new:
        return [f'role "{role.name}"']
    return [f'for the role "{role.name}": {", ".join(one.codename for one in missing)}'] if missing else []


def _models(labels: Iterable[str]) -> Q:
    found = Q(pk__in=[])
    for label in labels:
        app, _, model = label.partition(".")
        found |= Q(content_type__app_label=app, content_type__model=model)
    return found
