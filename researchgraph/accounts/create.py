"""An account made by whoever runs the site: ready at once, its address taken as confirmed."""

from __future__ import annotations

from enum import StrEnum

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission, User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from researchgraph.errors import Conflict


class Role(StrEnum):
    """What an account may do."""

    READER = "reader"
    CURATOR = "curator"
    ADMIN = "admin"


@transaction.atomic
def create(*, email: str, password: str, name: str, role: Role) -> User:
    """Make the account. Raises Conflict if the address is taken, Django's ValidationError if the password is weak."""
    if EmailAddress.objects.filter(email__iexact=email).exists() or User.objects.filter(username=name).exists():
        raise Conflict("There is an account with this address or name.")
    user = User(username=name, email=email, is_staff=role is Role.ADMIN, is_superuser=role is Role.ADMIN)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if role is Role.CURATOR:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="profiles", codename="curate"))
    return user
