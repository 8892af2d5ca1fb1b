"""Three accounts for trying the site on one's own machine. Only `manage.py demo` calls this, and only in its mode."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

from researchgraph import embedded, env
from researchgraph.accounts.create import Role, create
from researchgraph.errors import Conflict

PEOPLE: Final = {"visitor": Role.READER, "researcher": Role.READER, "curator": Role.CURATOR}


def accounts() -> list[tuple[str, str, str]]:
    """Name, e-mail address and password of each; they are made if they are not there yet.

    The passwords follow from the secret key of this installation, so they stay the same and are nowhere written down.
    """
    if settings.MODE == "production":
        raise Conflict("Accounts with printed passwords are for a demo only.")
    # Not `settings.SECRET_KEY`: whoever starts the engines for the first time has read that before there was one to keep.
    key = env.secret("SECRET_KEY") or embedded.local_secret_key(settings.DATA_DIR, allowed=True)
    found = []
    for name, role in PEOPLE.items():
        email = f"{name}@demo.example"
        password = salted_hmac("demo account", name, secret=key, algorithm="sha256").hexdigest()[:12]
        if not User.objects.filter(username=name).exists():
            create(email=email, password=password, name=name, role=role)
        found.append((name, email, password))
    return found
