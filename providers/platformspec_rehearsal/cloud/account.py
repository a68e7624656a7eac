"""The resources of a pretend account in one region, kept in the rehearsal's file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platformspec_rehearsal.pretence import TAKEN_OVER, Pretence, as_json


@dataclass(frozen=True)
class Account:
    """`id` has twelve digits. Resources of global services have the region ""."""

    pretence: Pretence
    id: str
    region: str

    @property
    def partition(self) -> str:
        """`aws`, or the partition of China or of the government's regions."""
        return (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )

    @property
    def domain(self) -> str:
        """The domain of the partition's endpoints."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def find(self, type: str, region: str, key: str) -> dict[str, Any] | None:
        """The state of one resource, by what makes it unique in its region."""
        rows = self.pretence.rows(
            "select state from resources where type = ? and account = ? and region = ? and key = ?",
            *(type, self.id, region, key),
        )
        return json.loads(rows[0][0]) if rows else None

    def by_id(self, type: str, id: str) -> dict[str, Any] | None:
        """The state of one resource, by the id under which it is imported."""
        rows = self.pretence.rows(
            "select state from resources where type = ? and account = ? and region in ('', ?) and (id = ? or key = ?)",
            *(type, self.id, self.region, id, id),
        )
        return json.loads(rows[0][0]) if rows else None

    def there_before(self, type: str, id: str) -> dict[str, Any] | None:
        """The known arguments of what was in the account before the rehearsal, by the id of its import."""
        for entry in map(json.loads, self.pretence.noted(TAKEN_OVER)):
            if (entry["type"], entry["account"], entry["id"]) == (type, self.id, id) and entry["region"] == self.region:
                return dict(entry["arguments"])
        return None

    def all(self, type: str) -> Iterator[dict[str, Any]]:
        """The states of all resources of a type, in order of their keys."""
        rows = self.pretence.rows(
            "select state from resources where type = ? and account = ? and region in ('', ?) order by key",
            *(type, self.id, self.region),
        )
        return (json.loads(state) for (state,) in rows)

    def keep(self, type: str, region: str, key: str, state: dict[str, Any]) -> None:
        """Create or change a resource."""
        self.pretence.database.execute(
            "insert or replace into resources values (?, ?, ?, ?, ?, ?)",
            (type, self.id, region, key, str(state.get("id", key)), as_json(state)),
        )

    def drop(self, type: str, region: str, key: str) -> None:
        """Delete a resource."""
        self.pretence.database.execute(
            "delete from resources where type = ? and account = ? and region = ? and key = ?",
            (type, self.id, region, key),
        )

    def retain(self, type: str, region: str, key: str, why: str) -> None:
        """Remember what the cloud keeps for a while after its deletion."""
        self.pretence.database.execute("insert into retained values (?, ?, ?, ?, ?)", (type, self.id, region, key, why))

    def retained(self, type: str, region: str, key: str) -> bool:
        """Whether the cloud still keeps a deleted resource."""
        return bool(
            self.pretence.rows(
                "select 1 from retained where type = ? and account = ? and region = ? and key = ?",
                *(type, self.id, region, key),
            )
        )
