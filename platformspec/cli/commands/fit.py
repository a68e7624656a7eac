"""`platformspec fit MODEL`: on which nodes a model fits, and which of them are the cheapest."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from platformspec.cli import exit
from platformspec.cli.arguments import DEFAULT_FILE, add_input_arguments
from platformspec.cli.session import platform_input, say, texts_of
from platformspec.cli.stop import Stop
from platformspec.cost.prices import Price, PriceTable
from platformspec.diagnostics.suggest import closest
from platformspec.driver import Compilation, choose_environment, parse_source, validate_kinds
from platformspec.fit.architecture import divides, keeps_blocks, missing
from platformspec.fit.estimate import Setup
from platformspec.fit.gpu import gpu
from platformspec.fit.kv_cache import LONGEST
from platformspec.fit.offerings import Offering, Row, rows
from platformspec.fit.precision import CACHE_BYTES, PRECISIONS, USUAL
from platformspec.fit.text import number
from platformspec.kinds.catalogue import ModelFacts, catalogue, facts_of, repository_of
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.platform import PlatformSpec
from platformspec.kinds.prices import read_prices
from platformspec.kinds.serving import ServeSpec
from platformspec.lower.contract import ProviderSet
from platformspec.providers import ProviderProblem, installed_providers

SHOWN = 12
USUAL_ENGINE = "vllm"
WORDS = {
    "fits": "fits",
    "tight": "tight",
    "does_not_fit": "no",
    "cannot_compute": "precision",
    "not_proven": "not proven",
    "not_served": "not served",
}
USABLE = ("fits", "tight", "not_proven")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec fit Qwen/Qwen3-32B --all-instances\n  platformspec fit chat --pool l40s\n"
        "  platformspec fit Qwen/Qwen3-8B --context-tokens 32768 --format json"
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a model of the platform file, or a repository that the catalogue knows"
    )
    add_input_arguments(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--pool", metavar="POOL", help="only nodes that this pool of the file may start")
    where.add_argument("--all-instances", action="store_true", help="every node, those too on which it does not fit")
    parser.add_argument(
        "--context-tokens", type=_positive, metavar="N", help="longest sequence (default: the file's, or 8192)"
    )
    parser.add_argument(
        "--concurrency", type=_positive, metavar="N", help="sequences at once (default: the file's, or 16)"
    )
    parser.add_argument(
        "--precision", choices=sorted(PRECISIONS), metavar="P", help="precision of the weights (default: as published)"
    )
    parser.add_argument(
        "--kv-cache-precision",
        choices=sorted(CACHE_BYTES),
        metavar="P",
        help="precision of the KV cache (default: the file's, or auto)",
    )
    parser.add_argument("--engine", help="engine whose memory is divided (default: the file's, or vllm)")
    parser.add_argument("--region", help="region of prices (default: the file's, or that of the price table)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the table (default: text)")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    try:
        providers = installed_providers()
    except ProviderProblem as problem:
        return _stop(str(problem))
    compiled = _platform(args, providers) if args.pool or "/" not in args.model or args.file != DEFAULT_FILE else None
    platform = compiled.spec if compiled is not None else None
    facts, serve, usual = _model(args, platform)
    engines = {name: memory for provider in providers.providers for name, memory in provider.engine_memory.items()}
    engine = args.engine or usual
    if engine not in engines:
        return _stop(f"no engine is called {engine}; there are {', '.join(sorted(engines))}")
    unknown = missing(facts)
    if unknown and engines[engine].cache:
        return _stop(f"{', '.join(unknown)} of {args.model} are not known; add `facts:` to it")
    setup = Setup(
        facts=facts,
        precision=args.precision or facts.precision or USUAL,
        gpu=gpu("l4", 0.0),
        engine=engines[engine],
        context_tokens=args.context_tokens or serve.context_tokens,
        sequences=args.concurrency or serve.concurrency,
        utilization=serve.gpu_memory_utilization,
        cache_precision=args.kv_cache_precision or serve.kv_cache_precision,
    )
    offerings = [offer for provider in providers.providers if provider.offerings for offer in provider.offerings()]
    if args.pool:
        assert platform is not None
        pool = platform.gpu_pools.get(args.pool)
        if pool is None:
            return _stop(f"the file has no pool {args.pool}; it has {', '.join(sorted(platform.gpu_pools)) or 'none'}")
        offerings = [offer for offer in offerings if _may_start(pool, offer)]
    found = rows(
        setup,
        offerings,
        lambda size: divides(size, facts.attention_heads or 1, facts.kv_heads) and keeps_blocks(facts, size),
        _repository(args.model, platform),
    )
    region = args.region or (platform.cloud.region if platform is not None else "")
    price = _prices(providers.prices if compiled is None else _own_prices(compiled, args), region)
    found.sort(
        key=lambda row: (
            row.verdict not in ("fits", "tight"),
            row.verdict != "not_proven",
            _per_hour(row, price) or 1e9,
            row.offering.name,
        )
    )
    if not args.all_instances and not args.pool:
        found = [row for row in found if row.verdict in USABLE][:SHOWN]
    sys.stdout.write(
        _json(setup, found, price) if args.format == "json" else _text(args.model, setup, found, price, region)
    )
    return exit.OK


def _platform(args: argparse.Namespace, providers: ProviderSet) -> Compilation:
    """A compilation as far as the validated file. It need not compile: a model that does not fit is what the question may be about."""
    source = platform_input(args.file)
    c = Compilation(source.tree, source.file, args.env, args.as_of, providers)
    for step in (parse_source, choose_environment, validate_kinds):
        step(c)
        if c.document is not None:
            c.report.locate_with(c.document)
        if not c.report.ok:
            say(list(c.report), texts_of(c), args)
            raise Stop(exit.ERRORS)
    return c


def _own_prices(c: Compilation, args: argparse.Namespace) -> PriceTable:
    """The providers' prices, under those that the file names. Keys that nothing here needs are `platformspec cost`'s concern."""
    assert c.spec is not None
    assert c.document is not None
    built_in = c.providers.prices
    if c.spec.cost.prices is None:
        return built_in
    place = c.document.span(("cost", "prices"))
    table = read_prices(c.tree, c.file, c.spec.cost.prices, place, built_in, frozenset(), c.report)
    if table is None:
        say(list(c.report.errors), texts_of(c), args)
        raise Stop(exit.ERRORS)
    return table


def _model(args: argparse.Namespace, platform: PlatformSpec | None) -> tuple[ModelFacts, ServeSpec, str]:
    """Facts, how it is served, and the engine that serves it."""
    if platform is not None and args.model in platform.models:
        spec = platform.models[args.model]
        return facts_of(spec), spec.serve, spec.engine or USUAL_ENGINE
    known: Mapping[str, ModelFacts] = catalogue()
    if args.model in known:
        return known[args.model], ServeSpec(), USUAL_ENGINE
    near = closest(args.model, [*known, *(platform.models if platform is not None else ())])
    raise Stop(_stop(f"neither the file nor the catalogue has {args.model}{f'; did you mean {near}?' if near else ''}"))


def _repository(model: str, platform: PlatformSpec | None) -> str | None:
    """The catalogue's name of the model."""
    if platform is not None and model in platform.models:
        return repository_of(platform.models[model])
    return model


def _may_start(pool: GpuPoolSpec, offer: Offering) -> bool:
    return any(
        choice.accelerator == offer.accelerator
        and (offer.name in choice.instances if choice.instances else choice.gpus_per_node in (None, offer.gpus))
        for choice in pool.choices
    )


def _prices(table: PriceTable, region: str) -> Callable[[Offering], Price | None]:
    def price(offer: Offering) -> Price | None:
        return table.find(offer.price_key, region)

    return price


def _per_hour(row: Row, price: Callable[[Offering], Price | None]) -> float | None:
    """US dollars an hour for the devices of one replica: its part of the node."""
    found = price(row.offering)
    return found.usd * row.devices / row.offering.gpus if found is not None else None


def _text(model: str, setup: Setup, found: list[Row], price: Callable[[Offering], Price | None], region: str) -> str:
    lines = [
        f"{model}, weights in {setup.precision}, {number(setup.context_tokens)} tokens, {setup.engine.name}",
        "",
        f"{'node':<18}{'GPUs':<18}{'tensor':>6}  {'verdict':<10}{'need':>7}{'budget':>8}{'margin':>8}{'KV tokens':>12}{'$/h node':>10}{'$/h replica':>12}",
    ]
    sources: dict[str, str] = {}
    for row in found:
        if (paid := price(row.offering)) is not None:
            sources.setdefault(_source(paid, region), str(len(sources) + 1))
    for row in found:
        offer, result, paid = row.offering, row.estimate, price(row.offering)
        part = _per_hour(row, price)
        lines.append(
            f"{offer.name:<18}{f'{offer.gpus} x {offer.accelerator}':<18}{row.tensor:>6}  {WORDS[row.verdict]:<10}"
            f"{result.fixed + result.cache_one:>7.1f}{result.budget:>8.1f}{result.margin:>8.1f}"
            f"{number(result.tokens) if result.tokens is not None else '-':>12}"
            f"{f'{paid.usd:.3f}' if paid else '-':>10}{f'{part:.3f}' if part is not None else '-':>12}"
            f"{f'  [{sources[_source(paid, region)]}]' if paid and len(sources) > 1 else ''}"
        )
    if not found:
        lines.append("no node holds it")
    lines += ["", "GiB of one GPU, for one sequence of full length; docs/fit.md has the formulae."]
    if any(not row.estimate.proven for row in found):
        lines.append(
            "Neuron chips: GiB of one logical NeuronCore, weights and KV cache only. Not proven: what the compiler adds is known when it has compiled."
        )
    lines += [f"{f'[{mark}] ' if len(sources) > 1 else ''}Prices: {source}." for source, mark in sources.items()]
    return "\n".join(lines) + "\n"


def _source(price: Price, region: str) -> str:
    """Where a price is from, and whether it is another region's."""
    instead = "" if not region or price.holds_in(region) else f", where none of {region} is known"
    return f"{price.region}, {price.source.date}{instead} ({price.source.text})"


def _json(setup: Setup, found: list[Row], price: Callable[[Offering], Price | None]) -> str:
    def entry(row: Row) -> dict[str, Any]:
        result, paid = row.estimate, price(row.offering)
        names = ("budget", "weights", "activation", "graphs", "other", "cache_one", "cache_all", "room", "margin")
        return {
            "node": row.offering.name,
            "accelerator": row.offering.accelerator,
            "gpus": row.offering.gpus,
            "tensor_parallel": row.tensor,
            "verdict": row.verdict,
            "gib": {name: round(getattr(result, name), 3) for name in names},
            "kv_tokens": result.tokens,
            "price": None
            if paid is None
            else {
                "usd_per_hour": paid.usd,
                "region": paid.region,
                "source": paid.source.text,
                "date": paid.source.date,
            },
        }

    head = {"precision": setup.precision, "context_tokens": setup.context_tokens, "engine": setup.engine.name}
    return json.dumps({**head, "nodes": [entry(row) for row in found]}, indent=2) + "\n"


def _positive(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {LONGEST}")
    return int(text)


def _stop(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return exit.USAGE
