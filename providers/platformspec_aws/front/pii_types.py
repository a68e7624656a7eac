"""Words of the language for personal and secret data -> types of Amazon Bedrock Guardrails.

Source: valid values of `type` in GuardrailPiiEntity, Amazon Bedrock API Reference; all 31 of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PII_TYPES: Final[Mapping[str, str]] = {
    "address": "ADDRESS",
    "age": "AGE",
    "aws_access_key": "AWS_ACCESS_KEY",
    "aws_secret_key": "AWS_SECRET_KEY",
    "bank_account_us": "US_BANK_ACCOUNT_NUMBER",
    "bank_routing_us": "US_BANK_ROUTING_NUMBER",
    "card_cvv": "CREDIT_DEBIT_CARD_CVV",
    "card_expiry": "CREDIT_DEBIT_CARD_EXPIRY",
    "card_number": "CREDIT_DEBIT_CARD_NUMBER",
    "driver_id": "DRIVER_ID",
    "email": "EMAIL",
    "health_number_ca": "CA_HEALTH_NUMBER",
    "health_number_uk": "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
    "iban": "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    "insurance_number_ca": "CA_SOCIAL_INSURANCE_NUMBER",
    "insurance_number_uk": "UK_NATIONAL_INSURANCE_NUMBER",
    "ip_address": "IP_ADDRESS",
    "license_plate": "LICENSE_PLATE",
    "mac_address": "MAC_ADDRESS",
    "name": "NAME",
    "passport_us": "US_PASSPORT_NUMBER",
    "password": "PASSWORD",
    "phone": "PHONE",
    "pin": "PIN",
    "social_security_us": "US_SOCIAL_SECURITY_NUMBER",
    "swift_code": "SWIFT_CODE",
    "tax_id_us": "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
    "taxpayer_reference_uk": "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
    "url": "URL",
    "username": "USERNAME",
    "vehicle_id": "VEHICLE_IDENTIFICATION_NUMBER",
}
