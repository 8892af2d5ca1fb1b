"""The words of mails about accounts: what they are called, and what changed."""

from __future__ import annotations

from typing import Final

SUBJECTS: Final = {
    "email_confirmation": "Confirm your address",
    "email_confirmation_signup": "Confirm your address",
    "account_already_exists": "You have an account",
    "password_reset_key": "Set a new password",
    "unknown_account": "No account with this address",
}
"""Mails with a link, and their subjects."""
CHANGES: Final = {
    "email_changed": "The main address of your account is now {to_email}; it was {from_email}.",
    "email_deleted": "The address {deleted_email} has been removed from your account.",
    "password_changed": "Your password has been changed.",
    "password_reset": "Your password has been set anew by a link that we sent you.",
    "password_set": "Your account now has a password.",
    "recovery_codes_generated": "New recovery codes have been made for your account. The old ones no longer work.",
    "totp_activated": "An authenticator app has been set up for your account.",
    "totp_deactivated": "The authenticator app has been removed from your account.",
    "webauthn_added": "A passkey or security key has been added to your account.",
    "webauthn_removed": "A passkey or security key has been removed from your account.",
    "account_connected": "An ORCID iD has been connected to your account.",
    "account_disconnected": "An ORCID iD has been disconnected from your account.",
}
"""Notices of something that has changed, told to the address that the account had before."""
CHANGED: Final = "Your account has changed"


def subject(kind: str) -> str:
    """Of a mail that is named after this kind of template."""
    return f"researchgraph: {SUBJECTS.get(kind, CHANGED)}"
