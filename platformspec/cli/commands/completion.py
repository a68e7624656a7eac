"""`platformspec completion SHELL`: a completion script."""

from __future__ import annotations

import argparse

from platformspec.cli import exit


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec completion bash > ~/.local/share/bash-completion/completions/platformspec\n"
        "  platformspec completion zsh > ~/.zfunc/_platformspec\n  platformspec completion fish > ~/.config/fish/completions/platformspec.fish"
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="your shell")


def run(args: argparse.Namespace) -> int:
    """Run it. The words come from the same parser that reads them."""
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell](_options()), end="")
    return exit.OK


def _options() -> dict[str, list[str]]:
    from platformspec.cli.main import parser_for

    parser = parser_for(None)
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return {
        name: sorted(o for a in sub._actions for o in a.option_strings if o.startswith("--"))
        for name, sub in action.choices.items()
    }


def _bash(options: dict[str, list[str]]) -> str:
    cases = "\n".join(f'    {name}) words="{" ".join(words)}" ;;' for name, words in options.items())
    return f"""_platformspec() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(options)} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}}
complete -F _platformspec platformspec
"""


def _zsh(options: dict[str, list[str]]) -> str:
    cases = "\n".join(f"    {name}) compadd -- {' '.join(words)}; _files ;;" for name, words in options.items())
    return f"""#compdef platformspec
_platformspec() {{
  if (( CURRENT == 2 )); then
    compadd -- {" ".join(options)} --help --version
    return
  fi
  case "${{words[2]}}" in
{cases}
  esac
}}
_platformspec "$@"
"""


def _fish(options: dict[str, list[str]]) -> str:
    lines = [f"complete -c platformspec -n __fish_use_subcommand -a {name}" for name in options]
    lines += [
        f"complete -c platformspec -n '__fish_seen_subcommand_from {name}' -l {word[2:]}"
        for name, words in options.items()
        for word in words
    ]
    return "\n".join(lines) + "\n"
