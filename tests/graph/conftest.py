"""Whom the tests of the graph and of following share. Each file brings its own records, and Hedy Lamarr with them.

Imports stand in the fixtures, because this is read before Django is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from profiles.models import Researcher


@pytest.fixture
def emmy(hedy: Researcher) -> Researcher:
    from tests.following import holder

    return holder("Number rings", "Emmy Noether")


@pytest.fixture
def reader(empty_library: None) -> User:
    from tests.following import account

    return account()


@pytest.fixture
def curator(empty_library: None) -> User:
    from tests.following import account

    return account("curator")
