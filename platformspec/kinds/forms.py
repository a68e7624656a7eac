"""What the patterns of the language mean, in words: `kind of thing: example`."""

from __future__ import annotations

from typing import Final

_ENDING: Final = r"$(?!\n)"
_NAME: Final = "[a-z](?:[a-z0-9-]*[a-z0-9])?"

_MINUTE_OF_WEEK = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:[01]\d|2[0-3]):[0-5]\d"
FORMS: Final[dict[str, str]] = {
    f"^{_NAME}{_ENDING}": "a name: lower-case letters, digits and dashes, beginning with a letter, such as chat-large",
    rf"^(?:[a-z][a-z_]*\.)?{_NAME}{_ENDING}": "the name of a declaration: lower-case letters, digits and dashes, such as chat-large",
    rf"^\d{{1,3}}(?:\.\d{{1,3}}){{3}}/\d{{1,2}}{_ENDING}": "an IPv4 range: 10.0.0.0/16",
    rf"^\d{{12}}{_ENDING}": 'an AWS account id: twelve digits in quotes, such as "111122223333"',
    rf"^{_MINUTE_OF_WEEK}-{_MINUTE_OF_WEEK} [A-Za-z][A-Za-z0-9_+/-]*{_ENDING}": "a time of the week: such as Fri 16:00-Mon 07:00 Europe/Berlin",
    rf"^[a-z]{{2}}(?:-[a-z]+)+-\d{_ENDING}": "an AWS region: such as eu-central-1",
    rf"^[a-z]{{2}}(?:-[a-z]+)+-\d[a-z]{_ENDING}": "an availability zone: such as eu-central-1a",
    rf"^[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]{_ENDING}": "the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and dashes",
    rf"^vpc-[0-9a-f]{{8,17}}{_ENDING}": "the id of a VPC: such as vpc-0a1b2c3d4e5f60718",
    rf"^sg-[0-9a-f]{{8,17}}{_ENDING}": "the id of a security group: such as sg-0a1b2c3d4e5f60718",
    rf"^cr-[0-9a-f]{{8,17}}{_ENDING}": "the id of a capacity reservation: such as cr-0a1b2c3d4e5f60718",
    rf"^\d{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]){_ENDING}": 'a day: in quotes, such as "2027-03-31"',
    rf"^[\w.-]+/[\w.-]+{_ENDING}": "a repository on Hugging Face: owner/name, such as Qwen/Qwen3-8B",
    rf"^[a-z0-9-]+\.[a-z0-9-]+{_ENDING}": "an EC2 instance type: such as g6e.12xlarge",
    rf"^PS\d{{3}}{_ENDING}": "a diagnostic code: such as PS401",
    r"^arn:[a-z-]+:kms:": "the ARN of a KMS key: arn:aws:kms:...",
    rf"^https://[^\s]+{_ENDING}": "a URL: beginning with https://",
    rf"^[^@\s]+@[^@\s]+\.[^@\s]+{_ENDING}": "a mail address: such as team@acme.example",
    rf"^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_*-]+)+{_ENDING}": "a field to look at: kind.field, such as model.license",
    rf"^(?:https://|ssh://(?:[A-Za-z0-9._-]+@)?)[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9_.~-]+)+{_ENDING}": "the URL of a Git repository, without credentials: https://git.example.com/team/deploy or ssh://git@git.example.com/team/deploy",
    rf"^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*{_ENDING}": "a relative path: parts of letters, digits, dots, dashes and underscores, such as clusters/prod",
    rf"^[a-z0-9](?:[a-z0-9.-]{{0,61}}[a-z0-9])?{_ENDING}": "the name of a Kubernetes object: lower-case letters, digits, dots and dashes, such as flux-system",
    rf"^[a-z][a-z_]*\.[a-z0-9-]+(?:/[a-z0-9-]+)?{_ENDING}": "an address: kind.name, such as model.chat",
}
