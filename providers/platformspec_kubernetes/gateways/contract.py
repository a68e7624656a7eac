"""What a gateway promises, and what it needs to keep it."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, FallbackSpec, GatewaySpec, ModelSpec, Ref, facts_of

NO_DATABASE = Code(
    "PS580",
    "keys without a database",
    explain="Keys, teams and spend are kept in PostgreSQL. Without a database no key could be issued.",
)
NO_CACHE = Code(
    "PS581",
    "a limit that would hold for each replica only",
    explain="Replicas count together in a cache. Without one each of them would allow the whole limit.",
)
LACKS = Code(
    "PS582",
    "a target that cannot do what its route requires",
    explain="Callers rely on what a route requires, whichever target answers. A model's `capabilities` say what it can do.",
)
MIXED = Code(
    "PS583",
    "a route with different kinds of models",
    explain="A route answers one kind of request: chat, embeddings or reranking.",
)
SHORTER = Code(
    "PS584",
    "a fallback with a shorter context",
    explain="A request that fits the first target must fit the fallback, or falling back fails just when it is needed. A fallback for context_exceeded must be longer.",
)
NO_PRIMARY = Code(
    "PS585",
    "a route without a first target",
    explain="Fallbacks are tried when the other targets cannot answer, so there must be one.",
)


def check(ctx: DeclarationContext, spec: GatewaySpec) -> None:
    """Report every promise that could not be kept."""
    if spec.auth.api_keys is not None and spec.database is None:
        ctx.reject(
            NO_DATABASE,
            f"{ctx.address} issues keys, and has no database to keep them",
            at="auth.api_keys",
            help="add `database: name`, and the database under `databases`",
        )
    for name, route in spec.routes.items():
        at = f"routes.{name}"
        limits = route.limits
        if (limits.tokens_per_minute or limits.requests_per_minute) and spec.scale.max > 1 and spec.cache is None:
            ctx.reject(
                NO_CACHE,
                f"{ctx.address} may have {spec.scale.max} replicas, and each would allow the whole limit of {name}",
                at=f"{at}.limits",
                help="add `cache: name`, and the cache under `caches`",
            )
        targets = [
            (position, target.fallback if isinstance(target, FallbackSpec) else target)
            for position, target in enumerate(route.targets)
        ]
        if not any(isinstance(target, Ref) for target in route.targets):
            ctx.reject(
                NO_PRIMARY,
                f"{ctx.address}/{name} has fallbacks only",
                at=f"{at}.targets",
                help="name a model first: `targets: [chat, {fallback: other}]`",
            )
        modes: dict[str, str] = {}
        for position, ref in targets:
            model = _model(ctx, ref)
            if model is None:
                continue
            can = {*model.capabilities, model.task}
            missing = [need for need in route.requires if need not in can]
            if missing:
                ctx.reject(
                    LACKS,
                    f"{ref.address} does not offer {', '.join(missing)}, which {ctx.address}/{name} requires",
                    at=f"{at}.targets.{position}",
                    help="add it to the model's `capabilities`, if it can, or remove it from `requires`",
                )
            modes.setdefault(model.task, str(ref.address))
        if len(modes) > 1:
            ctx.reject(
                MIXED,
                f"{ctx.address}/{name} mixes " + " and ".join(f"{task} ({model})" for task, model in modes.items()),
                at=f"{at}.targets",
                help="write a route for each",
            )
        _contexts(ctx, spec, name)


def _contexts(ctx: DeclarationContext, spec: GatewaySpec, name: str) -> None:
    route = spec.routes[name]
    lengths = [
        length
        for target in route.targets
        if isinstance(target, Ref) and (length := _context(_model(ctx, target))) is not None
    ]
    if not lengths:
        return
    for position, target in enumerate(route.targets):
        length = _context(_model(ctx, target.fallback)) if isinstance(target, FallbackSpec) else None
        if length is None or not isinstance(target, FallbackSpec):
            continue
        longest = max(lengths)
        if length < longest:
            remedy = f"write `context_tokens: {longest}` or more there, or fall back to another model"
        elif length == longest and "context_exceeded" in target.when:
            remedy = f"remove context_exceeded from `when`, or write more than `context_tokens: {longest}` there"
        else:
            continue
        ctx.reject(
            SHORTER,
            f"{target.fallback.address} takes {length} tokens, and the longest target of {ctx.address}/{name} takes {longest}",
            at=f"routes.{name}.targets.{position}",
            help=remedy,
        )


def _model(ctx: DeclarationContext, ref: Ref) -> ModelSpec | None:
    declaration = ctx.graph.declarations.get(ref.address)
    return declaration.spec if declaration is not None and isinstance(declaration.spec, ModelSpec) else None


def _context(model: ModelSpec | None) -> int | None:
    """Tokens of the longest request that a chat model takes; None where it is not known or makes no difference."""
    if model is None or model.task != "chat":
        return None
    return facts_of(model).context_tokens if model.external is not None else model.serve.context_tokens
