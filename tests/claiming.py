"""What tests of claims share: accounts with what they show, records, and a claim sent."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from profiles.claim_models import Claim, ClaimEvidence, EvidenceState, VouchAnswer
from profiles.claims import Kind
from profiles.flows.claims import vouch
from profiles.flows.claims.draft import draft
from profiles.flows.claims.submit import submit
from tests.pipeline import work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from profiles.claim_models import ClaimVouch
    from profiles.models import Researcher

ADA: Final = "0000-0002-1825-0097"
PUBLISHER: Final = {"source-client-id": {"path": "APP-0000000000000001"}}
numbers = count(1)

BYRON: Final = {"name": "Ada Byron", "affiliation": "Analytical Society"}
HOME: Final = {**BYRON, "affiliation_domain": "analytical.example", "homepage": "https://www.byron.example/ada/"}
LACE: Final = {"name": "Adele Lace", "orcid": "0000-0001-5109-3700"}
RECORDS: Final = [
    work("c/1", "Engines that weave", HOME, "Charles Babbage", identifiers={"doi": "10.1000/c1"}, year=1841),
    work("c/2", "Notes on engines", BYRON, "Charles Babbage", identifiers={"doi": "10.1000/c2"}, year=1842),
    work("c/3", "Numbers of Bernoulli", BYRON, "Charles Babbage", identifiers={"doi": "10.1000/c3"}, year=1843),
    work("c/4", "Weaving with cards", LACE, "Joseph Jacquard", identifiers={"doi": "10.1000/c4"}, year=1805),
    work("c/5", "Cards that weave", LACE, "Joseph Jacquard", identifiers={"doi": "10.1000/c5"}, year=1806),
]


def person(name: str, *addresses: str, curator: bool = False) -> User:
    """An account with these confirmed addresses."""
    user = get_user_model().objects.create_user(name)
    for address in addresses:
        EmailAddress.objects.create(user=user, email=address, verified=True, primary=address == addresses[0])
    if curator:
        user.user_permissions.add(Permission.objects.get(codename="curate"))
    return user


def listing(orcid: str, name: str, *dois: str, source: dict[str, Any] | None = None) -> dict[str, Any]:
    """A public ORCID record with these works, stated by a publisher unless another source is given."""
    given, _, family = name.rpartition(" ")
    groups = [
        {
            "work-summary": [
                {
                    "source": PUBLISHER if source is None else source,
                    "external-ids": {
                        "external-id": [
                            {"external-id-type": "doi", "external-id-value": doi, "external-id-relationship": "self"}
                        ]
                    },
                }
            ]
        }
        for doi in dois
    ]
    return {
        "orcid-identifier": {"path": orcid},
        "person": {"name": {"given-names": {"value": given}, "family-name": {"value": family}}},
        "activities-summary": {"works": {"group": groups}},
    }


def orcid(user: User, uid: str, record: dict[str, Any] | None = None) -> User:
    """The account has signed in with this iD."""
    SocialAccount.objects.create(user=user, provider="orcid", uid=uid, extra_data=record or {})
    return user


def author(name: str = "ada", *, uid: str = ADA) -> User:
    """Somebody whose ORCID record lists the works of Ada Byron, on the word of a publisher."""
    works = ("10.1000/c1", "10.1000/c2", "10.1000/c3")
    return orcid(person(name, f"{name}@gmail.com"), uid, listing(uid, "Ada Byron", *works))


def holder(name: str, printed: str, record: Researcher, *dois: str) -> User:
    """Somebody who holds this record at once: a publisher has put these works on the ORCID record of a new iD."""
    uid = f"0000-0003-9000-{next(numbers):04}"
    user = orcid(person(name, f"{name}@gmail.com"), uid, listing(uid, printed, *dois))
    sent(user, record)
    return user


def charles(record: Researcher, name: str = "charles") -> User:
    """The co-author of all works of Ada Byron, who holds his record."""
    return holder(name, "Charles Babbage", record, "10.1000/c1", "10.1000/c2", "10.1000/c3")


def asked(claim: Claim, record: Researcher) -> ClaimVouch:
    """Whoever holds the record is asked to vouch for the claim."""
    vouch.request(claim=claim.pk, claimant=claim.claimant, record=record.pk)
    return claim.vouches.get(record=record)


def vouched(claim: Claim, record: Researcher, given: VouchAnswer = VouchAnswer.YES) -> ClaimVouch:
    """Whoever holds the record is asked, and has answered."""
    found = asked(claim, record)
    vouch.answer(vouch=found.pk, voucher=found.voucher, given=given)
    return found


def page(claim: Claim, *records: int, kind: Kind = Kind.PAGE) -> ClaimEvidence:
    """A page that was looked at and speaks for these records."""
    url = f"https://page{next(numbers)}.example/"
    return ClaimEvidence.objects.create(
        claim=claim, kind=kind, value=url, state=EvidenceState.CONFIRMED, records=list(records), token=b"x" * 32
    )


def begun(user: User, *researchers: Researcher) -> Claim:
    """A claim that was not sent yet."""
    return draft(claimant=user, researchers=[one.pk for one in researchers])


def sent(user: User, *researchers: Researcher) -> Claim:
    """A claim with what the account shows."""
    return submit(claim=begun(user, *researchers).pk, claimant=user)


def weak(name: str, *researchers: Researcher) -> Claim:
    """A claim on weak evidence, in review: an address at the institution, and a page that prints the name."""
    user = person(name, f"{name}@cs.analytical.example")
    claim = begun(user, *researchers)
    page(claim, *(one.pk for one in researchers))
    return submit(claim=claim.pk, claimant=user)
