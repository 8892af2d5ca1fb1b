"""ORCID as a way to log in. The iD that comes back is authenticated: its owner has logged in there."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.providers.orcid.provider import OrcidProvider as Provider

from researchgraph.orcid.views import OrcidAdapter


class OrcidProvider(Provider):
    """Asks for the iD and reads the public record; no permission to read or write anything else."""

    name = "ORCID"
    oauth2_adapter_class = OrcidAdapter

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """The name as the public record has it. An address there is not taken: nobody here has confirmed it."""
        fields: dict[str, Any] = super().extract_common_fields(data)
        return {key: value for key, value in fields.items() if key != "email"}

    @classmethod
    def get_package(cls) -> str:
        """Where the addresses of this provider are."""
        return "researchgraph.orcid"


provider_classes = [OrcidProvider]
