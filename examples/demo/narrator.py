"""What the demo prints: numbered steps with their time, the command behind each, and a few facts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Narrator:
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str, command: str = "") -> Iterator[None]:
        """Print the step's title and, where there is one, the CLI line that does the same; keep its time."""
        self.console.print(f"\n[bold cyan]{len(self.seconds) + 1}[/]  [bold]{title}[/]")
        if command:
            self.console.print(f"   [dim]$ {command}[/]", markup=True)
        started = time.perf_counter()
        yield
        self.seconds[title] = time.perf_counter() - started
        self.console.print(f"   [dim]{self.seconds[title]:.1f} s[/]")

    def fact(self, name: str, value: object) -> None:
        self.console.print(f"   [green]{name:<12}[/] {value}")

    def log(self, line: str) -> None:
        self.console.print(f"   [dim]│[/] {line}", markup=True, emoji=False)

    def times(self) -> None:
        table = Table("step", "seconds", box=None, header_style="bold", padding=(0, 3, 0, 3))
        for title, seconds in self.seconds.items():
            table.add_row(title, f"{seconds:.1f}")
        table.add_row("[bold]all[/]", f"[bold]{sum(self.seconds.values()):.1f}[/]")
        self.console.print(table)

    def failure(self, text: str, mend: str) -> None:
        self.console.print(f"\n[bold red]The demo stopped:[/] {text}")
        self.console.print(f"[bold]What to do:[/] {mend}")
