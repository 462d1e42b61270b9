"""`modelyard completion`"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option
from modelyard.domain.errors import InvalidInput

_BASH = """\
_modelyard() {
    local IFS=$'\\n'
    COMPREPLY=($(modelyard __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _modelyard modelyard
"""
_ZSH = """\
#compdef modelyard
_modelyard() {
    local -a found
    found=("${(@f)$(modelyard __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _modelyard modelyard
"""
_FISH = """\
complete -c modelyard -f -a '(modelyard __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_PLACES = {
    "bash": ".local/share/bash-completion/completions/modelyard",
    "zsh": ".zfunc/_modelyard",
    "fish": ".config/fish/completions/modelyard.fish",
}


def complete_shell(call: Call) -> Any:
    shell = call.args.shell or Path(os.environ.get("SHELL", "")).name
    if shell not in SCRIPTS:
        raise InvalidInput(f"There is no completion for '{shell}'.", field="shell", mend="one of bash, zsh, fish")
    if not call.args.install:
        print(SCRIPTS[shell], end="")
        return
    place = Path.home() / _PLACES[shell]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(SCRIPTS[shell], "utf-8")
    call.note(f"Written to {place}; it works in the next shell.")
    if shell == "zsh":
        call.note("Your .zshrc needs `fpath+=~/.zfunc` before `compinit`.")


ENTRIES = {
    "completion": Command(
        "completion",
        "Install completion in your shell.",
        complete_shell,
        (
            option("shell", help="bash, zsh or fish; the shell in use when left out.", nargs="?"),
            option("--install", help="Write it where the shell looks, instead of printing it.", action="store_true"),
        ),
        ("modelyard completion --install", "modelyard completion bash > modelyard.bash"),
    )
}
