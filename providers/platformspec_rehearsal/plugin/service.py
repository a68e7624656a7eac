"""The calls that terraform makes, answered from the pretend cloud."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from platformspec_rehearsal.cloud.account import Account
from platformspec_rehearsal.cloud.lookups import look_up, random_password
from platformspec_rehearsal.cloud.rules import refusals
from platformspec_rehearsal.inject import Injection
from platformspec_rehearsal.plugin.catalogue import StoredCatalogue
from platformspec_rehearsal.plugin.lifecycle import Cloud, Refused
from platformspec_rehearsal.plugin.protocol import ERROR, message
from platformspec_rehearsal.plugin.schema import ephemeral_schema
from platformspec_rehearsal.plugin.values import Path, Schema, decode, encode, visit
from platformspec_rehearsal.pretence import Pretence

# The account where the provider's block names none; AWS uses this number in its own documentation.
NO_ACCOUNT: Final = "123456789012"
NO_REGION: Final = "us-east-1"
READ_ONLY: Final = "Invalid Configuration for Read-Only Attribute"
SIMULATED: Final = "This answer comes from a rehearsal: the cloud is simulated."


class Service:
    """One provider process: `aws` or `helm` in the rehearsal kept in `folder`."""

    def __init__(self, provider: str, folder: pathlib.Path) -> None:
        self.provider = provider
        self.folder = folder
        self.catalogue = StoredCatalogue(folder)
        self.pretence = Pretence(folder)
        self.injection = Injection(folder, self.pretence)
        self._configure({})

    def _configure(self, block: dict[str, Any]) -> None:
        role = next((str(b["role_arn"]) for b in block.get("assume_role") or () if b.get("role_arn")), None)
        accounts = sorted(block.get("allowed_account_ids") or ())
        account = role.split(":")[4] if role else accounts[0] if accounts else NO_ACCOUNT
        if self.provider == "helm":
            # A release belongs to a cluster as a resource does to an account.
            account = (block.get("kubernetes") or {}).get("host") or ""
        tags = {key: value for b in block.get("default_tags") or () for key, value in (b.get("tags") or {}).items()}
        self.cloud = Cloud(
            Account(self.pretence, account, block.get("region") or NO_REGION),
            tags,
            self.catalogue.replacement,
            self.catalogue.certificate,
        )

    def _schema(self, kind: str, type: str) -> Schema:
        return ephemeral_schema(self.catalogue, type) if kind == "ephemeral" else self.catalogue.schema(kind, type)

    def _fault(self, type: str, op: str, name: str = "", when: str = "before") -> None:
        fault = self.injection.fault(type, op, name, when)
        error = fault.happen() if fault is not None else None
        if error is not None:
            raise Refused(error)

    def get_schema(self, request: Any) -> Any:
        """The schemas of all types, as they were prepared when the rehearsal began."""
        return self.catalogue.prepared_schema(self.provider)

    def prepare_provider_config(self, request: Any) -> Any:
        """The provider's block as it is: no argument has a default."""
        return message("PrepareProviderConfigResponse", prepared_config=request.config)

    def configure(self, request: Any) -> Any:
        """Choose the account and the region."""
        answer = message("DiagnosticsResponse")
        try:
            self._fault(self.provider, "configure")
            self._configure(decode(request.config) or {})
        except Refused as refused:
            _refuse(answer, "configuring the provider", refused)
        return answer

    def validate_resource(self, request: Any) -> Any:
        """Say which arguments cannot be given, and which values the cloud would refuse."""
        return self._validate("resource", request)

    def validate_data_source(self, request: Any) -> Any:
        """Say which arguments cannot be given."""
        return self._validate("data", request)

    def validate_ephemeral(self, request: Any) -> Any:
        """Say which arguments cannot be given."""
        return self._validate("ephemeral", request)

    def _validate(self, kind: str, request: Any) -> Any:
        answer = message("DiagnosticsResponse")
        type, config = request.type_name, decode(request.config)

        def given(path: Path, attribute: list[Any], value: Any) -> Any:
            if value is not None and attribute[1] == "c":
                text = f"{'.'.join(path)} is set by the provider and cannot be given"
                _diagnose(answer, READ_ONLY, text, path)
            return value

        try:
            self._fault(type, "validate")
        except Refused as refused:
            _refuse(answer, f"validating {type}", refused)
        visit(self._schema(kind, type), config, given)
        if kind == "resource":
            _refuse_values(answer, type, config)
        return answer

    def upgrade_resource_state(self, request: Any) -> Any:
        """The stored state as it is: this provider has one version of each schema."""
        answer = message("UpgradeResourceStateResponse")
        answer.upgraded_state.json = request.raw_state.json
        return answer

    def read_resource(self, request: Any) -> Any:
        """The resource as it is now."""
        answer = message("ReadResourceResponse", private=request.private)
        current = decode(request.current_state)
        try:
            self._fault(request.type_name, "read", _name(current))
            answer.new_state.CopyFrom(encode(self.cloud.read(request.type_name, current)))
        except Refused as refused:
            answer.new_state.CopyFrom(request.current_state)
            _refuse(answer, f"reading {request.type_name} ({current['id']})", refused)
        return answer

    def plan_resource_change(self, request: Any) -> Any:
        """What will be there after the change, and whether it replaces the resource."""
        answer = message("PlanResourceChangeResponse", planned_private=request.prior_private)
        type, proposed = request.type_name, decode(request.proposed_new_state)
        if proposed is None:
            answer.planned_state.CopyFrom(request.proposed_new_state)
            return answer
        try:
            self._fault(type, "plan", _name(proposed))
        except Refused as refused:
            _refuse(answer, f"planning {type}", refused)
        _refuse_values(answer, type, decode(request.config))
        planned = self.cloud.plan(type, self._schema("resource", type), decode(request.prior_state), proposed)
        answer.planned_state.CopyFrom(encode(planned.state))
        for name in planned.replaced_by:
            answer.requires_replace.add().steps.add(attribute_name=name)
        return answer

    def apply_resource_change(self, request: Any) -> Any:
        """Create, change or delete, and answer what is there now."""
        answer = message("ApplyResourceChangeResponse", private=request.planned_private)
        type = request.type_name
        prior, planned = decode(request.prior_state), decode(request.planned_state)
        op = "delete" if planned is None else "create" if prior is None else "update"
        name = _name(planned or prior)
        try:
            self._fault(type, op, name)
            # What the cloud itself chose before is not for it to refuse.
            _refuse_values(answer, type, decode(request.config))
            if answer.diagnostics:
                answer.new_state.CopyFrom(request.prior_state)
                return answer
            state = self._change(type, prior, planned)
            answer.new_state.CopyFrom(encode(state))
            self._fault(type, op, name, when="after")
        except Refused as refused:
            if not answer.HasField("new_state"):
                answer.new_state.CopyFrom(request.prior_state)
            doing = {"create": "creating", "update": "updating", "delete": "deleting"}[op]
            _refuse(answer, f"{doing} {type} ({name})", refused)
        return answer

    def _change(self, type: str, prior: dict[str, Any] | None, planned: dict[str, Any] | None) -> dict[str, Any] | None:
        schema = self._schema("resource", type)
        if planned is None:
            assert prior is not None
            self.cloud.delete(type, prior)
            return None
        return (
            self.cloud.create(type, schema, planned)
            if prior is None
            else self.cloud.update(type, schema, prior, planned)
        )

    def import_resource_state(self, request: Any) -> Any:
        """The resource with this id, for the state."""
        answer = message("ImportResourceStateResponse")
        try:
            self._fault(request.type_name, "import", request.id)
            found = self.cloud.imported(request.type_name, self._schema("resource", request.type_name), request.id)
            if found is None:
                raise Refused(f"there is no {request.type_name} with the id {request.id}")
            answer.imported_resources.add(type_name=request.type_name, state=encode(found))
        except Refused as refused:
            _refuse(answer, f"importing {request.type_name} ({request.id})", refused)
        return answer

    def read_data_source(self, request: Any) -> Any:
        """What the account answers to the question."""
        answer = message("ReadDataSourceResponse")
        type = request.type_name
        try:
            self._fault(type, "read")
            found = look_up(type, self._schema("data", type), decode(request.config), self.cloud.account)
            answer.state.CopyFrom(encode(found))
        except Refused as refused:
            _refuse(answer, f"reading {type}", refused)
        return answer

    def open_ephemeral(self, request: Any) -> Any:
        """A value that lives for one run of terraform and is kept nowhere."""
        answer = message("OpenEphemeralResourceResponse")
        result = decode(request.config)
        try:
            self._fault(request.type_name, "open")
            result["random_password"] = random_password(result)
            if result.get("region") is None:
                result["region"] = self.cloud.account.region
            answer.result.CopyFrom(encode(result))
        except Refused as refused:
            _refuse(answer, f"opening {request.type_name}", refused)
        return answer

    def close_ephemeral(self, request: Any) -> Any:
        """Nothing is held."""
        return message("DiagnosticsResponse")

    def stop(self, request: Any) -> Any:
        """Nothing runs so long that it must be asked to stop."""
        return message("StopResponse")


Call = tuple[str, Callable[[Service, Any], Any]]
# What terraform calls -> message that comes, method that answers.
CALLS: Final[dict[str, Call]] = {
    "GetSchema": ("Empty", Service.get_schema),
    "PrepareProviderConfig": ("ConfigRequest", Service.prepare_provider_config),
    "Configure": ("ConfigureRequest", Service.configure),
    "ValidateResourceTypeConfig": ("TypedConfigRequest", Service.validate_resource),
    "ValidateDataSourceConfig": ("TypedConfigRequest", Service.validate_data_source),
    "ValidateEphemeralResourceConfig": ("TypedConfigRequest", Service.validate_ephemeral),
    "UpgradeResourceState": ("UpgradeResourceStateRequest", Service.upgrade_resource_state),
    "ReadResource": ("ReadResourceRequest", Service.read_resource),
    "PlanResourceChange": ("PlanResourceChangeRequest", Service.plan_resource_change),
    "ApplyResourceChange": ("ApplyResourceChangeRequest", Service.apply_resource_change),
    "ImportResourceState": ("ImportResourceStateRequest", Service.import_resource_state),
    "ReadDataSource": ("TypedConfigRequest", Service.read_data_source),
    "OpenEphemeralResource": ("TypedConfigRequest", Service.open_ephemeral),
    "RenewEphemeralResource": ("PrivateRequest", Service.close_ephemeral),
    "CloseEphemeralResource": ("PrivateRequest", Service.close_ephemeral),
    "Stop": ("Empty", Service.stop),
}


def _name(values: dict[str, Any] | None) -> str:
    for attribute in ("name", "id"):
        value = (values or {}).get(attribute)
        if isinstance(value, str):
            return value
    return ""


def _diagnose(answer: Any, summary: str, detail: str, path: Iterable[str] = ()) -> None:
    diagnostic = answer.diagnostics.add(severity=ERROR, summary=summary, detail=detail)
    # Terraform shows the place of a top-level argument; deeper ones are named in the text.
    for step in list(path)[:1]:
        diagnostic.attribute.steps.add(attribute_name=step)


def _refuse(answer: Any, doing: str, refused: Refused) -> None:
    _diagnose(answer, f"{doing}: {refused}", SIMULATED)


def _refuse_values(answer: Any, type: str, config: dict[str, Any] | None) -> None:
    for path, text in refusals(type, config or {}):
        _diagnose(answer, f"{'.'.join(path)} of {type}: {text}", SIMULATED, path)
