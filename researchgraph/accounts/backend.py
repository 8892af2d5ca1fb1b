"""Who a session belongs to."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User
from django.db.models import OuterRef

from graph.notification_selectors import unread


class AccountBackend(AuthenticationBackend):
    """Accounts of django-allauth, each with how many notifications it has not read.

    Every page of an account shows that number, so it comes with the account, in the query that is made anyway.
    """

    def get_user(self, user_id: int) -> User | None:
        """The account of a session, if it may be used; its `unread` is counted up to a hundred."""
        user = User.objects.annotate(unread=unread(OuterRef("pk"))).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
